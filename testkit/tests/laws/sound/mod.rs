//! Sound entities that use everything an entity can use: no law may call one broken.

mod awaiting;
mod chance;
mod extras;
mod guarded;
mod overflow;
mod parts;

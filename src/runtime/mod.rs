//! L4: a node. It owns the tasks, the shards and the way from an entity's address to its inbox; what happens
//! inside an entity is the engine's.

mod builder;
mod census;
mod host;
mod node;
mod registration;
mod registry;
mod shards;
mod spawn;

pub use builder::{NodeBuilder, StartError};
pub use node::{Node, Shutdown};

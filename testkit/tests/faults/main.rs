//! The storage that injects faults: without any it is the storage inside, and each fault does what it says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drawn;
mod fixture;
mod group;
mod history;
mod holding;
mod lost;
mod reads;
mod scripted;
mod transparent;

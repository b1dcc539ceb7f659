//! L3: what happens between a call and its answer. One task per active entity, in phases as files:
//! recovery, running (with deciding and persisting), stopping; and one task per lane.
//!
//! ```text
//!            +------------------------------ next call ---------------------------+
//!            v                                                                    |
//!  inbox -> recovery -> running: decide -> apply -> submit -> held -> released    |
//!            |             |                  |        ^                          |
//!            | failed      | ended            v        | settled                  |
//!            v             v                 lane -> storage                      |
//!        calls fail     stopping: settle what is in flight, drop the memory ------+
//! ```
//!
//! The engine never spawns; the runtime gives it its tasks.

mod held;
mod inbox;
mod keyed;
mod keys;
mod lane;
mod panics;
mod persist;
mod recovery;
mod running;
mod stopping;
mod tenure;

pub(crate) use inbox::Inbox;
pub(crate) use lane::{Entrance, Lanes};
pub(crate) use tenure::{Tenure, Tenures};

pub(crate) use lane::run as run_lane;

use crate::entity::{Definition, Envelope, Failure};
use crate::storage::JournalStorage;
use crate::vocabulary::{Clock, Limits, Random};
use running::Active;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Calls in their order.
type Calls<S> = VecDeque<Box<dyn Envelope<S>>>;

/// What all entities of one type at one node share.
pub(crate) struct Kind<S> {
    pub(crate) definition: Definition<S>,
    pub(crate) journal: Arc<dyn JournalStorage>,
    pub(crate) lanes: Lanes,
    pub(crate) tenures: Arc<dyn Tenures>,
    /// Bounds the recoveries at once; shared by all types of the node.
    pub(crate) recoveries: Arc<Semaphore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<Random>,
    pub(crate) limits: Arc<Limits>,
}

/// The life of an entity in memory: activations, one after the other, until nothing waits for it.
///
/// An activation that ends early leaves its calls to the next one, in order. When it returns, the inbox is
/// retired: it will take no call any more.
pub(crate) async fn run<S: Send + Sync + 'static>(kind: Arc<Kind<S>>, inbox: Arc<Inbox<S>>) {
    let mut calls = Calls::new();
    loop {
        // Boxed, so that an idle entity does not keep the space that only its recovery needed.
        match Box::pin(recovery::activate(&kind, &inbox)).await {
            Ok(recovered) => {
                let mut active = Active::new(&kind, &inbox, recovered);
                active.run(&mut calls).await;
            }
            Err(error) => {
                tracing::error!(entity = %inbox.id(), %error, "the entity could not be activated");
                inbox.take_all(&mut calls);
                for call in calls.drain(..) {
                    call.fail(Failure::from(error.clone()));
                }
            }
        }
        if calls.is_empty() && inbox.retire_if_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_an_idle_entity_stays_small() {
        // What is awaited while a command is handled is boxed; without that it was 3,300 bytes.
        assert!(future_bytes(run::<u64>) <= 1_100, "{} bytes", future_bytes(run::<u64>));
        assert!(size_of::<Inbox<u64>>() <= 200, "{} bytes", size_of::<Inbox<u64>>());
    }
}

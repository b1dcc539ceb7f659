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
//! `life` owns what comes after the end of an activation. The engine never spawns; the runtime gives it its
//! tasks.

mod alone;
mod erase;
mod held;
mod inbox;
mod keyed;
mod keys;
mod kind;
mod lane;
mod life;
mod observe;
mod panics;
mod persist;
mod recovery;
mod replay;
mod running;
mod snapshots;
mod stopping;
mod subscriptions;
mod tenure;
mod update;
mod waiting;

pub(crate) use inbox::{Inbox, Resident};
pub(crate) use kind::{Kind, Stores};
pub(crate) use lane::run as run_lane;
pub(crate) use lane::{Entrance, Lanes};
pub(crate) use life::run;
pub(crate) use observe::{Instruments, active_entities, describe_metrics};
pub(crate) use recovery::state_at;
pub(crate) use subscriptions::Subscriptions;
pub(crate) use tenure::{Tenure, Tenures};

use crate::entity::Envelope;
use std::collections::VecDeque;

/// Calls in their order.
type Calls<S> = VecDeque<Box<dyn Envelope<S>>>;

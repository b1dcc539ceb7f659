//! The durable state of an entity: a revision that only grows, and what was saved last.

use super::Difference;
use annals::storage::{StateChange, StoredState};
use annals::{Payload, Revision, Timestamp};

/// The state of an entity.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct State {
    /// How often it was saved or deleted; 0 if there never was one.
    revision: Revision,
    /// When that was last; not known of an erasure.
    written_at: Option<Timestamp>,
    /// None after a deletion.
    payload: Option<Payload>,
}

impl State {
    pub(in crate::model) fn revision(&self) -> Revision {
        self.revision
    }

    pub(in crate::model) fn is_saved(&self) -> bool {
        self.payload.is_some()
    }

    /// Changes it; the revision was checked.
    pub(super) fn change(&mut self, change: &StateChange, written_at: Timestamp) {
        let payload = match change {
            StateChange::Keep => return,
            StateChange::Save(payload) => Some(payload.clone()),
            StateChange::Delete => None,
        };
        *self = Self { revision: self.revision.next(), written_at: Some(written_at), payload };
    }

    /// The revision grows by one if there was ever a state; nothing else stays.
    pub(super) fn erase(&mut self) {
        if self.revision > Revision::ZERO {
            *self = Self { revision: self.revision.next(), written_at: None, payload: None };
        }
    }

    /// Whether a load may give this.
    pub(in crate::model) fn compare(&self, found: Option<&StoredState>) -> Result<(), Difference> {
        let same = match found {
            None => self.revision == Revision::ZERO,
            Some(found) => {
                self.revision > Revision::ZERO
                    && self.revision == found.revision
                    && self.payload == found.payload
                    && self.written_at.is_none_or(|at| at == found.written_at)
            }
        };
        if same { Ok(()) } else { Err(format!("the state is {found:?} instead of {self:?}")) }
    }
}

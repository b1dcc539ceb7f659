//! A bound on everything (G15).

use std::time::Duration;

/// The bounds of a node. Beyond each there is a typed error or back-pressure, never growth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many calls may wait in the mailbox of one entity. A further one is refused as overloaded.
    pub mailbox: usize,
    /// How many outcomes of one entity may wait for the confirmation of a write: how far it runs ahead of
    /// its storage. A further command waits in the mailbox.
    pub held_outcomes: usize,
    /// How many bytes of unconfirmed writes one entity may have, counted before each further command.
    pub held_bytes: usize,
    /// The largest encoded event (with its tags and metadata), state, snapshot or kept outcome, in bytes. A
    /// command that comes to more is not handled; a larger snapshot is left out.
    pub payload_bytes: usize,
    /// How many commands of one entity may wait until they are ready. A further one is refused as overloaded.
    pub waiting: usize,
    /// How long a handler that awaits may take if it has no deadline of its own.
    pub async_handler: Duration,
    /// How many entities may be active at once. For a further one the one that was used least recently leaves
    /// memory, if nothing of it is under way.
    pub active_entities: usize,
    /// How long a further one waits for a place before its calls are refused as overloaded.
    pub activation_wait: Duration,
    /// How many entities may wait for a place at once. The calls to a further one are refused as overloaded at
    /// once.
    pub waiting_activations: usize,
    /// How long an entity may be idle before it is passivated.
    pub idle: Duration,
    /// How many entities may be in recovery at once, and how many earlier states may be read at once. Further ones
    /// wait for their turn.
    pub recoveries: usize,
    /// How many writes one group may have.
    pub group_writes: usize,
    /// How many bytes of payload, tags and metadata one group may have, and so one write with all its events. A
    /// larger write is refused. Not below `payload_bytes`.
    pub group_bytes: usize,
    /// How many writes may wait in front of one lane. Beyond that the entities wait.
    pub lane_writes: usize,
    /// How many such bytes may be in front of one lane and in it. Beyond that the entities wait; a single
    /// larger write waits until it is alone. At most 4 GiB are counted.
    pub lane_bytes: usize,
    /// How long a lane retries a group that the storage was unavailable for, before its activations end.
    pub persist_retry: Duration,
    /// How many keys of one entity are kept in memory with their outcomes. Older ones are looked up in the
    /// storage.
    pub recent_keys: usize,
    /// How many bytes of keys and outcomes one entity keeps in memory for that.
    pub recent_key_bytes: usize,
    /// How long [`Node::shutdown`](crate::Node::shutdown) lets the entities finish.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mailbox: 4_096,
            held_outcomes: 2_048,
            held_bytes: 8 << 20,
            payload_bytes: 4 << 20,
            waiting: 256,
            async_handler: Duration::from_secs(30),
            active_entities: 1_000_000,
            activation_wait: Duration::from_secs(1),
            waiting_activations: 10_000,
            idle: Duration::from_secs(120),
            recoveries: 64,
            group_writes: 2_048,
            group_bytes: 8 << 20,
            lane_writes: 8_192,
            lane_bytes: 256 << 20,
            persist_retry: Duration::from_secs(10),
            recent_keys: 256,
            recent_key_bytes: 64 << 10,
            shutdown: Duration::from_secs(30),
        }
    }
}

/// A limit that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{name}` must be {must}, not {is}")]
pub struct InvalidLimit {
    name: &'static str,
    must: &'static str,
    is: String,
}

impl Limits {
    /// Checks every value.
    ///
    /// # Errors
    /// [`InvalidLimit`] names the first value that is out of its range.
    pub fn check(&self) -> Result<(), InvalidLimit> {
        let counts = [
            ("mailbox", self.mailbox),
            ("held_outcomes", self.held_outcomes),
            ("held_bytes", self.held_bytes),
            ("payload_bytes", self.payload_bytes),
            ("waiting", self.waiting),
            ("active_entities", self.active_entities),
            ("waiting_activations", self.waiting_activations),
            ("recoveries", self.recoveries),
            ("group_writes", self.group_writes),
            ("group_bytes", self.group_bytes),
            ("lane_writes", self.lane_writes),
            ("lane_bytes", self.lane_bytes),
        ];
        for (name, is) in counts {
            if is == 0 || is > MAX_COUNT {
                return Err(InvalidLimit { name, must: "from 1 to 2^60", is: is.to_string() });
            }
        }
        if self.group_bytes < self.payload_bytes {
            let is = self.group_bytes.to_string();
            return Err(InvalidLimit { name: "group_bytes", must: "at least `payload_bytes`", is });
        }
        if self.idle.is_zero() {
            return Err(InvalidLimit { name: "idle", must: "longer than nothing", is: "0".into() });
        }
        Ok(())
    }
}

/// What tokio's semaphores can count (`usize::MAX >> 3`), and more than any machine holds.
const MAX_COUNT: usize = 1 << 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_nothing_is_refused_by_name() {
        assert_eq!(Limits::default().check(), Ok(()));
        let error = Limits { mailbox: 0, ..Limits::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "the limit `mailbox` must be from 1 to 2^60, not 0");
        assert!(Limits { idle: Duration::ZERO, ..Limits::default() }.check().is_err());
    }
}

//! How much is measured.

/// The sizes of one run.
#[derive(Debug)]
pub(crate) struct Scale {
    /// How often each contestant works, beside one round that is not counted.
    pub(crate) rounds: usize,
    pub(crate) entities: usize,
    pub(crate) callers: usize,
    /// How many queries each caller makes in a round.
    pub(crate) queries: usize,
    /// How many commands each caller makes in a round.
    pub(crate) commands: usize,
    /// How many commands a caller makes in a round when it is the only one.
    pub(crate) lone_commands: usize,
    /// How many calls each caller makes in a round of a process of its own.
    pub(crate) observed_queries: usize,
    pub(crate) observed_commands: usize,
    /// How often an event is encoded and decoded in a round.
    pub(crate) codings: usize,
    /// The long history, in events.
    pub(crate) long_history: u64,
    /// The shorter one, whose replay must need as much memory.
    pub(crate) short_history: u64,
    /// How many entities with a few events each are recovered.
    pub(crate) recovered_entities: usize,
    /// How many events each of them has.
    pub(crate) events_each: u64,
    /// How many idle entities share the memory that is counted.
    pub(crate) idle_entities: usize,
}

impl Scale {
    pub(crate) const FULL: Self = Self {
        rounds: 5,
        entities: 1_000,
        callers: 1_000,
        queries: 2_000,
        commands: 100,
        lone_commands: 3_000,
        observed_queries: 500,
        observed_commands: 100,
        codings: 1_000_000,
        long_history: 1_000_000,
        short_history: 100_000,
        recovered_entities: 10_000,
        events_each: 10,
        idle_entities: 50_000,
    };

    pub(crate) const QUICK: Self = Self {
        rounds: 1,
        entities: 100,
        callers: 100,
        queries: 50,
        commands: 10,
        lone_commands: 50,
        observed_queries: 20,
        observed_commands: 10,
        codings: 1_000,
        long_history: 5_000,
        short_history: 1_000,
        recovered_entities: 200,
        events_each: 3,
        idle_entities: 1_000,
    };
}

//! Numbers that must not be mixed up, each as a type of its own.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// Before the first.
            pub const ZERO: Self = Self(0);
            /// The largest value that every backend can store: `i64::MAX`.
            pub const MAX: Self = Self(i64::MAX as u64);

            /// The value `number`.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The plain number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after this.
            ///
            /// # Panics
            /// Above `u64::MAX`, which no counter reaches.
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }

            /// The one that lies `count` after this, stopping at the largest.
            pub const fn plus(self, count: u64) -> Self {
                Self(self.0.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// The number of an event in the history of its persistence id: 1, 2, 3 ... without gap (G2).
    /// 0 stands for "no event yet".
    SequenceNr
}
number! {
    /// How often a durable state was saved or deleted. 0 stands for "never".
    Revision
}
number! {
    /// The number of a write within its activation: 1, 2, 3 ... without gap.
    WriteNr
}
number! {
    /// The fencing token of a shard: it grows with every change of owner (G3).
    Epoch
}
number! {
    /// The place of an event in the feed of its shard: it grows with every event of the shard.
    Position
}

/// One stay of an entity in memory, from its recovery to its end. Never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivationId(u128);

impl ActivationId {
    /// The activation `id`; whoever makes one up sees to it that it is new.
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The plain number.
    pub const fn get(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActivationId({:032x})", self.0)
    }
}

impl fmt::Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

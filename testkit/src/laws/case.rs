//! One case: a sequence of steps, and everything else that is drawn with it.

use super::step::{Step, Way};
use annals::{Codec, Entity, Key};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::fmt;

/// One case.
#[derive(Clone)]
pub(super) struct Case<S: Entity> {
    pub(super) steps: Vec<(Step<S>, Keying)>,
    pub(super) drawn: Drawn,
}

/// Whether a command has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keying {
    Without,
    With,
}

/// What is drawn beside the steps.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    /// With what everything is stored.
    pub(super) codec: Codec,
    /// At which event there is a snapshot.
    pub(super) cut: Index,
    /// In which group of writes the process dies.
    pub(super) crash_in: Index,
    /// How much of that group is stored.
    pub(super) stored: Index,
    pub(super) sending: Sending,
    /// Which keyed command is repeated.
    pub(super) repeated: Index,
}

impl Drawn {
    pub(super) fn strategy(codecs: Vec<Codec>) -> impl Strategy<Value = Self> {
        let sending = prop_oneof![Just(Sending::OneByOne), Just(Sending::AllAtOnce)];
        let index = any::<Index>;
        let drawn = (select(codecs), index(), index(), index(), sending, index());
        drawn.prop_map(|(codec, cut, crash_in, stored, sending, repeated)| Self {
            codec,
            cut,
            crash_in,
            stored,
            sending,
            repeated,
        })
    }
}

/// How the commands are sent before the crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// Each when the one before it is answered.
    OneByOne,
    /// All at once, in order.
    AllAtOnce,
}

impl<S: Entity> Case<S> {
    /// Draws cases of up to `most` steps.
    pub(super) fn strategy(
        step: BoxedStrategy<Step<S>>,
        most: usize,
        codecs: Vec<Codec>,
    ) -> impl Strategy<Value = Self> + use<S> {
        let keying = prop_oneof![Just(Keying::Without), Just(Keying::With)];
        (vec((step, keying), 0..=most), Drawn::strategy(codecs))
            .prop_map(|(steps, drawn)| Self { steps, drawn })
    }

    /// The case without one step, and with this drawn with it.
    pub(super) fn simpler(&self, without: usize, drawn: &Drawn) -> Self {
        let mut steps = self.steps.clone();
        steps.remove(without);
        Self { steps, drawn: drawn.clone() }
    }

    /// How step `at` is sent.
    pub(super) fn way(&self, at: usize, copied_by: Option<Codec>) -> Way {
        let (step, keying) = &self.steps[at];
        let has_key = *keying == Keying::With && step.takes_key();
        let key = has_key.then(|| Key::new(format!("key-{at}")).expect("a short text is a key"));
        Way { key, copied_by }
    }

    /// The steps that have a key.
    pub(super) fn keyed(&self) -> Vec<usize> {
        (0..self.steps.len()).filter(|at| self.way(*at, None).key.is_some()).collect()
    }

    /// The group of writes in which the process dies, from 1.
    pub(super) fn crash_in(&self) -> u64 {
        1 + self.drawn.crash_in.index(self.steps.len() + 1) as u64
    }

    /// How many writes of that group are stored.
    pub(super) fn stored(&self) -> usize {
        self.drawn.stored.index(self.steps.len() + 1)
    }

    /// The steps as they read.
    pub(super) fn steps(&self) -> Vec<String> {
        let text = |(at, (step, _)): (usize, &(Step<S>, Keying))| match self.way(at, None).key {
            Some(key) => format!("{step:?}, with the key {key}"),
            None => format!("{step:?}"),
        };
        self.steps.iter().enumerate().map(text).collect()
    }

    /// What was drawn, as it reads.
    pub(super) fn plan(&self) -> String {
        let sent = match self.drawn.sending {
            Sending::OneByOne => "sent one by one",
            Sending::AllAtOnce => "sent all at once",
        };
        let (codec, group, stored) = (self.drawn.codec, self.crash_in(), self.stored());
        format!("{codec}; {sent}, and the process dies in group {group} of writes with up to {stored} stored")
    }
}

impl<S: Entity> fmt::Debug for Case<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.steps()).finish()
    }
}

//! Given what happened to an entity, when it is called, then what comes of it: for one entity, in a plain test.
//!
//! A scenario needs no runtime, no storage and no set-up. It runs the entity in the real engine over memory, and
//! what a caller, the journal and a recovered entity see is what it shows.
//!
//! ```
//! use annals::{Effect, Event, EventSourced};
//! use annals_testkit::Scenario;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
//! pub struct Account { cents: u64 }
//!
//! #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
//! #[event(entity = Account)]
//! pub enum AccountEvent { Deposited { cents: u64 }, Withdrawn { cents: u64 } }
//!
//! impl EventSourced for Account {
//!     const ENTITY_TYPE: &'static str = "account";
//!     type Event = AccountEvent;
//!     fn apply(&mut self, event: &AccountEvent) {
//!         match event {
//!             AccountEvent::Deposited { cents } => self.cents += cents,
//!             AccountEvent::Withdrawn { cents } => self.cents -= cents,
//!         }
//!     }
//! }
//!
//! #[annals::commands]
//! impl Account {
//!     pub fn withdraw(&self, cents: u64) -> Effect<Self, u64, String> {
//!         if cents > self.cents {
//!             return Effect::reject(format!("{cents} of {}", self.cents));
//!         }
//!         Effect::persist(AccountEvent::Withdrawn { cents }).reply(|account| account.cents)
//!     }
//! }
//!
//! let mut account = Scenario::<Account>::given([AccountEvent::Deposited { cents: 50 }]);
//! account
//!     .when(|account| account.withdraw(20))
//!     .replies(30)
//!     .persists([AccountEvent::Withdrawn { cents: 20 }])
//!     .leaves(Account { cents: 30 });
//! account.when(|account| account.withdraw(31)).rejects("31 of 30".into()).persists([]);
//! ```
//!
//! # What every `when` checks
//!
//! - The command is sent as it decodes from its encoding, as it would arrive from another node.
//! - Events, reply or rejection, and state survive the entity's codec: what is decoded equals what was decided. A
//!   forgotten or wrong serde attribute is found here.
//! - The state in memory equals the state that the journal gives, and the state of the entity recovered in a new
//!   process. An `apply` that depends on anything but state and event is found here.
//!
//! What does not hold is a panic that names it. Everything is compared with `==`, so states, events, replies and
//! rejections are `Debug + PartialEq`.
//!
//! # What is under the test's control
//!
//! Time ([`EntityScenario::clock`], which stands still), random numbers and new ids ([`EntityScenario::seed`]), and the
//! storage ([`EntityScenario::next_write`]).

mod act;
mod journaled;
mod saved;
mod stage;
mod then;

pub use act::WriteFault;
pub use journaled::{Journaled, Stored};
pub use saved::Saved;
pub use then::{Then, ThenOf};

use crate::TestClock;
use annals::{Codec, Definition, Entity};
use stage::Stage;
use std::fmt;

/// One event-sourced entity, and what happens to it. See the [module](self).
pub type Scenario<S> = EntityScenario<S, Journaled<S>>;

/// One durable-state entity, and what happens to it. It checks at every call what a [`Scenario`] does.
pub type StateScenario<S> = EntityScenario<S, Saved<S>>;

/// One entity, and what happens to it: a [`Scenario`] or a [`StateScenario`].
pub struct EntityScenario<S: Entity, K> {
    stage: Stage<S>,
    kept: K,
}

impl<S: Entity, K> EntityScenario<S, K> {
    /// Gives the entity another id than `it`.
    ///
    /// # Panics
    /// When something happened in the scenario already; so do the others that set it up.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.stage.name(id);
        self
    }

    /// Random numbers, and the ids that [`Context::new_id`](annals::Context::new_id) makes, follow from the seed:
    /// the same seed and the same calls give the same ones, and no call gets those of another. It is 1 at first.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.stage.seed(seed);
        self
    }

    /// Stores with another codec than the entity's definition says.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.stage.configure(move |definition| definition.codec(codec));
        self
    }

    /// Hosts the entity as [`NodeBuilder::register_with`](annals::NodeBuilder::register_with) does in the program:
    /// with other policies than the entity's definition says.
    #[must_use]
    pub fn registered_with(
        mut self,
        configure: impl Fn(Definition<S>) -> Definition<S> + Send + Sync + 'static,
    ) -> Self {
        self.stage.configure(configure);
        self
    }

    /// Hosts entities of another type beside it, for handlers that ask them.
    #[must_use]
    pub fn hosting<T: Entity>(mut self) -> Self {
        self.stage.host::<T>();
        self
    }

    /// The clock that handlers see. It stands at 2025-01-01 until it is moved.
    pub fn clock(&self) -> &TestClock {
        self.stage.clock()
    }

    /// What the storage does to the next write. A call that writes nothing leaves it to the call after it.
    pub fn next_write(&mut self, fault: WriteFault) -> &mut Self {
        self.stage.next_write(fault);
        self
    }
}

impl<S: Entity, K> fmt::Debug for EntityScenario<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("id", &self.stage.id()).finish_non_exhaustive()
    }
}

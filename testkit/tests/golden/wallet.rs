//! A wallet, and code for wallets that was changed in ways that matter.

use annals::{Event, EventSourced, StateUpcasters, Upcasters};
use serde::{Deserialize, Serialize};

/// What makes an entity of a state and its events.
macro_rules! wallet {
    ($state:ident, $event:ident $(, version = $version:literal, $upcasters:expr)?) => {
        impl EventSourced for $state {
            const ENTITY_TYPE: &'static str = "wallet";
            $(
                const STATE_VERSION: u32 = $version;
                fn state_upcasters() -> StateUpcasters<Self> {
                    $upcasters
                }
            )?
            type Event = $event;
            fn apply(&mut self, _: &$event) {}
        }

        #[annals::commands]
        impl $state {
            pub(crate) fn exists(&self) -> bool {
                true
            }
        }
    };
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wallet {
    pub(crate) coins: u32,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Wallet)]
pub(crate) enum WalletEvent {
    Filled { coins: u32 },
    Emptied,
}

wallet!(Wallet, WalletEvent);

/// A field holds another kind of number; the state has one field more.
pub(crate) mod field {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Wallet {
        pub(crate) coins: u32,
        pub(crate) notes: u32,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet)]
    pub(crate) enum WalletEvent {
        Filled { coins: String },
        Emptied,
    }

    wallet!(Wallet, WalletEvent);
}

/// A field has another name, and the old one is left out when it is read.
pub(crate) mod renamed {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Wallet {
        #[serde(default)]
        pub(crate) pieces: u32,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet)]
    pub(crate) enum WalletEvent {
        Filled {
            #[serde(alias = "coins")]
            pieces: u32,
        },
        Emptied,
    }

    wallet!(Wallet, WalletEvent);
}

/// An event is gone.
pub(crate) mod removed {
    use super::*;

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet)]
    pub(crate) enum WalletEvent {
        Filled { coins: u32 },
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Wallet {
        pub(crate) coins: u32,
    }

    wallet!(Wallet, WalletEvent);
}

/// The next version: the money is in cents, and one event became two.
pub(crate) mod next {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Wallet {
        pub(crate) cents: u64,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet, upcasters = upcasters)]
    pub(crate) enum WalletEvent {
        #[event(version = 2)]
        Filled {
            cents: u64,
        },
        Touched,
    }

    fn upcasters() -> Upcasters<WalletEvent> {
        Upcasters::new()
            .events("filled", 1, |old: super::WalletEvent| match old {
                super::WalletEvent::Filled { coins } => {
                    vec![WalletEvent::Touched, WalletEvent::Filled { cents: u64::from(coins) * 100 }]
                }
                super::WalletEvent::Emptied => Vec::new(),
            })
            .dropped("emptied", 1)
    }

    wallet!(
        Wallet,
        WalletEvent,
        version = 2,
        StateUpcasters::new().from(1, |old: super::Wallet| Wallet { cents: u64::from(old.coins) * 100 })
    );
}

/// The next version without an upcaster, and with one that is off by a factor.
pub(crate) mod forgetful {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Wallet {
        pub(crate) cents: u64,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet, upcasters = upcasters)]
    pub(crate) enum WalletEvent {
        #[event(version = 2)]
        Filled {
            cents: u64,
        },
        Touched,
    }

    fn upcasters() -> Upcasters<WalletEvent> {
        Upcasters::new().event("filled", 1, |old: super::WalletEvent| match old {
            super::WalletEvent::Filled { coins } => WalletEvent::Filled { cents: coins.into() },
            super::WalletEvent::Emptied => WalletEvent::Touched,
        })
    }

    wallet!(Wallet, WalletEvent, version = 2, StateUpcasters::new());
}

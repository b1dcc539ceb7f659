//! One case: a name and a body.

use super::store::{Store, StoreUnderTest};
use crate::attempt::verdict_of;
use crate::report::Verdict;
use futures_util::future::BoxFuture;

/// A property of a store and the code that finds out about it.
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) ownership: Ownership,
    pub(super) body: for<'h> fn(Store<'h>) -> BoxFuture<'h, ()>,
}

/// Who owns the shards when a case starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    /// Nobody ever did.
    Nobody,
    /// The case, at [`EPOCH`](super::kit::EPOCH).
    Case,
}

impl Case {
    /// Runs the case on its own store.
    pub(super) async fn verdict(&self, under_test: Box<dyn StoreUnderTest + '_>) -> Verdict {
        let attempt = async {
            let store = Store::open(under_test, self.ownership).await;
            (self.body)(store).await;
        };
        verdict_of(attempt).await
    }
}

/// The cases of one file, as its function `cases`: `cases!("journal", Case; one_case, another_case)`.
macro_rules! cases {
    ($group:literal, $ownership:ident; $($name:ident),+ $(,)?) => {
        /// The cases of this file.
        pub(super) fn cases() -> Vec<$crate::conformance::case::Case> {
            vec![$($crate::conformance::case::Case {
                group: $group,
                name: stringify!($name),
                ownership: $crate::conformance::case::Ownership::$ownership,
                body: |store| Box::pin($name(store)),
            }),+]
        }
    };
}
pub(super) use cases;

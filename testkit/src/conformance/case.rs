//! One case: a name, a body, and what a panic or a hang in it comes to.

use super::Verdict;
use super::store::{Store, StoreUnderTest};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A case that takes longer failed: it hangs.
const TOO_LONG: Duration = Duration::from_secs(120);

/// A property of a store and the code that finds out about it.
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) ownership: Ownership,
    pub(super) body: for<'h> fn(Store<'h>) -> BoxFuture<'h, ()>,
}

/// Who owns the shards when a case starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
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
        match tokio::time::timeout(TOO_LONG, AssertUnwindSafe(attempt).catch_unwind()).await {
            Ok(Ok(())) => Verdict::Passed,
            Ok(Err(panic)) => Verdict::Failed(message(panic.as_ref())),
            Err(_) => Verdict::Failed(format!("it was not done after {} s", TOO_LONG.as_secs())),
        }
    }
}

pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked without a message".into())
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

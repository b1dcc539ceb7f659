//! One case: a name, a body, and the guarantee that it is of.

use super::engine::Engine;
use super::world::World;
use crate::attempt::verdict_of;
use crate::conformance::StoreUnderTest;
use crate::report::Verdict;
use futures_util::future::BoxFuture;

/// A facet of a guarantee, and the code that finds out about it.
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) body: for<'h> fn(World<'h>) -> BoxFuture<'h, ()>,
}

impl Case {
    /// Runs the case on a store of its own.
    pub(super) async fn verdict(&self, engine: &dyn Engine, store: Box<dyn StoreUnderTest + '_>) -> Verdict {
        verdict_of(async { (self.body)(World::open(engine, store).await).await }).await
    }
}

/// The cases of one file, as its function `cases`: `cases!("G1 ..."; one_case, another_case)`.
macro_rules! cases {
    ($group:literal; $($name:ident),+ $(,)?) => {
        /// The cases of this file.
        pub(super) fn cases() -> Vec<$crate::guarantees::case::Case> {
            vec![$($crate::guarantees::case::Case {
                group: $group,
                name: stringify!($name),
                body: |world| Box::pin($name(world)),
            }),+]
        }
    };
}
pub(super) use cases;

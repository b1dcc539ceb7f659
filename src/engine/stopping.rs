//! The end of an activation: what is in flight is settled, what is durable leaves, the rest fails honestly.

use super::Calls;
use super::inbox::Wanted;
use super::running::{Active, End};
use super::snapshots::SnapshotWork;
use crate::storage::StorageError;

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// Waits until every write of the activation is settled, lets out what is durable, and fails the rest. Gives
    /// the end back.
    pub(super) async fn stop(&mut self, end: End) -> End {
        let mut error = match &end {
            End::Quiet | End::Erased => return end,
            End::Broken(_) => None,
            End::Lost(error) => Some(error.clone()),
        };
        while self.settled < self.submitted.get() {
            let news = self.inbox.news(Wanted::settled(self.settled), &mut Calls::new()).await;
            if let Err(End::Lost(failed)) = self.confirm(&news) {
                error = Some(failed);
            }
        }
        if let Some(error) = error {
            let (settled, exit) = (self.inbox.settled(), self.exit());
            self.held.fail_rest(&settled, &error, exit);
        }
        // One that is being saved must not land behind what the next activation does.
        if let Some(SnapshotWork::Saving(_)) = self.snapshot.as_deref() {
            SnapshotWork::run(&mut self.snapshot).await;
        }
        end
    }
}

/// A task that ends other than through `stop` (user code panicked where nothing catches it, or its runtime was
/// stopped) may leave writes on their way. The next activation must not read before they are fenced.
impl<S> Drop for Active<'_, S> {
    fn drop(&mut self) {
        if self.inbox.settled().count < self.submitted.get() {
            let (store, reason) = ("engine".into(), "the entity's task ended with writes in flight".into());
            self.tenure.revoke(StorageError::Indeterminate { store, reason });
        }
    }
}

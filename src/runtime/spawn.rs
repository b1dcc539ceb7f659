//! The one home of spawning.

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Where a node's tasks run.
#[derive(Clone, Debug)]
pub(super) struct Spawner(Handle);

impl Spawner {
    /// The runtime that the caller runs on.
    pub(super) fn current() -> Self {
        Self(Handle::current())
    }

    #[expect(clippy::disallowed_methods, reason = "the one home of spawning")]
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.0.spawn(task).abort_handle()
    }
}

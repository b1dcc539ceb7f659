//! Many tasks that call many entities, one call after the other each.

use futures_util::future::BoxFuture;
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// How much is called in one go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) callers: usize,
    pub(crate) entities: usize,
    /// How many calls each caller makes.
    pub(crate) calls: usize,
}

impl Load {
    /// Which entity a caller calls next: always another one, and never all callers the same.
    fn entity(self, caller: usize, call: usize) -> usize {
        (caller + call * 617) % self.entities
    }

    pub(crate) fn total(self) -> f64 {
        (self.callers * self.calls) as f64
    }
}

/// Something that can be called. It is shared by all callers.
pub(crate) trait Callee: Send + Sync + 'static {
    /// Calls an entity and waits for the reply. The number of the call is unique within the caller.
    fn call(&self, entity: usize, caller: usize, call: usize) -> impl Future<Output = ()> + Send;
}

/// Where callers run.
pub(crate) trait Ground {
    fn spawn(&self, caller: usize, task: BoxFuture<'static, ()>);
}

/// A tokio runtime with a worker per core.
pub(crate) struct Tokio(Runtime);

impl Tokio {
    pub(crate) fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(cores()).enable_all().build().expect("a runtime starts"))
    }

    pub(crate) fn wait<T>(&self, task: impl Future<Output = T>) -> T {
        self.0.block_on(task)
    }
}

impl Ground for Tokio {
    #[expect(clippy::disallowed_methods, reason = "the callers' tasks are not the framework's")]
    fn spawn(&self, _: usize, task: BoxFuture<'static, ()>) {
        self.0.handle().spawn(task);
    }
}

/// How many processors there are.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Lets all callers call; gives the calls per second.
pub(crate) fn calls_per_second(ground: &impl Ground, callee: &Arc<impl Callee>, load: Load) -> f64 {
    let started = Instant::now();
    let (done, all_done) = mpsc::channel();
    for caller in 0..load.callers {
        let (callee, done) = (callee.clone(), done.clone());
        let task = async move {
            for call in 0..load.calls {
                callee.call(load.entity(caller, call), caller, call).await;
            }
            done.send(()).expect("someone waits for the callers");
        };
        ground.spawn(caller, Box::pin(task));
    }
    drop(done);
    assert_eq!(all_done.iter().count(), load.callers, "a caller failed");
    load.total() / started.elapsed().as_secs_f64()
}

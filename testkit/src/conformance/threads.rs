//! Real concurrency for races: futures on threads of their own, started at once.

use futures_util::future::BoxFuture;
use std::panic::resume_unwind;
use std::sync::{Arc, Barrier};
use std::thread::{Builder, JoinHandle};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Runs both, each on a thread of its own, and gives what they came to.
pub(super) async fn both<A: Send + 'static, B: Send + 'static>(
    one: BoxFuture<'static, A>,
    other: BoxFuture<'static, B>,
) -> (A, B) {
    let barrier = Arc::new(Barrier::new(2));
    let (one, other) = (start(one, barrier.clone()), start(other, barrier));
    (one.end().await, other.end().await)
}

/// A running thread; whoever started it waits for its end.
struct Running<T> {
    done: oneshot::Receiver<()>,
    thread: JoinHandle<T>,
}

fn start<T: Send + 'static>(future: BoxFuture<'static, T>, barrier: Arc<Barrier>) -> Running<T> {
    let (ending, done) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let body = move || {
        let _at_the_end = ending;
        barrier.wait();
        runtime.block_on(future)
    };
    let thread = Builder::new().name("race".into()).spawn(body).expect("a thread can be started");
    Running { done, thread }
}

impl<T> Running<T> {
    async fn end(self) -> T {
        // The sender is dropped at the thread's end, also by a panic; then joining does not block.
        let _ = self.done.await;
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

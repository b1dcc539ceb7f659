//! What waits for a thread. Unlike that of a channel, room in it is never promised to a caller who may not be
//! asking any more: a stream that rests holds up nobody, and closing needs no room.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How much may wait; beyond that the callers wait.
const WAITING: usize = 1_024;

/// A bounded queue between asynchronous callers and threads.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// Callers who found no room, by their arrival. All are woken when there is some, because some may not come.
    callers: BTreeMap<u64, Waker>,
    next_caller: u64,
    closed: bool,
}

/// A place among those who wait for room.
struct Caller<'q, T> {
    queue: &'q Queue<T>,
    number: u64,
}

impl<T> Drop for Caller<'_, T> {
    fn drop(&mut self) {
        self.queue.state().callers.remove(&self.number);
    }
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let (waiting, callers) = (VecDeque::new(), BTreeMap::new());
        let state = State { waiting, callers, next_caller: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it holds the queue, so a poisoned one is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `item` at the end, if there is room now and the queue is open.
    pub(crate) fn try_push(&self, item: T) -> bool {
        let mut state = self.state();
        let fits = !state.closed && state.waiting.len() < WAITING;
        if fits {
            state.waiting.push_back(item);
            drop(state);
            self.changed.notify_one();
        }
        fits
    }

    /// Puts `item` at the end, as soon as there is room; false if the queue is closed.
    pub(crate) async fn push(&self, item: T) -> bool {
        let caller = {
            let mut state = self.state();
            state.next_caller += 1;
            Caller { queue: self, number: state.next_caller }
        };
        let mut item = Some(item);
        poll_fn(|cx| self.poll_push(&caller, &mut item, cx)).await
    }

    fn poll_push(&self, caller: &Caller<'_, T>, item: &mut Option<T>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.state();
        if state.closed {
            return Poll::Ready(false);
        }
        if state.waiting.len() >= WAITING {
            state.callers.insert(caller.number, cx.waker().clone());
            return Poll::Pending;
        }
        state.waiting.extend(item.take());
        drop(state);
        self.changed.notify_one();
        Poll::Ready(true)
    }

    /// The next item, if one waits.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.take(self.state())
    }

    /// The next item, once there is one; none if there is none and the queue is closed.
    pub(crate) fn pop(&self) -> Option<T> {
        let idle = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        self.take(state)
    }

    fn take(&self, mut state: MutexGuard<'_, State<T>>) -> Option<T> {
        let item = state.waiting.pop_front();
        // Not for every place that falls free: each time everyone is woken.
        let woken = if state.waiting.len() <= WAITING / 2 {
            std::mem::take(&mut state.callers)
        } else {
            BTreeMap::new()
        };
        drop(state);
        woken.into_values().for_each(Waker::wake);
        item
    }

    /// Nothing more is taken; what waits already is still given out.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let woken = std::mem::take(&mut state.callers);
        drop(state);
        self.changed.notify_all();
        woken.into_values().for_each(Waker::wake);
    }

    /// Whether all that waits is the last.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_caller_that_is_woken_and_does_not_come_holds_up_nobody() {
        let queue = Queue::new();
        for n in 0..WAITING {
            assert!(queue.push(n).await);
        }
        let mut resting: Vec<_> = (0..2 * WAITING).map(|n| Box::pin(queue.push(n))).collect();
        assert!(resting.iter_mut().all(|push| push.now_or_never().is_none()));
        for n in 0..WAITING {
            assert_eq!(queue.try_pop(), Some(n));
        }
        for n in 0..WAITING {
            assert_eq!(queue.push(n).now_or_never(), Some(true));
        }
        queue.close();
        assert_eq!(queue.push(0).now_or_never(), Some(false));
        assert!(!resting.pop().unwrap().await);
        assert_eq!((0..WAITING).map_while(|_| queue.pop()).count(), WAITING);
        assert_eq!(queue.pop(), None);
        drop(resting);
        assert!(queue.state().callers.is_empty());
    }
}

//! Commands that are not ready: they step aside, bounded and in order, and are tried again after each change of
//! the state.

use super::Calls;
use super::keyed::Keyed;
use super::keys::Known;
use super::panics::catch;
use super::running::{Active, End, Handled};
use crate::entity::{Envelope, Failure, Mode, NotHandled, Overloaded};

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// The next call: a waiting one if a change made it ready, otherwise the next of `calls`.
    pub(super) fn next_call(&mut self, calls: &mut Calls<S>) -> Option<Box<dyn Envelope<S>>> {
        self.waited_at = None;
        if std::mem::take(&mut self.changed) && !self.waiting.is_empty() {
            let (state, keys) = (&self.state, &self.keys);
            let is_repetition = |call: &dyn Envelope<S>| {
                matches!(call.key().map(|key| keys.find(key)), Some(Known::Recent(_)))
            };
            // A guard that panics is asked again where that is handled.
            let is_ready = |call: &dyn Envelope<S>| catch(|| call.ready(state)) != Ok(false);
            let ready = self.waiting.iter().position(|call| is_repetition(&**call) || is_ready(&**call));
            if let Some(call) = ready.and_then(|at| self.waiting.remove(at)) {
                self.waited_at = ready;
                // There may be more.
                self.changed = true;
                return Some(call);
            }
        }
        calls.pop_front()
    }

    /// Puts the call in hand back where it came from.
    pub(super) fn put_back(&mut self, call: Box<dyn Envelope<S>>, calls: &mut Calls<S>) {
        match self.waited_at {
            Some(at) => self.waiting.insert(at, call),
            None => calls.push_front(call),
        }
    }

    /// Decides a command, or lets it wait.
    pub(super) fn handle_if_ready(
        &mut self,
        call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
    ) -> Result<Handled<S>, End> {
        match catch(|| call.ready(&self.state)) {
            Ok(true) => match call.mode() {
                Mode::Direct | Mode::Inspect => self.decide(call, keyed).map(|()| Handled::Done),
                Mode::Awaited | Mode::Erase => Ok(Handled::Alone(call, keyed)),
            },
            Ok(false) => {
                self.wait(call);
                Ok(Handled::Done)
            }
            Err(message) => self.broken(call, message).map(|()| Handled::Done),
        }
    }

    fn wait(&mut self, call: Box<dyn Envelope<S>>) {
        if let Some(at) = self.waited_at {
            // The guard has just said of this very state that it is ready: it is not pure. They are asked again
            // after the next change; now they would be asked for ever.
            self.waiting.insert(at, call);
            self.changed = false;
            return;
        }
        let limit = self.kind.limits.waiting;
        if self.waiting.len() < limit {
            self.waiting.push_back(call);
            return;
        }
        let id = self.inbox.id().clone();
        self.fail(call, Failure::Overloaded(Overloaded::Waiting { id, limit }));
    }

    /// The node shuts down: nothing will make them ready any more.
    pub(super) fn refuse_waiting(&mut self) {
        for call in std::mem::take(&mut self.waiting) {
            self.refuse(call, NotHandled::ShutDown);
        }
    }
}

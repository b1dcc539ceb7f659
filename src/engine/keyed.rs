//! Commands with a key (G6): a repetition gets the first outcome, and a key that is not in memory is looked up
//! in the storage before anything is decided.

use super::Calls;
use super::held::{HeldAnswer, Seen};
use super::keys::Known;
use super::kind::Kind;
use super::panics::catch;
use super::running::{Active, End, Handled};
use crate::entity::{EntityKind, Envelope, Failure, NotHandled};
use crate::storage::{KeyedOutcome, Outcome, StorageError};
use crate::vocabulary::{CommandDigest, Key, PersistenceId, WriteNr};

/// The key of a command, and what tells the command from others with that key.
pub(super) struct Keyed {
    pub(super) key: Key,
    pub(super) digest: CommandDigest,
}

/// What the storage told of keys that this activation does not remember. It is good for one batch of calls:
/// within it no write is confirmed, so no key that it uses leaves the window, which is asked first.
pub(super) type LookedUp = Vec<(Key, Option<KeyedOutcome>)>;

/// What is kept for a key, with the write of this activation that carries it.
enum Found {
    Known(Option<(Option<WriteNr>, KeyedOutcome)>),
    AskStorage,
}

impl<S: Send + Sync + 'static> Active<'_, S> {
    pub(super) fn handle_keyed(
        &mut self,
        call: Box<dyn Envelope<S>>,
        key: Key,
        looked_up: &LookedUp,
    ) -> Result<Handled<S>, End> {
        let (id, command) = (self.inbox.id(), call.command());
        if self.kind.definition.kind == EntityKind::Ephemeral {
            self.refuse(call, NotHandled::KeyNotKept { id: id.clone(), command });
            return Ok(Handled::Done);
        }
        let digest = match catch(|| call.digest()) {
            Ok(Ok(digest)) => digest,
            Ok(Err(error)) => {
                self.refuse(call, NotHandled::Unencodable { id: id.clone(), command, error });
                return Ok(Handled::Done);
            }
            Err(message) => {
                self.refuse(call, NotHandled::Panicked { id: id.clone(), command, message });
                return Ok(Handled::Done);
            }
        };
        match self.find(&key, looked_up) {
            Found::AskStorage => return Ok(Handled::AskStorage(call, key)),
            Found::Known(None) => return self.handle_if_ready(call, Some(Keyed { key, digest })),
            Found::Known(Some((write, kept))) if kept.command == digest => {
                self.repeat(call, write, kept.outcome)
            }
            Found::Known(Some(_)) => {
                let id = self.inbox.id().clone();
                self.fail(call, Failure::KeyReused { id, key });
            }
        }
        Ok(Handled::Done)
    }

    /// What is kept for a key: first among the recent ones (those in flight are there too), then among what
    /// the storage told before.
    fn find(&self, key: &Key, looked_up: &LookedUp) -> Found {
        match self.keys.find(key) {
            Known::Recent(recent) => Found::Known(Some((Some(recent.write), recent.kept.clone()))),
            Known::Never => Found::Known(None),
            Known::AskStorage => match looked_up.iter().find(|(known, _)| known == key) {
                Some((_, kept)) => Found::Known(kept.clone().map(|kept| (None, kept))),
                None => Found::AskStorage,
            },
        }
    }

    /// A key that only the storage knows, and those of the calls behind that will need it too: they are
    /// looked up together.
    pub(super) fn keys_to_look_up(&self, key: Key, behind: &Calls<S>) -> Vec<Key> {
        let mut keys = vec![key];
        for next in behind.iter().filter_map(|call| call.key()) {
            if matches!(self.keys.find(next), Known::AskStorage) && !keys.contains(next) {
                keys.push(next.clone());
            }
        }
        keys
    }

    /// Answers a command that was handled before; if its write is in flight, together with it.
    fn repeat(&mut self, call: Box<dyn Envelope<S>>, write: Option<WriteNr>, outcome: Outcome) {
        let bytes = outcome.payload.bytes().len();
        self.hold(write, bytes, HeldAnswer::Kept(call, Box::new(outcome)), Seen::nothing());
    }
}

/// Asks the storage for the outcomes of some keys.
pub(super) async fn look_up<S>(
    kind: &Kind<S>,
    id: &PersistenceId,
    keys: Vec<Key>,
) -> Result<LookedUp, StorageError> {
    let outcomes = kind.stores.writes.outcomes(id, &keys).await?;
    if outcomes.len() != keys.len() {
        let reason = format!("the backend gave {} outcomes for {} keys", outcomes.len(), keys.len()).into();
        return Err(StorageError::Unavailable { store: "backend".into(), reason });
    }
    Ok(keys.into_iter().zip(outcomes).collect())
}

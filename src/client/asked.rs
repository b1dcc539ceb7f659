//! The box that carries a call through its entity.

use super::call::{Rejection, Reply};
use crate::entity::{
    Answer, CallError, Changes, Command, Context, Envelope, Failure, Handler, Outcome as _, Unknown,
};
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{Codec, CodecError, CommandDigest, Key, Manifest, Payload};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

/// Commands are told apart by this encoding, whatever codec the entity stores with: a change of codec must
/// not make a repetition look like another command.
const DIGEST_CODEC: Codec = Codec::MessagePack;

type Slot<S, C> = oneshot::Sender<Result<Reply<S, C>, CallError<Rejection<S, C>>>>;

/// A call, from its command to its answer.
pub(super) struct Asked<S: Handler<C>, C: Command> {
    stage: Stage<S, C>,
    key: Option<Key>,
    /// Where the caller waits; none for a told command.
    slot: Option<Slot<S, C>>,
}

enum Stage<S: Handler<C>, C: Command> {
    Command(C),
    Decided(Answer<S, Reply<S, C>, Rejection<S, C>>),
    Settled(Result<Reply<S, C>, Rejection<S, C>>),
    /// Something panicked between two stages.
    Broken,
}

impl<S: Handler<C>, C: Command> Asked<S, C> {
    pub(super) fn boxed(command: C, key: Option<Key>, slot: Option<Slot<S, C>>) -> Box<dyn Envelope<S>> {
        Box::new(Self { stage: Stage::Command(command), key, slot })
    }

    fn answer(self, answer: Result<Reply<S, C>, CallError<Rejection<S, C>>>) {
        if let Some(slot) = self.slot {
            // A caller that went away does not want it.
            let _ = slot.send(answer);
        }
    }
}

impl<S: Handler<C>, C: Command> Envelope<S> for Asked<S, C> {
    fn command(&self) -> &'static str {
        C::NAME
    }

    fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    fn digest(&self) -> Result<CommandDigest, CodecError> {
        let Stage::Command(command) = &self.stage else {
            unreachable!("a command is digested before it is decided")
        };
        Ok(CommandDigest::of(C::NAME, &DIGEST_CODEC.encode(command)?))
    }

    fn decide(&mut self, state: &S, ctx: &Context<S>) -> Changes<S> {
        let Stage::Command(command) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            unreachable!("a command is decided once")
        };
        let effect = state.handle(command, ctx).into_effect();
        self.stage = Stage::Decided(effect.answer);
        effect.changes
    }

    fn settle(&mut self, state: &S) {
        let Stage::Decided(answer) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            unreachable!("an answer is settled once, after it was decided")
        };
        self.stage = Stage::Settled(match answer {
            Answer::Value(reply) => Ok(reply),
            Answer::Reply(reply) => Ok(reply(state)),
            Answer::Rejection(rejection) => Err(rejection),
        });
    }

    fn kept(&self, codec: Codec) -> Result<Outcome, CodecError> {
        let Stage::Settled(answer) = &self.stage else {
            unreachable!("an outcome is kept after it was settled")
        };
        let (kind, bytes) = match answer {
            Ok(reply) => (OutcomeKind::Reply, readable(codec, reply)?),
            Err(rejection) => (OutcomeKind::Rejection, readable(codec, rejection)?),
        };
        Ok(Outcome { kind, payload: Payload::seal(Manifest::new(C::NAME, 1), codec.id(), bytes) })
    }

    fn release(mut self: Box<Self>) {
        let Stage::Settled(answer) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            unreachable!("an answer is released after it was settled")
        };
        self.answer(answer.map_err(CallError::Rejected));
    }

    fn release_kept(self: Box<Self>, outcome: &Outcome) {
        let answer = match outcome.kind {
            OutcomeKind::Reply => read(&outcome.payload).map(Ok),
            OutcomeKind::Rejection => {
                read(&outcome.payload).map(|rejection| Err(CallError::Rejected(rejection)))
            }
        };
        self.answer(answer.unwrap_or_else(|failure| Err(failure.into())));
    }

    fn fail(self: Box<Self>, failure: Failure) {
        if self.slot.is_none() {
            tracing::warn!(command = C::NAME, ?failure, "a told command failed");
        }
        self.answer(Err(failure.into()));
    }
}

/// Encodes an outcome, and sees to it that it can be given again.
fn readable<T: serde::Serialize + DeserializeOwned>(codec: Codec, value: &T) -> Result<Vec<u8>, CodecError> {
    let bytes = codec.encode(value)?;
    codec.decode::<T>(&bytes)?;
    Ok(bytes)
}

fn read<T: serde::Serialize + DeserializeOwned>(payload: &Payload) -> Result<T, Failure> {
    let unreadable = |reason: &dyn std::fmt::Display| {
        Failure::Unknown(Unknown::Unreadable(format!("{}: {reason}", payload.manifest()).into()))
    };
    payload.verify().map_err(|error| unreadable(&error))?;
    let codec = Codec::from_id(payload.codec()).map_err(|error| unreadable(&error))?;
    codec.decode(payload.bytes()).map_err(|error| unreadable(&error))
}

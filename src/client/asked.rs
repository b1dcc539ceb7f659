//! The box that carries a call through its entity.

use super::call::{Rejection, Reply};
use super::handled::Handled;
use crate::entity::{
    Answer, CallError, Command, Context, Decided, Effect, Envelope, Failure, Keeping, Mode, Outcome as _,
    Unknown,
};
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{Codec, CodecError, CommandDigest, Key, Manifest, Name, Payload, SealingError};
use futures_util::future::{BoxFuture, FutureExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::oneshot;

/// Commands are told apart by this encoding, whatever codec the entity stores with: a change of codec must
/// not make a repetition look like another command.
const DIGEST_CODEC: Codec = Codec::MessagePack;

type Answered<S, C, H> = Result<Reply<S, C, H>, CallError<Rejection<S, C, H>>>;
type Slot<S, C, H> = oneshot::Sender<Answered<S, C, H>>;

/// A call, from its command to its answer.
pub(super) struct Asked<S, C, H: Handled<S, C>> {
    stage: Stage<S, C, H>,
    key: Option<Key>,
    /// Where the caller waits; none for a told command.
    slot: Option<Slot<S, C, H>>,
}

enum Stage<S, C, H: Handled<S, C>> {
    Command(C),
    Decided(Answer<S, Reply<S, C, H>, Rejection<S, C, H>>),
    Settled(Result<Reply<S, C, H>, Rejection<S, C, H>>),
    /// Something panicked or was dropped between two stages.
    Broken,
}

impl<S: Send + Sync + 'static, C: Command, H: Handled<S, C>> Asked<S, C, H> {
    pub(super) fn boxed(command: C, key: Option<Key>, slot: Option<Slot<S, C, H>>) -> Box<dyn Envelope<S>> {
        Box::new(Self { stage: Stage::Command(command), key, slot })
    }

    fn command_ref(&self) -> &C {
        match &self.stage {
            Stage::Command(command) => command,
            _ => unreachable!("a command is looked at before it is decided"),
        }
    }

    fn take_command(&mut self) -> C {
        match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Command(command) => command,
            _ => unreachable!("a command is decided once"),
        }
    }

    fn decided(&mut self, effect: Effect<S, Reply<S, C, H>, Rejection<S, C, H>>) -> Decided<S> {
        self.stage = Stage::Decided(effect.answer);
        Decided { changes: effect.changes, extras: effect.extras }
    }

    fn answer(self, answer: Answered<S, C, H>) {
        if let Some(slot) = self.slot {
            // A caller that went away does not want it.
            let _ = slot.send(answer);
        }
    }
}

impl<S: Send + Sync + 'static, C: Command, H: Handled<S, C>> Envelope<S> for Asked<S, C, H> {
    fn command(&self) -> Name {
        Name::from_static(C::NAME)
    }

    fn mode(&self) -> Mode {
        if H::AWAITS { Mode::Awaited } else { Mode::Direct }
    }

    fn deadline(&self) -> Option<Duration> {
        H::deadline()
    }

    fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    fn digest(&self) -> Result<CommandDigest, CodecError> {
        Ok(CommandDigest::of(C::NAME, &DIGEST_CODEC.encode(self.command_ref())?))
    }

    fn ready(&self, state: &S) -> bool {
        H::ready(state, self.command_ref())
    }

    fn decide(&mut self, state: &S, ctx: &Context<S>) -> Decided<S> {
        let command = self.take_command();
        self.decided(H::decide(state, command, ctx).into_effect())
    }

    fn decide_awaited<'a>(&'a mut self, state: &'a S, ctx: &'a Context<S>) -> BoxFuture<'a, Decided<S>> {
        let command = self.take_command();
        H::decide_awaited(state, command, ctx).map(|output| self.decided(output.into_effect())).boxed()
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

    fn outcome(&self) -> OutcomeKind {
        match &self.stage {
            Stage::Settled(Ok(_)) => OutcomeKind::Reply,
            Stage::Settled(Err(_)) => OutcomeKind::Rejection,
            _ => unreachable!("an outcome is looked at after it was settled"),
        }
    }

    fn kept(&self, keeping: Keeping<'_>) -> Result<Outcome, SealingError> {
        let Stage::Settled(answer) = &self.stage else {
            unreachable!("an outcome is kept after it was settled")
        };
        let (kind, payload) = match answer {
            Ok(reply) => (OutcomeKind::Reply, keep::<C, _>(keeping, reply)?),
            Err(rejection) => (OutcomeKind::Rejection, keep::<C, _>(keeping, rejection)?),
        };
        Ok(Outcome { kind, payload })
    }

    fn release(mut self: Box<Self>) {
        let Stage::Settled(answer) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            unreachable!("an answer is released after it was settled")
        };
        self.answer(answer.map_err(CallError::Rejected));
    }

    fn release_kept(self: Box<Self>, outcome: &Outcome, keeping: Keeping<'_>) {
        let answer = match outcome.kind {
            OutcomeKind::Reply => read(keeping, &outcome.payload).map(Ok),
            OutcomeKind::Rejection => {
                read(keeping, &outcome.payload).map(|rejection| Err(CallError::Rejected(rejection)))
            }
        };
        self.answer(answer.unwrap_or_else(|failure| Err(failure.into())));
    }

    fn fail(self: Box<Self>, failure: Failure) {
        let failure = match failure {
            // What the handler did outside has happened.
            Failure::NotHandled(why) if H::AWAITS && !matches!(self.stage, Stage::Command(_)) => {
                Failure::Unknown(Unknown::NotStored(why))
            }
            failure => failure,
        };
        if self.slot.is_none() {
            tracing::warn!(command = C::NAME, ?failure, "a told command failed");
        }
        self.answer(Err(failure.into()));
    }
}

/// Encodes an outcome, and sees to it that it can be given again.
fn keep<C: Command, T: Serialize + DeserializeOwned + 'static>(
    keeping: Keeping<'_>,
    value: &T,
) -> Result<Payload, SealingError> {
    let manifest = Manifest::new(C::NAME, 1);
    Ok(keeping.sealer.seal_and_read_back(keeping.id, manifest, value)?.0)
}

fn read<T: Serialize + DeserializeOwned>(keeping: Keeping<'_>, payload: &Payload) -> Result<T, Failure> {
    keeping.sealer.open(keeping.id, payload).map_err(|reason| {
        Failure::Unknown(Unknown::Unreadable(format!("{}: {reason}", payload.manifest()).into()))
    })
}

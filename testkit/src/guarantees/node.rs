//! The engine of Annals itself under test: a [`Node`] that hosts accounts.

use super::account::{Account, Command, Decision, Overdrawn, Query, Said, Then};
use super::engine::{Answer, Engine, EventsBehind, Running, Settings, SnapshotRule};
use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use annals::{
    Backoff, CallError, Context, Definition, Effect, Entity, EntityRef, Handler, Limits, Never, Node,
    Snapshots, StartError,
};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// Nodes of Annals. With it the suite is the last proof of a storage backend.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeEngine;

#[async_trait]
impl Engine for NodeEngine {
    async fn start(
        &self,
        storage: Arc<dyn StorageProvider>,
        settings: Settings,
    ) -> Result<Box<dyn Running>, StartError> {
        let mut limits = Limits::default();
        (limits.persist_retry, limits.recent_keys) = (Duration::ZERO, settings.recent_keys);
        let node = Node::builder(Shared(storage)).limits(limits);
        let node = node.register_with::<Account>(|definition| with(definition, settings)).start().await?;
        Ok(Box::new(RunningNode(node)))
    }
}

fn with(definition: Definition<Account>, settings: Settings) -> Definition<Account> {
    let moment = Duration::from_micros(1);
    let definition = definition.restart_backoff(Backoff::new(moment, moment));
    match settings.snapshots {
        None => definition,
        Some(SnapshotRule { every, keep, events: EventsBehind::Kept }) => {
            definition.snapshots(Snapshots::every(every).keep(keep))
        }
        Some(SnapshotRule { every, keep, events: EventsBehind::Deleted }) => {
            definition.snapshots(Snapshots::every(every).keep(keep).delete_events())
        }
    }
}

struct RunningNode(Node);

#[async_trait]
impl Running for RunningNode {
    fn command(&self, account: &str, command: Command, key: Option<&str>) -> BoxFuture<'static, Answer> {
        let call = self.0.entity::<Account>(account).ask(command);
        match key {
            Some(key) => call.key(key).into_future().boxed(),
            None => call.into_future().boxed(),
        }
    }

    fn query(&self, account: &str, query: Query) -> BoxFuture<'static, Answer> {
        let call = self.0.entity::<Account>(account).ask(query);
        call.into_future().map(|answer| answer.map_err(widened)).boxed()
    }

    async fn stop(self: Box<Self>) {
        self.0.shutdown().await;
    }

    /// Its tasks wait for the dead storage until their runtime ends, as nobody can see.
    fn crash(self: Box<Self>) {}
}

/// The error of a query, which cannot be rejected, as that of a command.
fn widened(error: CallError<Never>) -> CallError<Overdrawn> {
    match error {
        CallError::Rejected(never) => match never {},
        CallError::NotHandled(why) => CallError::NotHandled(why),
        CallError::Unknown(why) => CallError::Unknown(why),
        CallError::Overloaded(bound) => CallError::Overloaded(bound),
        CallError::Incompatible(error) => CallError::Incompatible(error),
        CallError::KeyReused { id, key } => CallError::KeyReused { id, key },
        other => unreachable!("a way to fail that this suite does not know: {other}"),
    }
}

impl annals::Command for Command {
    const NAME: &'static str = "command";
}

impl annals::Command for Query {
    const NAME: &'static str = "query";
}

impl Handler<Command> for Account {
    type Output = Effect<Self, i64, Overdrawn>;

    fn handle(&self, command: Command, _: &Context<Self>) -> Self::Output {
        let Decision { events, said, then } = self.decide(&command);
        let effect = if events.is_empty() { Effect::none() } else { Effect::persist_all(events) };
        let effect = match said {
            Said::Rejected(overdrawn) => effect.reply(|account: &Self| account.total).and_reject(overdrawn),
            Said::Total => effect.reply(|account: &Self| account.total),
            Said::Panics => effect.reply(|_: &Self| panic!("the reply panics")),
        };
        match then {
            Then::Stays => effect,
            Then::Leaves => effect.passivate(),
        }
    }
}

impl Handler<Query> for Account {
    type Output = i64;

    fn handle(&self, query: Query, _: &Context<Self>) -> i64 {
        self.answer(query)
    }
}

impl Entity for Account {
    type Ref = EntityRef<Self>;

    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Command>().command::<Query>()
    }
}

/// A provider that is shared, as one of its own.
struct Shared(Arc<dyn StorageProvider>);

impl StorageProvider for Shared {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn lanes(&self) -> NonZeroUsize {
        self.0.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        self.0.max_payload_bytes()
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        self.0.writes()
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        self.0.journal()
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.0.snapshots()
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.0.states()
    }
}

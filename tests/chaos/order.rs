//! Whom a caller calls, and what it orders.

use super::entities::{Card, Log, Refused};
use annals::{CallError, EntityId, Node, PersistenceId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::time::Duration;

pub(crate) type Answer = Result<Vec<u64>, CallError<Refused>>;

/// An entity that is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Log(&'static str),
    Card(&'static str),
}

impl Target {
    pub(crate) const ALL: [Self; 3] = [Self::Log("a"), Self::Log("b"), Self::Card("c")];

    pub(crate) fn id(&self) -> PersistenceId {
        let (entity_type, id) = match self {
            Self::Log(id) => ("log", id),
            Self::Card(id) => ("card", id),
        };
        PersistenceId::new(entity_type, EntityId::new(*id).unwrap()).unwrap()
    }

    pub(crate) async fn seen(&self, node: &Node) -> Result<Vec<u64>, CallError> {
        match self {
            Self::Log(id) => node.entity::<Log>(id).seen().await,
            Self::Card(id) => node.entity::<Card>(id).seen().await,
        }
    }

    pub(crate) async fn erase(&self, node: &Node) -> Result<(), CallError> {
        match self {
            Self::Log(id) => node.erase::<Log>(id).await,
            Self::Card(id) => node.erase::<Card>(id).await,
        }
    }
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Add,
    AddTwo,
    AddIfEven,
    AddAndLeave,
    AddAndKeep,
    AddLater,
    Touch,
    Delete,
    Panic,
}

impl Kind {
    pub(crate) fn draw(target: &Target, number: u64) -> Self {
        let kinds: &[Self] = match target {
            Target::Log(_) => &[
                Self::Add,
                Self::Add,
                Self::AddTwo,
                Self::AddIfEven,
                Self::AddAndLeave,
                Self::AddAndKeep,
                Self::AddLater,
                Self::Touch,
                Self::Panic,
            ],
            Target::Card(_) => &[
                Self::Add,
                Self::Add,
                Self::Add,
                Self::AddIfEven,
                Self::AddAndLeave,
                Self::AddLater,
                Self::Touch,
                Self::Delete,
                Self::Panic,
            ],
        };
        kinds[(number % kinds.len() as u64) as usize]
    }

    /// Whether its acknowledgement tells of a write of its own.
    pub(crate) fn adds(self) -> bool {
        !matches!(self, Self::Touch | Self::Delete | Self::Panic)
    }
}

/// A command, sent once or more often.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) op: u64,
    pub(crate) target: Target,
    pub(crate) kind: Kind,
    pub(crate) keyed: bool,
}

impl Order {
    pub(crate) fn call(&self, node: &Node, timeout: Option<Duration>) -> BoxFuture<'static, Answer> {
        let op = self.op;
        macro_rules! call {
            ($call:expr) => {{
                let mut call = $call;
                if self.keyed {
                    call = call.key(format!("op{op}"));
                }
                if let Some(timeout) = timeout {
                    call = call.timeout(timeout);
                }
                call.into_future().boxed()
            }};
        }
        match &self.target {
            Target::Log(id) => {
                let log = node.entity::<Log>(id);
                match self.kind {
                    Kind::Add | Kind::Delete => call!(log.add(op)),
                    Kind::AddTwo => call!(log.add_two(op)),
                    Kind::AddIfEven => call!(log.add_if_even(op)),
                    Kind::AddAndLeave => call!(log.add_and_leave(op)),
                    Kind::AddAndKeep => call!(log.add_and_keep(op)),
                    Kind::AddLater => call!(log.add_later(op)),
                    Kind::Touch => call!(log.touch(op)),
                    Kind::Panic => call!(log.panic(op)),
                }
            }
            Target::Card(id) => {
                let card = node.entity::<Card>(id);
                match self.kind {
                    Kind::Add | Kind::AddTwo | Kind::AddAndKeep => call!(card.add(op)),
                    Kind::AddIfEven => call!(card.add_if_even(op)),
                    Kind::AddAndLeave => call!(card.add_and_leave(op)),
                    Kind::AddLater => call!(card.add_later(op)),
                    Kind::Touch => call!(card.touch(op)),
                    Kind::Delete => call!(card.delete(op)),
                    Kind::Panic => call!(card.panic(op)),
                }
            }
        }
    }

    pub(crate) async fn tell(&self, node: &Node) -> Result<(), CallError> {
        match &self.target {
            Target::Log(id) => node.entity::<Log>(id).add(self.op).tell().await,
            Target::Card(id) => node.entity::<Card>(id).add(self.op).tell().await,
        }
    }
}

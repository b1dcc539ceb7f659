//! One step of a sequence: a command, a query, or time that passes.

use super::answer::{Answer, Plain};
use annals::__testing::{nowhere, resent};
use annals::{Call, Changing, Codec, Command, Entity, Handled, Key, Rejection, Reply};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One step of a sequence that laws are checked with: what a strategy draws.
pub struct Step<S: Entity>(Kind<S>);

enum Kind<S: Entity> {
    Command(Arc<dyn Sent<S>>),
    Query(Arc<dyn Sent<S>>),
    Pass(Duration),
}

impl<S: Entity> Clone for Step<S> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Command(sent) => Kind::Command(sent.clone()),
            Kind::Query(sent) => Kind::Query(sent.clone()),
            Kind::Pass(time) => Kind::Pass(*time),
        })
    }
}

/// How a step is sent.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) key: Option<Key>,
    /// Sent as it decodes from this encoding.
    pub(super) copied_by: Option<Codec>,
}

impl<S: Entity> Step<S> {
    /// The command that `call` makes a call of. It is made several times: with a key and without, and in
    /// several lives of the entity. It may be a command of the entity itself or of one of its parts.
    pub fn of<P, C, H>(call: impl Fn(&S::Ref) -> Call<P, C, H> + Send + Sync + 'static) -> Self
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
        H::Output: Changing,
        Reply<P, C, H>: Plain,
        Rejection<P, C, H>: Plain,
    {
        let keyed = |call: Call<P, C, H>, key: Key| call.key(key);
        Self(Kind::Command(Arc::new(Made { call, keyed })))
    }

    /// The same for a query.
    pub fn query<P, C, H>(call: impl Fn(&S::Ref) -> Call<P, C, H> + Send + Sync + 'static) -> Self
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
        Reply<P, C, H>: Plain,
        Rejection<P, C, H>: Plain,
    {
        let keyed = |call: Call<P, C, H>, _: Key| call;
        Self(Kind::Query(Arc::new(Made { call, keyed })))
    }

    /// Lets time pass on the clock that handlers see.
    pub fn passes(time: Duration) -> Self {
        Self(Kind::Pass(time))
    }

    pub(super) fn takes_key(&self) -> bool {
        matches!(self.0, Kind::Command(_))
    }

    /// How much time passes, if it is that.
    pub(super) fn time(&self) -> Option<Duration> {
        match self.0 {
            Kind::Pass(time) => Some(time),
            Kind::Command(_) | Kind::Query(_) => None,
        }
    }

    /// Makes the call; it is sent at the first poll.
    pub(super) fn send(&self, to: &S::Ref, way: &Way) -> BoxFuture<'static, Answer> {
        match &self.0 {
            Kind::Command(sent) | Kind::Query(sent) => sent.send(to, way),
            Kind::Pass(_) => futures_util::future::ready(Answer::None).boxed(),
        }
    }
}

impl<S: Entity> fmt::Debug for Step<S> {
    /// The command's name and its fields, as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Command(sent) | Kind::Query(sent) => f.write_str(&sent.describe()),
            Kind::Pass(time) => write!(f, "{time:?} pass"),
        }
    }
}

trait Sent<S: Entity>: Send + Sync {
    fn describe(&self) -> String;
    fn send(&self, to: &S::Ref, way: &Way) -> BoxFuture<'static, Answer>;
}

/// Gives a call a key.
type Keyed<P, C, H> = fn(Call<P, C, H>, Key) -> Call<P, C, H>;

/// What makes a call, and what gives it a key.
struct Made<F, P, C, H> {
    call: F,
    keyed: Keyed<P, C, H>,
}

impl<S, P, C, H, F> Sent<S> for Made<F, P, C, H>
where
    S: Entity,
    P: Send + Sync + 'static,
    C: Command,
    H: Handled<P, C>,
    Reply<P, C, H>: Plain,
    Rejection<P, C, H>: Plain,
    F: Fn(&S::Ref) -> Call<P, C, H> + Send + Sync,
{
    fn describe(&self) -> String {
        let call = (self.call)(&S::Ref::from(nowhere::<S>()));
        let fields =
            Codec::Json.encode(call.command()).map(|json| String::from_utf8_lossy(&json).into_owned());
        match fields.as_deref() {
            Ok("{}" | "null") => C::NAME.into(),
            Ok(fields) => format!("{} {fields}", C::NAME),
            Err(_) => format!("{} (its fields are no JSON)", C::NAME),
        }
    }

    fn send(&self, to: &S::Ref, way: &Way) -> BoxFuture<'static, Answer> {
        let call = (self.call)(to);
        let call = match way.copied_by.map_or(Ok(call), |codec| resent((self.call)(to), codec)) {
            Ok(call) => call,
            Err(error) => {
                let lost = Answer::Failed(format!("the command does not survive its encoding: {error}"));
                return futures_util::future::ready(lost).boxed();
            }
        };
        let call = match &way.key {
            Some(key) => (self.keyed)(call, key.clone()),
            None => call,
        };
        call.into_future().map(Answer::of).boxed()
    }
}

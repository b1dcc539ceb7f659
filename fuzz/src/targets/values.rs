//! Types whose values use every part of serde's model that all codecs know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

/// A type that payloads are opened as.
pub(crate) trait Value: Serialize + DeserializeOwned + Debug + 'static {
    /// Whether a codec may refuse to hold this value or to read it back: JSON has no infinite numbers, and lists of
    /// elements without bytes are bounded by the bytes around them.
    fn is_at_a_limit(&self) -> bool {
        false
    }
}

/// An event as users write them, and more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Change {
    Opened,
    Renamed(String),
    Moved(i8, u16),
    Paid { cents: u64, memo: Option<String>, at: i64 },
    Listed(Vec<Item>),
    Mapped(BTreeMap<String, BTreeMap<u32, bool>>),
    Measured { exact: f64, rough: f32 },
    Counted { large: i128, larger: u128, pair: [u16; 3] },
    Marked(char, (), Marker),
    Reached(IpAddr),
    Both(Box<Change>, Box<Change>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    name: String,
    count: u32,
    #[serde(default)]
    parts: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Marker;

/// The smallest type that nests without end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tree(Vec<Tree>);

/// Elements that take no byte.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Units {
    units: Vec<()>,
    more: Option<Box<Units>>,
}

/// A state: fields that may be missing, in codecs that describe themselves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct State {
    sum: i64,
    names: Vec<String>,
    scores: BTreeMap<i16, f64>,
    newest: Option<Box<State>>,
}

impl Value for Change {
    fn is_at_a_limit(&self) -> bool {
        match self {
            Self::Measured { exact, rough } => !exact.is_finite() || !rough.is_finite(),
            Self::Both(one, other) => one.is_at_a_limit() || other.is_at_a_limit(),
            _ => false,
        }
    }
}

impl Value for Tree {}

impl Value for Units {
    fn is_at_a_limit(&self) -> bool {
        self.units.len() > 4_000 || self.more.as_ref().is_some_and(|more| more.is_at_a_limit())
    }
}

impl Value for State {
    fn is_at_a_limit(&self) -> bool {
        self.scores.values().any(|score| !score.is_finite())
            || self.newest.as_ref().is_some_and(|newest| newest.is_at_a_limit())
    }
}

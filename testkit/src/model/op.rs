//! The operations of a run. They name what they mean by its place ("one below the highest number"), not by
//! its value: so each of them still means something when others before it are left out.

use std::fmt;

/// One of the entities of a run, by its place in the cast.
pub(super) type EntityNr = usize;

/// One operation.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Writes sent at once; those of one lane are a group.
    Append(Vec<Draft>),
    /// Writes sent at once, and a crash before they are answered.
    AppendAndCrash(Vec<Draft>),
    /// Another activation takes a writer's place.
    Activate {
        entity: EntityNr,
        writer: usize,
    },
    Read {
        entity: EntityNr,
        from: Spot,
        to: Spot,
        limit: u64,
    },
    Extent {
        entity: EntityNr,
    },
    DeleteTo {
        entity: EntityNr,
        epoch: Owner,
        to: Spot,
    },
    Erase {
        entity: EntityNr,
        epoch: Owner,
    },
    /// Looks up keys, by their numbers.
    Outcomes {
        entity: EntityNr,
        keys: Vec<u64>,
    },
    LoadState {
        entity: EntityNr,
    },
    SaveSnapshot {
        entity: EntityNr,
        epoch: Owner,
        at: Spot,
        taken_at: i64,
        content: Content,
        outcomes: u64,
    },
    LoadSnapshot {
        entity: EntityNr,
        bounds: Bounds,
    },
    ListSnapshots {
        entity: EntityNr,
        bounds: Bounds,
    },
    DeleteSnapshots {
        entity: EntityNr,
        epoch: Owner,
        bounds: Bounds,
    },
    /// Raises the epochs of these entities' shards.
    Raise(Vec<(EntityNr, Raise)>),
    /// Reads the epochs of all entities' shards.
    Epochs,
    /// Names of the type of an entity.
    Manifests {
        entity: EntityNr,
    },
    Reopen,
    Crash,
}

/// A write to be.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) entity: EntityNr,
    pub(super) writer: usize,
    pub(super) number: Number,
    pub(super) epoch: Owner,
    pub(super) expected: Expected,
    pub(super) what: What,
    pub(super) key: Option<DraftKey>,
    pub(super) side_effect: Option<u64>,
}

/// What a write changes.
#[derive(Debug, Clone)]
pub(super) enum What {
    Events(Vec<Content>),
    Save(Content),
    Delete,
    Keep,
}

/// What a payload holds.
#[derive(Clone, Copy)]
pub(super) struct Content {
    /// Which name and version.
    pub(super) name: u64,
    /// Which bytes, tags and metadata.
    pub(super) seed: u64,
    pub(super) size: Size,
}

/// How many bytes a payload has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Bytes(usize),
    /// One more than the storage takes.
    TooLarge,
}

/// Which write number a write comes with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Next,
    /// That of a stored write of this activation, and the same write: so many before the last.
    Again(usize),
    /// A stored write of an activation that was replaced since.
    AgainFromEarlier(usize),
    Gap,
    Zero,
    Highest,
}

/// With which epoch a call comes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    Current,
    /// One less.
    Before,
    /// One more.
    Ahead,
    Nobody,
}

/// Which number a write expects.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    Right,
    TooLow,
    TooHigh,
    /// Above the largest signed number.
    Wild,
}

/// Which key a write has.
#[derive(Debug, Clone, Copy)]
pub(super) enum DraftKey {
    New {
        rejection: bool,
    },
    /// One that was used before, if there is one.
    Used(u64),
}

/// A sequence number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    FromStart(u64),
    /// So many below the highest number.
    BelowHighest(u64),
    AboveHighest(u64),
    /// Above the largest signed number.
    Wild,
}

/// Bounds of snapshots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) numbers: Option<(u64, u64)>,
    pub(super) times: Option<(i64, i64)>,
}

/// To which epoch a shard is raised.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raise {
    By(u64),
    NotAtAll,
    Lower,
    AboveAll,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            Size::Bytes(bytes) => write!(f, "{bytes} B"),
            Size::TooLarge => f.write_str("too large"),
        }
    }
}

impl fmt::Debug for Draft {
    /// What it writes, and of the rest only what is not as usual.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to entity {} by writer {}", self.what, self.entity, self.writer)?;
        if let Some(key) = self.key {
            write!(f, ", key {key:?}")?;
        }
        if !matches!(self.number, Number::Next) {
            write!(f, ", write number {:?}", self.number)?;
        }
        if !matches!(self.epoch, Owner::Current) {
            write!(f, ", epoch {:?}", self.epoch)?;
        }
        if !matches!(self.expected, Expected::Right) {
            write!(f, ", expected number {:?}", self.expected)?;
        }
        if self.side_effect.is_some() {
            f.write_str(", with a side effect")?;
        }
        Ok(())
    }
}

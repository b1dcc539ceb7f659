//! Who an entity is: its type and its id, kept apart so that `a:b` + `c` never meets `a` + `b:c`.

use super::Name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The longest entity id and the longest entity type name, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 512;

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// It has no characters.
    #[error("an {what} must not be empty")]
    Empty {
        /// Which kind of id.
        what: &'static str,
    },
    /// It is longer than [`MAX_ID_BYTES`].
    #[error("an {what} of {bytes} bytes is longer than {MAX_ID_BYTES}: {start:?}...")]
    TooLong {
        /// Which kind of id.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
        /// Its first characters.
        start: String,
    },
    /// It holds a NUL character, which not every storage can keep.
    #[error("an {what} must not hold a NUL character: {id:?}")]
    Nul {
        /// Which kind of id.
        what: &'static str,
        /// The text.
        id: String,
    },
}

fn check(what: &'static str, id: &str) -> Result<(), InvalidId> {
    if id.is_empty() {
        return Err(InvalidId::Empty { what });
    }
    if id.len() > MAX_ID_BYTES {
        return Err(InvalidId::TooLong { what, bytes: id.len(), start: id.chars().take(32).collect() });
    }
    if id.contains('\0') {
        return Err(InvalidId::Nul { what, id: id.into() });
    }
    Ok(())
}

/// The id of an entity within its type: 1 to [`MAX_ID_BYTES`] bytes of any text without NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(Arc<str>);

impl EntityId {
    /// Checks the text and keeps it.
    ///
    /// # Errors
    /// [`InvalidId`] when it is empty, too long, or holds a NUL.
    pub fn new(id: impl Into<Arc<str>>) -> Result<Self, InvalidId> {
        let id = id.into();
        check("entity id", &id)?;
        Ok(Self(id))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whose history or state it is: entity type and entity id. Cheap to clone; compared by content.
#[derive(Clone)]
pub struct PersistenceId(Arc<Parts>);

struct Parts {
    entity_type: Name,
    entity_id: EntityId,
}

impl PersistenceId {
    /// The entity `entity_id` of the type named `entity_type`.
    ///
    /// # Errors
    /// [`InvalidId`] when the type's name is empty, too long, or holds a NUL.
    pub fn new(entity_type: impl Into<Name>, entity_id: EntityId) -> Result<Self, InvalidId> {
        let entity_type = entity_type.into();
        check("entity type", &entity_type)?;
        Ok(Self(Arc::new(Parts { entity_type, entity_id })))
    }

    /// The stable name of the entity's type.
    pub fn entity_type(&self) -> &Name {
        &self.0.entity_type
    }

    /// The entity's id within its type.
    pub fn entity_id(&self) -> &EntityId {
        &self.0.entity_id
    }
}

impl PartialEq for PersistenceId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.entity_id == other.0.entity_id && self.0.entity_type == other.0.entity_type)
    }
}
impl Eq for PersistenceId {}
impl PartialOrd for PersistenceId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for PersistenceId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.0.entity_type, &self.0.entity_id).cmp(&(&other.0.entity_type, &other.0.entity_id))
    }
}
impl Hash for PersistenceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.entity_type.hash(state);
        self.0.entity_id.hash(state);
    }
}
impl fmt::Debug for PersistenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.0.entity_type, self.0.entity_id)
    }
}
impl fmt::Display for PersistenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.entity_type, self.0.entity_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(entity_type: &'static str, entity_id: &str) -> PersistenceId {
        PersistenceId::new(entity_type, EntityId::new(entity_id).unwrap()).unwrap()
    }

    #[test]
    fn type_and_id_do_not_run_together() {
        assert_ne!(id("a:b", "c"), id("a", "b:c"));
        assert_eq!(id("a", "b"), id("a", "b"));
    }

    #[test]
    fn absurd_ids_are_refused_and_named() {
        assert!(EntityId::new("").unwrap_err().to_string().contains("empty"));
        assert!(EntityId::new("x".repeat(513)).unwrap_err().to_string().contains("513"));
        assert!(EntityId::new("a\0b").unwrap_err().to_string().contains("NUL"));
        assert!(EntityId::new("ü".repeat(256)).is_ok());
        assert!(PersistenceId::new("", EntityId::new("x").unwrap()).is_err());
    }
}

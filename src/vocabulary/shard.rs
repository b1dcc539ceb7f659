//! Entity to shard: a pure, stable hash. Changing it would move entities away from their epochs, so it is
//! pinned by golden values.

use super::PersistenceId;
use std::fmt;
use xxhash_rust::xxh3::Xxh3;

/// How many shards a store has. Few, because every group of writes updates the row of each shard that it
/// touches.
pub const SHARDS: u16 = 256;

/// One of the [`SHARDS`] parts of a store; ownership, epochs and feed positions are kept per shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(u16);

impl ShardId {
    /// The shard of an entity: XXH3-64, seed 0, over the type's UTF-8, one NUL, the id's UTF-8, modulo
    /// [`SHARDS`]. Neither part can hold a NUL, so two different ids never hash the same text.
    pub fn of(id: &PersistenceId) -> Self {
        let mut hash = Xxh3::new();
        hash.update(id.entity_type().as_bytes());
        hash.update(&[0]);
        hash.update(id.entity_id().as_str().as_bytes());
        Self((hash.digest() % u64::from(SHARDS)) as u16)
    }

    /// The shard `number`, if there is one.
    pub const fn new(number: u16) -> Option<Self> {
        if number < SHARDS { Some(Self(number)) } else { None }
    }

    /// The plain number, below [`SHARDS`].
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Every shard, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::EntityId;

    fn shard(entity_type: &'static str, id: &str) -> u16 {
        ShardId::of(&PersistenceId::new(entity_type, EntityId::new(id).unwrap()).unwrap()).get()
    }

    #[test]
    fn the_shard_of_an_entity_never_changes() {
        let golden = [
            shard("account", "alice"),
            shard("account", "bob"),
            shard("cart", "alice"),
            shard("konto", "grün"),
            shard("a:b", "c"),
            shard("a", "b:c"),
        ];
        assert_eq!(golden, [167, 160, 225, 185, 52, 88]);
    }

    #[test]
    fn ten_thousand_entities_spread_over_all_shards() {
        let mut filled = vec![0u32; usize::from(SHARDS)];
        for n in 0..10_000 {
            filled[usize::from(shard("account", &n.to_string()))] += 1;
        }
        assert!(filled.iter().all(|&n| n > 10 && n < 90), "{filled:?}");
    }
}

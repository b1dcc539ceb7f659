//! The entities of a run: some share a shard, some differ only in their type or in case.

use annals::{EntityId, Key, PersistenceId, ShardId};

/// How many there are.
pub(super) const SIZE: usize = 6;

/// All entities that may take part.
pub(super) fn cast() -> [PersistenceId; SIZE] {
    let first = id("thing", "a");
    let shard = ShardId::of(&first);
    let numbered = (0..).map(|n| id("thing", &format!("n{n}")));
    let mut same_shard = numbered.filter(|id| ShardId::of(id) == shard);
    let mut neighbour = || same_shard.next().expect("every shard has entities without end");
    [first, neighbour(), id("thing", "A"), id("other", "a"), neighbour(), id("thing", "ä|'%_")]
}

fn id(entity_type: &str, entity_id: &str) -> PersistenceId {
    let entity_id = EntityId::new(entity_id).expect("it is short and not empty");
    PersistenceId::new(entity_type.to_owned(), entity_id).expect("it is short and not empty")
}

/// The keys of an entity: some differ at their end only.
pub(super) fn key(number: u64) -> Key {
    let text = match number % 3 {
        0 => format!("k{number}"),
        1 => format!("{}{number}", "long".repeat(20)),
        _ => format!("K{}", number - 2),
    };
    Key::new(text).expect("it is short and not empty")
}

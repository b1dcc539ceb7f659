//! The writer's bounded memory of heads: no SELECT per write, and one UPSERT per entity and group.

use crate::error::Fault;
use crate::head::Head;
use annals::PersistenceId;
use rusqlite::Connection;
use std::collections::HashMap;

/// Heads that were used lately, and those that changed in the open transaction.
#[derive(Debug)]
pub(crate) struct Heads {
    slots: Vec<Slot>,
    index: HashMap<PersistenceId, usize>,
    changed: Vec<usize>,
    capacity: usize,
    /// Where the search for a slot to give away goes on: second chance, as in the CLOCK algorithm
    /// (Corbato, 1968).
    hand: usize,
}

#[derive(Debug)]
struct Slot {
    id: PersistenceId,
    head: Head,
    changed: bool,
    used: bool,
}

impl Heads {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: Vec::new(), index: HashMap::new(), changed: Vec::new(), capacity, hand: 0 }
    }

    /// Where the head of `id` is, loaded if need be. The place is good until the next call.
    pub(crate) fn find(&mut self, conn: &Connection, id: &PersistenceId) -> Result<usize, Fault> {
        if let Some(&at) = self.index.get(id) {
            self.slots[at].used = true;
            return Ok(at);
        }
        let head = Head::load(conn, id)?.unwrap_or(Head::BLANK);
        Ok(self.insert(Slot { id: id.clone(), head, changed: false, used: true }))
    }

    pub(crate) fn get(&self, at: usize) -> &Head {
        &self.slots[at].head
    }

    /// Puts a changed head in the place of the old one; [`flush`](Self::flush) stores it.
    pub(crate) fn put(&mut self, at: usize, head: Head) {
        let slot = &mut self.slots[at];
        slot.head = head;
        if !slot.changed {
            slot.changed = true;
            self.changed.push(at);
        }
    }

    /// Stores the changed heads, in the order of the table, so that each page is touched once.
    pub(crate) fn flush(&mut self, conn: &Connection) -> Result<(), rusqlite::Error> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable_by_key(|&at| self.slots[at].head.entity);
        for &at in &changed {
            self.slots[at].head.store(conn)?;
            self.slots[at].changed = false;
        }
        changed.clear();
        self.changed = changed;
        Ok(())
    }

    fn insert(&mut self, slot: Slot) -> usize {
        let at = match self.vacate() {
            Some(at) => at,
            None => self.slots.len(),
        };
        self.index.insert(slot.id.clone(), at);
        if at == self.slots.len() {
            self.slots.push(slot);
        } else {
            self.slots[at] = slot;
        }
        at
    }

    /// A slot to be used again, when there are enough. Changed ones stay until they are stored, so within
    /// one transaction the memory may grow beyond its capacity by what that transaction changes.
    fn vacate(&mut self) -> Option<usize> {
        if self.slots.len() < self.capacity {
            return None;
        }
        for _ in 0..self.slots.len().saturating_mul(2).min(MAX_STEPS) {
            let at = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[at];
            if slot.changed {
                continue;
            }
            if !std::mem::take(&mut slot.used) {
                self.index.remove(&slot.id);
                return Some(at);
            }
        }
        None
    }
}

/// A search that ends without a result makes one new slot; it must not go through all of them each time.
const MAX_STEPS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use annals::{EntityId, SequenceNr};

    fn id(n: usize) -> PersistenceId {
        PersistenceId::new("t", EntityId::new(n.to_string()).unwrap()).unwrap()
    }

    fn tables() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        crate::schema::MIGRATIONS.iter().for_each(|sql| conn.execute_batch(sql).unwrap());
        conn
    }

    #[test]
    fn memory_is_bounded_and_heads_that_were_given_up_are_loaded_again() {
        let (conn, mut heads) = (tables(), Heads::new(8));
        for round in 1..=2u64 {
            for n in 0..100 {
                let at = heads.find(&conn, &id(n)).unwrap();
                let head = Head { entity: n as i64 + 1, highest: SequenceNr::new(round), ..*heads.get(at) };
                assert_eq!(heads.get(at).highest, SequenceNr::new(round - 1), "entity {n}");
                conn.execute(
                    "INSERT OR IGNORE INTO entity VALUES (?1, 't', ?2)",
                    rusqlite::params![n as i64 + 1, n.to_string()],
                )
                .unwrap();
                heads.put(at, head);
                heads.flush(&conn).unwrap();
            }
        }
        assert_eq!(heads.slots.len(), 8);
        assert_eq!(heads.index.len(), 8);
    }

    #[test]
    fn a_changed_head_is_never_given_up() {
        let (conn, mut heads) = (tables(), Heads::new(4));
        for n in 0..20 {
            let at = heads.find(&conn, &id(n)).unwrap();
            heads.put(at, Head { entity: n as i64 + 1, ..Head::BLANK });
        }
        assert_eq!(heads.slots.len(), 20);
        heads.flush(&conn).unwrap();
        let stored: i64 = conn.query_row("SELECT count(*) FROM head", [], |row| row.get(0)).unwrap();
        assert_eq!(stored, 20);
    }
}

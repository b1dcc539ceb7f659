//! The writer's copy of the shard rows: the stored epochs that fence writes (G3), and the feed positions.

use crate::error::{Fault, storable};
use annals::storage::{Fence, StorageError, Subject};
use annals::{Epoch, Position, SHARDS, ShardId};
use rusqlite::{Connection, params};

/// One shard's row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shard {
    pub(crate) epoch: Epoch,
    /// Of the last event.
    pub(crate) position: Position,
    /// The highest ever deleted.
    pub(crate) compacted: Position,
    changed: bool,
}

/// All of them. Comparing with a copy is as good as comparing with the row: it was read in this process,
/// which is the only writer, under the transaction's lock; when another process wrote all the same, the copy
/// is read again before anything is judged (see `Writer::begin`).
#[derive(Debug)]
pub(crate) struct Shards(Vec<Shard>);

impl Shards {
    pub(crate) fn load(conn: &Connection) -> Result<Self, Fault> {
        let mut shards = vec![Shard::default(); usize::from(SHARDS)];
        let mut statement = conn.prepare_cached("SELECT shard, epoch, position, compacted FROM shard")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let shard: i64 = row.get(0)?;
            let number = |at: usize| row.get::<_, i64>(at).ok().and_then(|n| u64::try_from(n).ok());
            let known = u16::try_from(shard).ok().and_then(ShardId::new);
            let (Some(shard), Some(epoch), Some(position), Some(compacted)) =
                (known, number(1), number(2), number(3))
            else {
                let subject = known.map_or_else(|| Subject::Store("shards".into()), Subject::Shard);
                return Err(StorageError::corrupt(subject, format!("row {shard} cannot be read")).into());
            };
            shards[usize::from(shard.get())] = Shard {
                epoch: Epoch::new(epoch),
                position: Position::new(position),
                compacted: Position::new(compacted),
                changed: false,
            };
        }
        Ok(Self(shards))
    }

    pub(crate) fn get(&self, shard: ShardId) -> &Shard {
        &self.0[usize::from(shard.get())]
    }

    /// Refuses a writer that does not own its shard (any more).
    pub(crate) fn check(&self, fence: Fence) -> Result<(), StorageError> {
        match self.get(fence.shard).epoch {
            current if current == fence.epoch => Ok(()),
            current => Err(StorageError::Fenced { shard: fence.shard, ours: fence.epoch, current }),
        }
    }

    /// Raises the epochs, all or none.
    pub(crate) fn raise(&mut self, raised: &[Fence]) -> Result<(), StorageError> {
        for &Fence { shard, epoch: ours } in raised {
            storable(ours.get())?;
            let current = self.get(shard).epoch;
            if current >= ours {
                return Err(StorageError::Fenced { shard, ours, current });
            }
        }
        for fence in raised {
            let shard = self.change(fence.shard);
            shard.epoch = shard.epoch.max(fence.epoch);
        }
        Ok(())
    }

    /// Changes a row; [`flush`](Self::flush) stores it.
    pub(crate) fn change(&mut self, shard: ShardId) -> &mut Shard {
        let shard = &mut self.0[usize::from(shard.get())];
        shard.changed = true;
        shard
    }

    pub(crate) fn flush(&mut self, conn: &Connection) -> Result<(), rusqlite::Error> {
        const SQL: &str = "INSERT INTO shard VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (shard) DO UPDATE SET epoch = ?2, position = ?3, compacted = ?4";
        let mut statement = conn.prepare_cached(SQL)?;
        for (number, shard) in (0i64..).zip(&mut self.0).filter(|(_, shard)| shard.changed) {
            statement.execute(params![
                number,
                shard.epoch.get().cast_signed(),
                shard.position.get().cast_signed(),
                shard.compacted.get().cast_signed(),
            ])?;
            shard.changed = false;
        }
        Ok(())
    }
}

/// The stored epoch of one shard, as a reader sees it.
pub(crate) fn stored_epoch(conn: &Connection, shard: ShardId) -> Result<Epoch, Fault> {
    let mut statement = conn.prepare_cached("SELECT epoch FROM shard WHERE shard = ?1")?;
    let mut rows = statement.query([shard.get()])?;
    let Some(row) = rows.next()? else { return Ok(Epoch::ZERO) };
    match u64::try_from(row.get::<_, i64>(0)?) {
        Ok(epoch) => Ok(Epoch::new(epoch)),
        Err(_) => Err(StorageError::corrupt(Subject::Shard(shard), "its epoch is negative").into()),
    }
}

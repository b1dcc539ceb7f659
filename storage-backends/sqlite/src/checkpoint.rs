//! Keeping the write-ahead log short. SQLite copies it into the file every so often by itself, but it begins
//! it anew only when no reader stands in it at that moment, and with busy readers there may be no such moment.

use rusqlite::Connection;
use std::time::Duration;

/// The log is copied into the file every so many pages (16 MiB): rarer than SQLite does by default, because a
/// page that changed in many commits is then copied once; not much rarer, because a reader searches the log.
pub(crate) const TARGET_PAGES: u32 = 4_096;

/// A log that is so many times longer than it should be is not left to chance any more.
const PATIENCE: i64 = 4;

/// How long the writer waits for readers to leave the log: a page is read much faster.
const WAIT: Duration = Duration::from_secs(1);

/// Watches the length of the log.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// How many pages are too many.
    bound: i64,
    /// The length at which to act. Above `bound` after an attempt in vain, so that a reader who stays for
    /// long does not hold up every transaction.
    next: i64,
}

impl Checkpoints {
    pub(crate) fn new(target_pages: u32) -> Self {
        let bound = PATIENCE * i64::from(target_pages);
        Self { bound, next: bound }
    }

    /// Between two transactions: begins the log anew if it is too long. Readers that come meanwhile find all
    /// of it copied and do without it, so it is enough to wait for those that read already. Whether it
    /// succeeds or not, every commit is as safe as before, so nobody is told.
    pub(crate) fn keep_short(&mut self, conn: &Connection) {
        // It only tells the length, of what is in the log now and not of its file, which never shrinks.
        let Some(pages) = log_pages(conn, "PRAGMA wal_checkpoint(NOOP)") else { return };
        if pages < self.bound {
            self.next = self.bound;
        }
        if pages < self.next {
            return;
        }
        let patience = conn.busy_timeout(WAIT);
        if patience.is_ok() {
            let _ = log_pages(conn, "PRAGMA wal_checkpoint(RESTART)");
        }
        self.next = pages.saturating_add(self.bound / 2);
        // The length of a wait for a lock was set in the same way when the connection was opened.
        let _ = conn.busy_timeout(crate::connection::BUSY);
    }
}

/// The pages in the log, after a checkpoint of the kind named.
fn log_pages(conn: &Connection, checkpoint: &str) -> Option<i64> {
    conn.prepare_cached(checkpoint).and_then(|mut pragma| pragma.query_row([], |row| row.get(1))).ok()
}

#[cfg(test)]
mod tests {
    use crate::writes::*;
    use crate::{SqliteStorage, Synchronous};
    use annals::storage::{JournalStorage, ReadRange};
    use futures_util::StreamExt;
    use futures_util::future::{Either, join_all, select};
    use std::num::NonZeroUsize;
    use std::pin::pin;

    #[tokio::test]
    async fn the_log_stays_short_although_readers_are_never_all_idle() {
        const TARGET_PAGES: u32 = 64;
        let scratch = Scratch::new();
        let mut options =
            SqliteStorage::options().synchronous(Synchronous::Normal).readers(NonZeroUsize::new(8).unwrap());
        options.log_pages = TARGET_PAGES;
        let storage = options.open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut history = Activation::new(id("history"), 1);
        let group = (0..1_200).map(|_| history.events(&[&[3; 900]], None)).collect();
        store(&storage, group).await;
        let readings = (0..8).map(async |_| {
            loop {
                storage.read(&history.id, ReadRange::ALL).for_each(async |entry| drop(entry.unwrap())).await;
            }
        });
        // All that is written is 40 times as many pages. On a busy machine a reader may keep its page for so long
        // that an attempt or two are in vain.
        let bound = 16 * u64::from(TARGET_PAGES) * 4_096;
        let log = scratch.path().join("store.db-wal");
        let writing = async {
            let (mut longest, mut writer) = (0, Activation::new(id("writer"), 1));
            for _ in 0..100 {
                store(&storage, vec![writer.events(&[&[5; 100_000]], None)]).await;
                longest = longest.max(std::fs::metadata(&log).unwrap().len());
            }
            longest
        };
        let (readings, writing) = (pin!(join_all(readings)), pin!(writing));
        let Either::Right((longest, _)) = select(readings, writing).await else { panic!("readers go on") };
        assert!(longest <= bound, "{longest} of {bound} bytes");
    }
}

//! How a file is opened.

use crate::SqliteStorage;
use crate::checkpoint::TARGET_PAGES;
use annals::storage::StorageError;
use std::num::NonZeroUsize;
use std::path::Path;

/// How much an acknowledgement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Synchronous {
    /// Every commit waits for the operating system to have synced the log. What was acknowledged survives a
    /// crash of the process; after a loss of power the last commits may be missing, although they were
    /// acknowledged: G1 holds for the process only.
    Normal,
    /// Every commit is synced to the disk before it is acknowledged (G1). The default.
    #[default]
    Full,
}

/// How a file is opened; see [`SqliteStorage::options`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    pub(crate) synchronous: Synchronous,
    pub(crate) max_file_bytes: Option<u64>,
    pub(crate) readers: NonZeroUsize,
    /// How many pages of the log are copied into the file at once.
    pub(crate) log_pages: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::default(),
            max_file_bytes: None,
            readers: READERS,
            log_pages: TARGET_PAGES,
        }
    }
}

const READERS: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");

impl SqliteOptions {
    /// How much an acknowledgement is worth. Default: [`Synchronous::Full`].
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        Self { synchronous, ..self }
    }

    /// The file does not grow beyond this many bytes, rounded down to whole pages; the log beside it is not
    /// counted. A write that needs more is answered with `Unavailable`, and nothing of it is stored. A file
    /// that is larger already is not cut. Default: what the disk holds.
    pub fn max_file_bytes(self, bytes: u64) -> Self {
        Self { max_file_bytes: Some(bytes), ..self }
    }

    /// How many threads read, each with a connection of its own. Default: 2.
    pub fn readers(self, readers: NonZeroUsize) -> Self {
        Self { readers, ..self }
    }

    /// Opens the file, or makes it, with these options.
    ///
    /// # Errors
    /// As [`SqliteStorage::open`].
    pub async fn open(self, path: impl AsRef<Path>) -> Result<SqliteStorage, StorageError> {
        SqliteStorage::start(path.as_ref().to_owned(), self).await
    }
}

//! Whether the files that are open are still those that the path names. A file that was removed or replaced
//! goes on taking writes until it is closed, and then they are gone: they must not be acknowledged.

use crate::lock::beside;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The identity of the open file, of its log, and of the log's index, through which connections find each
/// other's commits.
#[derive(Debug)]
pub(crate) struct Presence {
    files: [(PathBuf, Identity); 3],
}

#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Presence {
    /// Remembers what is there now, while all files are open.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let known = |path: PathBuf| identity(&path).map(|identity| (path, identity));
        let files = [known(path.to_owned())?, known(beside(path, "-wal"))?, known(beside(path, "-shm"))?];
        Ok(Self { files })
    }

    /// What is wrong, if the files are no longer there.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (path, known) in &self.files {
            match identity(path) {
                Ok(found) if found == *known => {}
                Ok(_) => return Err(format!("{} was replaced while it was open", path.display())),
                Err(e) => return Err(format!("{} vanished while it was open: {e}", path.display())),
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok(Identity { device: metadata.dev(), inode: metadata.ino() })
}

/// Elsewhere an open file cannot be removed, so it is enough that it exists.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| Identity { device: 0, inode: 0 })
}

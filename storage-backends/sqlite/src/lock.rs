//! One process per file: an operating-system lock on a file beside it, and the path by which it is known.

use crate::error::{config, unavailable};
use annals::storage::StorageError;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The lock on a store. The operating system releases it when this is dropped, or when the process ends in
/// whichever way.
#[derive(Debug)]
pub(crate) struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock beside the store at `path`, which is canonical.
    pub(crate) fn take(path: &Path, store: &Arc<str>) -> Result<Self, StorageError> {
        let lock_path = beside(path, ".lock");
        // The file stays when the lock goes: if it were removed, two processes could each lock a file of
        // this name.
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|e| config(store, format_args!("cannot make {}: {e}", lock_path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(unavailable(
                store,
                "it is in use, by another process or by another storage of this one; a file belongs to one \
                 storage at a time",
            )),
            Err(TryLockError::Error(e)) => {
                Err(config(store, format_args!("cannot lock {}: {e}", lock_path.display())))
            }
        }
    }
}

/// The file named like `path` with `suffix` behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The one path by which a store is known, so that openers through links meet at one lock.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, StorageError> {
    let store: Arc<str> = path.display().to_string().into();
    let refused = |e: io::Error, what: &Path| match e.kind() {
        io::ErrorKind::NotFound => config(&store, format_args!("{} does not exist", what.display())),
        _ => config(&store, format_args!("{} cannot be used: {e}", what.display())),
    };
    if fs::symlink_metadata(path).is_ok() {
        let path = fs::canonicalize(path).map_err(|e| refused(e, path))?;
        return check_kind(&path, &store).map(|()| path);
    }
    let name = path.file_name().ok_or_else(|| config(&store, "this is not the path of a file"))?;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(directory).map_err(|e| refused(e, directory))?.join(name))
}

fn check_kind(path: &Path, store: &Arc<str>) -> Result<(), StorageError> {
    let metadata = fs::metadata(path).map_err(|e| config(store, e))?;
    if !metadata.is_file() {
        return Err(config(store, "this is not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
        // Each name would get a log and a lock of its own, and the two would destroy each other.
        return Err(config(store, "the file has a second name (a hard link); remove one of them"));
    }
    Ok(())
}

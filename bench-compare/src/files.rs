//! Files that go away with the run.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A new directory.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn below(dir: &Path) -> Self {
        let made = tempfile::Builder::new().prefix("annals-bench-").tempdir_in(dir);
        Self(made.expect("a directory for the files can be made"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

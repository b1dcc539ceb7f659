//! Where a run keeps its files.

use super::Result;
use super::line::Line;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The directory of a run, with the database and, outside of it, the log of acknowledgements.
pub(super) struct Files {
    dir: PathBuf,
    owner: Owner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// It was made for this run, and goes with it.
    Run,
    /// It was given with `--dir`, and stays.
    User,
}

impl Files {
    /// The given directory, or a fresh temporary one.
    pub(super) fn prepare(dir: Option<&Path>, seed: u64) -> Result<Self> {
        match dir {
            Some(dir) => Self::given(dir),
            None => Self::fresh(seed),
        }
    }

    fn fresh(seed: u64) -> Result<Self> {
        let name = format!("annals-quickstart-{}-{seed}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        // Not `create_dir_all`: it must not be there yet.
        fs::create_dir(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        Ok(Self { dir, owner: Owner::Run })
    }

    fn given(dir: &Path) -> Result<Self> {
        let refused = |why: &dyn std::fmt::Display| format!("cannot use {}: {why}", dir.display());
        if !fs::metadata(dir).map_err(|error| refused(&error))?.is_dir() {
            return Err(refused(&"it is not a directory").into());
        }
        let files = Self::of_bank(dir);
        if fs::exists(files.database()).map_err(|error| refused(&error))? {
            return Err(refused(&"it has the files of an earlier run").into());
        }
        Ok(files)
    }

    /// The directory as the bank is told it by the operator.
    pub(super) fn of_bank(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), owner: Owner::User }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn database(&self) -> PathBuf {
        self.dir.join("bank.db")
    }

    fn acknowledged(&self) -> PathBuf {
        self.dir.join("acknowledged.log")
    }

    /// Makes the log of acknowledgements; fails if the directory cannot be written to.
    pub(super) fn create_log(&self) -> Result<File> {
        let path = self.acknowledged();
        File::create_new(&path).map_err(|error| format!("cannot make {}: {error}", path.display()).into())
    }

    /// What the log holds.
    pub(super) fn read_log(&self) -> Result<Vec<Line>> {
        let path = self.acknowledged();
        let log = File::open(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        BufReader::new(log).lines().map(|line| Ok(line?.parse()?)).collect()
    }

    /// Removes what was made for this run only.
    pub(super) fn clean_up(&self) -> Result<()> {
        if self.owner == Owner::User {
            return Ok(());
        }
        let failed = |error| format!("cannot remove {}: {error}", self.dir.display()).into();
        fs::remove_dir_all(&self.dir).map_err(failed)
    }
}

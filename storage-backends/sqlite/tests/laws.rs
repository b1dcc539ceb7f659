//! The replay laws of the bank's account on SQLite: the same outcomes, events and state as in memory.
#![allow(dead_code, reason = "the example uses all of it")]

use account::Account;
use annals_sqlite::SqliteStorage;
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "../../../examples/quickstart/account.rs"]
mod account;

fn commands() -> impl Strategy<Value = Step<Account>> {
    prop_oneof![
        (0..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.deposit(cents))),
        (0..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.withdraw(cents))),
        Just(Step::<Account>::query(|account| account.balance())),
    ]
}

/// A folder of this test, empty at first and gone at last.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("laws");
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn accounts_on_sqlite_are_as_in_memory() {
    let (folder, stores) = (Folder::new(), AtomicU64::new(0));
    let path = folder.0.clone();
    let fresh = move || {
        let file = path.join(format!("{}.db", stores.fetch_add(1, Ordering::Relaxed)));
        async move { SqliteStorage::open(&file).await.expect("a fresh file can be opened") }
    };
    replay_laws::<Account>(commands()).cases(64).also_on("sqlite", fresh).check();
}

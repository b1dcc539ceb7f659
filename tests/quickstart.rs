//! The example programs, run as a user would run them; and, compiled into this test, the unit tests of the
//! quickstart's modules (its proof must be able to fail) and both forms of the bank account.

#![allow(clippy::unwrap_used, reason = "the helpers of a test")]

use annals::{CallError, Entity, Node};
use annals_memory::MemoryStorage;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[allow(dead_code, reason = "its `main` runs as a program")]
#[path = "../examples/bank_by_hand.rs"]
mod by_hand;
#[allow(clippy::duplicate_mod, reason = "the quickstart keeps its own to itself")]
#[path = "../examples/quickstart/account.rs"]
mod in_macro_form;
#[allow(dead_code, reason = "only its unit tests run from here")]
#[path = "../examples/quickstart/main.rs"]
mod quickstart;

/// The example `name`, which Cargo builds beside the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let program = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is missing: run `cargo build --examples`", program.display());
    Command::new(program)
}

/// A directory that goes with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("annals-test-{}-{name}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn names(&self) -> Vec<String> {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> =
            std::fs::read_dir(&self.0).unwrap().map(name).collect::<Result<_, _>>().unwrap();
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A small run of the quickstart.
fn small_run(temp: &Dir, more: &[&OsStr]) -> Output {
    let mut run = example("quickstart");
    run.args(["--accounts", "20", "--commands", "3000"]).args(more);
    in_temp(&mut run, temp).output().unwrap()
}

/// Makes a program take `temp` for the place of temporary files.
fn in_temp<'a>(program: &'a mut Command, temp: &Dir) -> &'a mut Command {
    for name in ["TMPDIR", "TMP", "TEMP"] {
        program.env(name, &temp.0);
    }
    program
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// It failed, and said why in one line, and nothing else.
fn one_line_error(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && output.status.code() != Some(101), "{output:?}");
    assert_eq!((error.lines().count(), stdout(output).as_str()), (1, ""), "{error}");
    assert!(error.starts_with("quickstart: "), "{error}");
    error
}

#[test]
fn the_killed_bank_lost_nothing_and_doubled_nothing() {
    let temp = Dir::new("killed");
    let output = small_run(&temp, &[]);
    let stdout = stdout(&output);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no progress bar when nobody looks");
    assert!(stdout.contains("killed (SIGKILL) after "), "{stdout}");
    assert!(stdout.ends_with("\nlost 0\ndoubled 0\n"), "{stdout}");
    for row in ["commands/s", "latency p50", "latency p99", "events in the journal", "entities recovered/s"] {
        assert_eq!(stdout.matches(row).count(), 1, "{row} in {stdout}");
    }
    assert_eq!(temp.names(), [""; 0], "its temporary directory is gone");
}

#[test]
fn a_given_directory_keeps_the_files_and_is_not_used_twice() {
    let (temp, dir) = (Dir::new("temp-of-kept"), Dir::new("kept"));
    let with_dir: [&OsStr; 2] = ["--dir".as_ref(), dir.0.as_os_str()];
    let output = small_run(&temp, &with_dir);
    assert!(output.status.success(), "{output:?}");
    let log = std::fs::read_to_string(dir.0.join("acknowledged.log")).unwrap();
    assert_eq!(log.lines().count(), 3_000);
    assert!(dir.names().contains(&"bank.db".into()), "{:?}", dir.names());
    assert_eq!(temp.names(), [""; 0], "nothing is elsewhere");
    let error = one_line_error(&small_run(&temp, &with_dir));
    assert!(error.contains("earlier run"), "{error}");
}

#[test]
fn fewer_commands_than_callers_are_enough() {
    let temp = Dir::new("few");
    for commands in ["1", "2", "40"] {
        let output = small_run(&temp, &["--commands".as_ref(), commands.as_ref()]);
        assert!(output.status.success() && stdout(&output).contains("lost 0"), "{output:?}");
    }
}

#[test]
fn a_wrong_option_is_a_one_line_error() {
    let wrong: [&[&str]; 5] =
        [&["--foo"], &["foo"], &["--accounts"], &["--accounts", "0"], &["--commands", "many"]];
    for args in wrong {
        let error = one_line_error(&example("quickstart").args(args).output().unwrap());
        assert!(error.contains(args[0]), "{error}");
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_a_one_line_error() {
    let temp = Dir::new("unusable");
    let (file, missing) = (temp.0.join("file"), temp.0.join("missing"));
    std::fs::write(&file, "").unwrap();
    for dir in [&file, &missing, &file.join("below")] {
        let error = one_line_error(&small_run(&temp, &["--dir".as_ref(), dir.as_ref()]));
        assert!(error.contains(&*dir.to_string_lossy()), "{error}");
    }
    let nowhere = Dir(file.clone());
    one_line_error(&small_run(&nowhere, &[]));
    assert_eq!(temp.names(), ["file"]);
}

#[test]
fn help_is_not_an_error() {
    let output = example("quickstart").arg("--help").output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("--commands"), "{output:?}");
}

#[test]
fn the_counter_goes_on_where_it_was() {
    for (name, more) in [("counter", "\n"), ("counter_by_hand", " (in ")] {
        let temp = Dir::new(name);
        for count in 1..=3 {
            let output = in_temp(&mut example(name), &temp).current_dir(&temp.0).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert!(stdout(&output).starts_with(&format!("clicks: {count}{more}")), "{output:?}");
        }
    }
}

#[test]
fn the_bank_pays_once_and_says_when_there_is_too_little() {
    for name in ["bank", "bank_by_hand"] {
        let temp = Dir::new(name);
        for says in ["alice has 20 cents left", "alice is short by 10 cents"] {
            let output = in_temp(&mut example(name), &temp).output().unwrap();
            assert!(output.status.success() && stdout(&output).starts_with(says), "{output:?}");
        }
    }
}

async fn node<T: Entity>(storage: &MemoryStorage) -> Node {
    Node::builder(storage.clone()).register::<T>().start().await.unwrap()
}

#[tokio::test]
async fn the_bank_in_macro_form_reads_what_the_one_by_hand_stored() {
    use by_hand::{Account, Deposit, Overdrawn, Withdraw};
    let storage = MemoryStorage::new();
    let before = node::<Account>(&storage).await;
    let alice = before.entity::<Account>("alice");
    alice.ask(Deposit { cents: 100 }).key("d").await.unwrap();
    alice.ask(Withdraw { cents: 30 }).await.unwrap();
    let refused = alice.ask(Withdraw { cents: 71 }).key("w").await;
    assert!(matches!(refused, Err(CallError::Rejected(Overdrawn { short_cents: 1 }))), "{refused:?}");
    before.shutdown().await;

    let after = node::<in_macro_form::Account>(&storage).await;
    let alice = after.entity::<in_macro_form::Account>("alice");
    assert_eq!(alice.balance().await.unwrap(), 70);
    assert_eq!(alice.deposit(100).key("d").await.unwrap(), 100, "the first outcome");
    let refused = alice.withdraw(71).key("w").await.unwrap_err();
    assert!(
        matches!(refused, CallError::Rejected(in_macro_form::Overdrawn { short_cents: 1 })),
        "{refused:?}"
    );
    after.shutdown().await;
}

#[tokio::test]
async fn the_bank_by_hand_reads_what_the_one_in_macro_form_stored() {
    use in_macro_form::{Account, Overdrawn};
    let storage = MemoryStorage::new();
    let before = node::<Account>(&storage).await;
    let alice = before.entity::<Account>("alice");
    alice.deposit(100).key("d").await.unwrap();
    alice.withdraw(30).await.unwrap();
    let refused = alice.withdraw(71).key("w").await;
    assert!(matches!(refused, Err(CallError::Rejected(Overdrawn { short_cents: 1 }))), "{refused:?}");
    before.shutdown().await;

    let after = node::<by_hand::Account>(&storage).await;
    let alice = after.entity::<by_hand::Account>("alice");
    assert_eq!(alice.ask(by_hand::Balance {}).await.unwrap(), 70);
    assert_eq!(alice.ask(by_hand::Deposit { cents: 100 }).key("d").await.unwrap(), 100, "the first outcome");
    let refused = alice.ask(by_hand::Withdraw { cents: 71 }).key("w").await.unwrap_err();
    assert!(matches!(refused, CallError::Rejected(by_hand::Overdrawn { short_cents: 1 })), "{refused:?}");
    after.shutdown().await;
}

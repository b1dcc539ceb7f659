//! Recording: what is missing is written, and what is there stays.

use crate::folder::{Folder, flaws};
use crate::wallet::{Wallet, WalletEvent, forgetful, next};
use annals_testkit::golden::{Flaw, Golden, golden};
use std::process::Command;

pub(crate) fn wallets(folder: &Folder) -> Golden<Wallet> {
    golden(folder.path())
        .event(WalletEvent::Filled { coins: 7 })
        .event(WalletEvent::Emptied)
        .state(Wallet { coins: 7 })
}

/// A folder with the files of the wallet.
pub(crate) fn recorded(test: &str) -> Folder {
    let folder = Folder::new(test);
    wallets(&folder).record().unwrap();
    folder
}

fn later_wallets(folder: &Folder) -> Golden<next::Wallet> {
    golden(folder.path())
        .event(next::WalletEvent::Filled { cents: 5 })
        .event(next::WalletEvent::Touched)
        .state(next::Wallet { cents: 5 })
}

#[test]
fn one_file_is_recorded_for_each_name_and_version() {
    let folder = recorded("recorded");
    assert_eq!(folder.files(), ["emptied.v1.golden", "filled.v1.golden", "wallet.v1.state.golden"]);
    wallets(&folder).check();
    let text = folder.read("filled.v1.golden");
    for line in ["kind: event", "name: filled", "version: 1", "codec: MessagePack", "  Filled {"] {
        assert!(text.lines().any(|it| it == line), "{text}");
    }
}

#[test]
fn a_check_writes_nothing_and_names_what_is_missing() {
    let folder = Folder::new("missing");
    let (found, text) = flaws::<3>(wallets(&folder).try_check());
    assert!(found.iter().all(|flaw| matches!(flaw, Flaw::Missing { .. })), "{text}");
    assert!(!folder.path().exists());
    assert!(text.contains("event filled v1 has no file filled.v1.golden: record it with ANNALS_RECORD=1"));
}

#[test]
fn a_form_without_a_sample_is_named() {
    let folder = Folder::new("no-sample");
    let some = || golden::<Wallet>(folder.path()).event(WalletEvent::Emptied);
    let (found, text) = flaws::<2>(some().record());
    assert!(found.iter().all(|flaw| matches!(flaw, Flaw::NoSample { .. })), "{text}");
    assert!(text.contains("event filled v1 has no file"), "{text}");
    assert!(text.contains("state wallet v1 has no file"), "{text}");
}

#[test]
fn the_files_of_an_older_version_stay_and_are_read_through_upcasters() {
    let folder = recorded("later");
    let before = ["filled.v1.golden", "wallet.v1.state.golden"].map(|file| folder.read(file));
    let (found, text) = flaws::<6>(later_wallets(&folder).try_check());
    let differently = found.iter().filter(|flaw| matches!(flaw, Flaw::ReadDifferently { .. }));
    assert_eq!(differently.count(), 3, "{text}");
    later_wallets(&folder).record().unwrap();
    later_wallets(&folder).check();
    assert_eq!(folder.files().len(), 6);
    let after = ["filled.v1.golden", "wallet.v1.state.golden"].map(|file| folder.read(file));
    for (before, after) in before.iter().zip(after) {
        let bytes = |text: &str| text.split("reads as:").next().unwrap().to_owned();
        assert_eq!(bytes(before), bytes(&after));
        assert!(after.contains("cents: 700"), "{after}");
    }
    assert!(folder.read("emptied.v1.golden").ends_with("reads as:\n  nothing\n"));
}

#[test]
fn a_missing_upcaster_is_named_and_cannot_be_recorded_away() {
    let folder = recorded("forgetful");
    later_wallets(&folder).record().unwrap();
    let forgetful = || {
        golden::<forgetful::Wallet>(folder.path())
            .event(forgetful::WalletEvent::Filled { cents: 5 })
            .event(forgetful::WalletEvent::Touched)
            .state(forgetful::Wallet { cents: 5 })
    };
    let (_, text) = flaws::<3>(forgetful().try_check());
    assert!(text.contains("event emptied v1 in emptied.v1.golden is not read any more"), "{text}");
    assert!(text.contains("event filled v1 in filled.v1.golden is read as\n"), "{text}");
    assert!(text.contains("state wallet v1 in wallet.v1.state.golden is not read any more"), "{text}");
    let (found, text) = flaws::<2>(forgetful().record());
    assert!(found.iter().all(|flaw| matches!(flaw, Flaw::Unread { .. })), "{text}");
}

#[test]
fn the_file_of_an_upcaster_must_not_go() {
    let folder = recorded("gone");
    later_wallets(&folder).record().unwrap();
    folder.remove("filled.v1.golden");
    let (_, text) = flaws::<1>(later_wallets(&folder).try_check());
    assert!(text.contains("event filled v1 has no file filled.v1.golden, and no sample"), "{text}");
    later_wallets(&folder).older_event("filled", 1, WalletEvent::Filled { coins: 7 }).record().unwrap();
}

#[test]
fn an_older_form_of_a_version_is_kept_under_a_label() {
    let folder = recorded("label");
    folder.rename("filled.v1.golden", "filled.v1.small.golden");
    flaws::<1>(wallets(&folder).try_check());
    let larger = || {
        golden::<Wallet>(folder.path())
            .event(WalletEvent::Filled { coins: 1_000 })
            .event(WalletEvent::Emptied)
            .state(Wallet { coins: 7 })
    };
    larger().record().unwrap();
    assert_eq!(folder.files().len(), 4);
    larger().check();
}

#[test]
#[should_panic(expected = "there are two samples of event emptied v1")]
fn there_is_one_sample_of_each() {
    let _ = golden::<Wallet>("nowhere").event(WalletEvent::Emptied).event(WalletEvent::Emptied);
}

/// Runs [`what_the_environment_says`] in a process of its own.
fn with_environment(folder: &Folder, record: Option<&str>) -> (bool, String) {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "recording::what_the_environment_says"]).env("GOLDEN_FOLDER", folder.path());
    match record {
        Some(value) => test.env("ANNALS_RECORD", value),
        None => test.env_remove("ANNALS_RECORD"),
    };
    let output = test.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A check as a user writes it, in the folder that the environment names, if it does.
#[test]
fn what_the_environment_says() {
    if let Some(folder) = std::env::var_os("GOLDEN_FOLDER") {
        golden::<Wallet>(folder)
            .event(WalletEvent::Filled { coins: 7 })
            .event(WalletEvent::Emptied)
            .state(Wallet { coins: 7 })
            .check();
    }
}

#[test]
fn a_check_records_only_when_the_environment_says_so() {
    let folder = Folder::new("environment");
    let (good, text) = with_environment(&folder, None);
    assert!(!good && text.contains("record it with ANNALS_RECORD=1"), "{text}");
    let (good, text) = with_environment(&folder, Some("yes"));
    assert!(!good && text.contains("ANNALS_RECORD is \"yes\": it is 1, or not there"), "{text}");
    assert!(!folder.path().exists());
    assert!(with_environment(&folder, Some("1")).0);
    assert_eq!(folder.files().len(), 3);
    assert!(with_environment(&folder, None).0);
}

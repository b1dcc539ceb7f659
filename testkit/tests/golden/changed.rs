//! Code that was changed under the same names and versions.

use crate::folder::flaws;
use crate::recording::recorded;
use crate::wallet::{Wallet, WalletEvent, field, removed, renamed};
use annals_testkit::golden::{Flaw, golden};

#[test]
fn a_changed_field_is_named_and_cannot_be_recorded_away() {
    let folder = recorded("field");
    let changed = || {
        golden::<field::Wallet>(folder.path())
            .event(field::WalletEvent::Filled { coins: "7".into() })
            .event(field::WalletEvent::Emptied)
            .state(field::Wallet { coins: 7, notes: 0 })
    };
    let (found, text) = flaws::<4>(changed().try_check());
    for file in ["event filled v1 in filled.v1.golden", "state wallet v1 in wallet.v1.state.golden"] {
        assert!(text.contains(&format!("{file} would be stored as")), "{text}");
        assert!(text.contains(&format!("{file} is not read any more")), "{text}");
    }
    assert!(text.contains("raise the version, and write an upcaster from this one"), "{text}");
    assert_eq!(changed().record().unwrap_err().flaws, found);
}

#[test]
fn a_renamed_field_is_named_even_if_the_old_one_is_still_read() {
    let folder = recorded("renamed");
    let renamed = golden::<renamed::Wallet>(folder.path())
        .event(renamed::WalletEvent::Filled { pieces: 7 })
        .event(renamed::WalletEvent::Emptied)
        .state(renamed::Wallet { pieces: 7 });
    let (found, text) = flaws::<4>(renamed.try_check());
    let stored = |flaw: &&Flaw| matches!(flaw, Flaw::StoredDifferently { .. });
    assert_eq!(found.iter().filter(stored).count(), 2, "{text}");
    assert!(text.contains("wallet.v1.state.golden is read as\n    Wallet {\n        pieces: 0,"), "{text}");
}

#[test]
fn a_removed_variant_is_named() {
    let folder = recorded("removed");
    let removed = golden::<removed::Wallet>(folder.path())
        .event(removed::WalletEvent::Filled { coins: 7 })
        .state(removed::Wallet { coins: 7 });
    let ([flaw], text) = flaws(removed.try_check());
    assert!(matches!(&flaw, Flaw::Unread { file, .. } if file == "emptied.v1.golden"), "{text}");
    assert!(text.contains("emptied v1 is unknown to this version of the entity"), "{text}");
}

#[test]
fn another_sample_is_told_from_what_was_recorded() {
    let folder = recorded("sample");
    let other = golden::<Wallet>(folder.path())
        .event(WalletEvent::Filled { coins: 8 })
        .event(WalletEvent::Emptied)
        .state(Wallet { coins: 7 });
    let ([flaw], text) = flaws(other.try_check());
    assert!(
        matches!(flaw, Flaw::StoredDifferently { .. }) && text.contains("if its sample is still"),
        "{text}"
    );
}

#[test]
#[should_panic(expected = "golden files of wallet in")]
fn a_check_panics_with_everything_that_is_wrong() {
    let folder = recorded("panics");
    folder.write("filled.v1.golden", "");
    crate::recording::wallets(&folder).check();
}

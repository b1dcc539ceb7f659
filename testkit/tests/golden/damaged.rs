//! Files that are not as they were recorded.

use crate::folder::{Folder, flaws};
use crate::recording::{recorded, wallets};
use annals_testkit::golden::Flaw;

/// A file changed by hand is damaged, and why.
fn damaged(folder: &Folder, from: &str, to: &str) -> String {
    let whole = folder.read("filled.v1.golden");
    let changed = whole.replacen(from, to, 1);
    assert_ne!(whole, changed);
    folder.write("filled.v1.golden", &changed);
    let (found, text) = flaws::<1>(wallets(folder).try_check());
    assert!(matches!(&found[0], Flaw::Damaged { file, .. } if file == "filled.v1.golden"), "{text}");
    assert_eq!(wallets(folder).record().unwrap_err().flaws, found);
    assert_eq!(folder.read("filled.v1.golden"), changed);
    folder.write("filled.v1.golden", &whole);
    text
}

#[test]
fn a_file_edited_by_hand_is_damaged() {
    let folder = recorded("edited");
    for (from, to, why) in [
        ("bytes:\n  81", "bytes:\n  82", "the checksum of filled v1"),
        ("version: 1", "version: 2", "the checksum of filled v2"),
        ("name: filled", "name: fined", "the checksum of fined v1"),
        ("codec: MessagePack", "codec: JSON", "the checksum of filled v1"),
        ("codec: MessagePack", "codec: XML", "it cannot hold \"XML\""),
        ("checksum: ", "checksum:", "where its checksum belongs"),
        ("kind: event", "kind: thing", "it cannot hold \"thing\""),
        ("# Recorded", "# recorded", "its first line is not"),
        ("bytes:\n  ", "bytes:\n  x", "it cannot hold \"x"),
        ("reads as:", "comment\nreads as:", "it was changed by hand"),
    ] {
        let text = damaged(&folder, from, to);
        assert!(text.contains(why), "{from:?}: {text}");
    }
}

#[test]
fn what_it_was_read_as_is_compared() {
    let folder = recorded("reads-as");
    let text = folder.read("filled.v1.golden").replace("coins: 7", "coins: 8");
    folder.write("filled.v1.golden", &text);
    let ([flaw], text) = flaws(wallets(&folder).try_check());
    assert!(matches!(flaw, Flaw::ReadDifferently { .. }), "{text}");
    wallets(&folder).record().unwrap();
}

#[test]
fn a_file_under_another_name_is_misnamed() {
    let folder = recorded("misnamed");
    folder.rename("filled.v1.golden", "emptied.v1.golden");
    let (found, text) = flaws::<2>(wallets(&folder).try_check());
    assert!(matches!(&found[0], Flaw::Misnamed { file, .. } if file == "emptied.v1.golden"), "{text}");
    assert!(matches!(&found[1], Flaw::Missing { form } if form.file() == "filled.v1.golden"), "{text}");
}

#[test]
fn what_is_no_golden_file_has_no_place_among_them() {
    let folder = recorded("stranger");
    folder.write("notes.txt", "remember the milk");
    let (_, text) = flaws::<1>(wallets(&folder).try_check());
    assert!(text.contains("notes.txt is damaged: its first line is not"), "{text}");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = recorded("no-folder");
    let file = folder.path().join("filled.v1.golden");
    let golden = annals_testkit::golden::<crate::wallet::Wallet>(&file);
    let ([flaw], text) = flaws(golden.try_check());
    assert!(matches!(&flaw, Flaw::Inaccessible { .. }) && text.contains("filled.v1.golden"), "{text}");
}

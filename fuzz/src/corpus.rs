//! The kept inputs of each target, as they lie in `fuzz/corpus`.

use crate::Target;
use std::fs;
use std::path::Path;

/// The inputs that are kept for a target, in the order of their names.
///
/// # Panics
/// When there are none.
pub fn kept_inputs(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let listed = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = listed.map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| fs::read(file).expect("it can be read")).collect()
}

//! What a check that fails says.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The work panics, with all of these words.
pub(crate) fn says<T>(words: &[&str], work: impl FnOnce() -> T) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else {
        panic!("nothing was said of {words:?}");
    };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).expect("a panic has a text");
    for words in words {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

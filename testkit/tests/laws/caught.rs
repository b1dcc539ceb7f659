//! What a law that does not hold must look like.

use annals_testkit::laws::{Broken, Law};

/// It breaks this law, its case is this short, and it reads well.
pub(crate) fn caught(checked: Result<(), Broken>, law: Law, steps: usize) -> Broken {
    let broken = checked.expect_err("no law was broken");
    assert_eq!(broken.law, law, "{broken}");
    assert_eq!(broken.steps.len(), steps, "{broken}");
    let text = broken.to_string();
    let seed = format!("ANNALS_SEED={:#x}", broken.seed);
    for part in broken.steps.iter().map(String::as_str).chain([seed.as_str(), &law.to_string(), &broken.what])
    {
        assert!(text.contains(part), "{text}");
    }
    broken
}

/// The same, and what is wrong is said in these words.
pub(crate) fn caught_saying(checked: Result<(), Broken>, law: Law, steps: usize, words: &str) -> Broken {
    let broken = caught(checked, law, steps);
    assert!(broken.what.contains(words), "{broken}");
    broken
}

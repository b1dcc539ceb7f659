//! How tests look at what a macro generated.

use proc_macro2::TokenStream;

/// Fails unless `part` is in `expanded`. Spaces and trailing commas do not count.
pub(crate) fn assert_contains(expanded: &TokenStream, part: TokenStream) {
    let (expanded, part) = (tight(expanded), tight(&part));
    assert!(expanded.contains(&part), "not generated:\n{part}\n\nbut:\n{expanded}");
}

fn tight(tokens: &TokenStream) -> String {
    let mut text = tokens.to_string();
    text.retain(|letter| !letter.is_whitespace());
    text.replace(",)", ")").replace(",}", "}")
}

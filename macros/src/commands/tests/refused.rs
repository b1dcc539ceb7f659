//! What is refused, each with its reason.

use super::of;
use crate::commands::expand;
use proc_macro2::TokenStream;
use quote::quote;

#[test]
fn what_is_no_command_is_refused_with_a_reason() {
    for (methods, reason) in [
        (
            quote!(
                pub fn a(self) {}
            ),
            "a handler sees `&self`",
        ),
        (
            quote!(
                pub fn a(self: Arc<Self>) {}
            ),
            "a handler sees `&self`",
        ),
        (
            quote!(
                pub fn a<'a>(&'a self) {}
            ),
            "plain `&self`",
        ),
        (
            quote!(
                pub const fn a(&self) {}
            ),
            "never in a constant",
        ),
        (
            quote!(
                pub unsafe fn a(&self) {}
            ),
            "cannot be `unsafe`",
        ),
        (
            quote!(
                pub extern "C" fn a(&self) {}
            ),
            "cannot be `extern`",
        ),
        (
            quote!(
                pub fn a(&self, (x, y): (u8, u8)) {}
            ),
            "a plain name",
        ),
        (
            quote!(
                pub fn a(&self, ctx: &Context<Self>, again: &Context<Self>) {}
            ),
            "take it once",
        ),
        (
            quote!(
                pub fn a(&self, ctx: &mut Context<Self>) {}
            ),
            "only read",
        ),
        (
            quote!(
                pub fn a(&self, ctx: Context<Self>) {}
            ),
            "is lent",
        ),
        (
            quote!(
                pub fn a(&self, #[cfg(test)] x: u8) {}
            ),
            "two stored forms",
        ),
        (
            quote!(
                pub fn a(&self) -> &str {}
            ),
            "return `String`",
        ),
        (
            quote!(
                pub fn a(&self) -> impl Debug {}
            ),
            "a named type",
        ),
        (
            quote!(
                pub fn id(&self) {}
            ),
            "a method `id` of its own",
        ),
        (
            quote!(
                pub fn clone(&self) {}
            ),
            "a method `clone` of its own",
        ),
        (
            quote!(
                fn helper(&self) {}
            ),
            "no command in this block",
        ),
        (
            quote!(
                #[command(name = "b")]
                fn a(&self) {}
            ),
            "this is no command",
        ),
        (
            quote!(
                #[command(name = "b")]
                pub(self) fn a(&self) {}
            ),
            "this is no command",
        ),
        (
            quote!(
                #[command(name = "b")]
                pub fn a() {}
            ),
            "this is no command",
        ),
        (
            quote!(
                #[command(skip, name = "b")]
                pub fn a(&self) {}
            ),
            "the other options mean nothing",
        ),
        (
            quote!(
                #[command(name = "")]
                pub fn a(&self) {}
            ),
            "never empty",
        ),
        (
            quote!(
                #[command(nam = "b")]
                pub fn a(&self) {}
            ),
            "there is `skip`, `name`, `ready` and `deadline`",
        ),
        (
            quote!(
                #[command(name = "b", name = "c")]
                pub fn a(&self) {}
            ),
            "given twice",
        ),
        (
            quote!(
                #[command(deadline = X)]
                pub fn a(&self) {}
            ),
            "only an `async` command waits",
        ),
    ] {
        let expanded = of(TokenStream::new(), methods.clone()).to_string();
        assert!(expanded.contains("compile_error") && expanded.contains(reason), "{methods}: {expanded}");
    }
}

#[test]
fn a_block_that_is_no_entity_is_refused_with_a_reason() {
    for (options, block, reason) in [
        (
            quote!(),
            quote!(
                struct Account;
            ),
            "stands on the block `impl Account",
        ),
        (quote!(), quote!(impl Clone for Account {}), "not in that of a trait"),
        (
            quote!(),
            quote!(
                impl<T> Account<T> {}
            ),
            "cannot be generic",
        ),
        (quote!(), quote!(impl Account<u8> {}), "cannot be generic"),
        (
            quote!(),
            quote!(
                impl (u8, u8) {}
            ),
            "a struct or an enum of its own name",
        ),
        (quote!(name = "x"), quote!(impl Account {}), "there is `ref`, `configure` and `parts`"),
    ] {
        let expanded = expand(options, block.clone()).to_string();
        assert!(expanded.contains("compile_error") && expanded.contains(reason), "{block}: {expanded}");
    }
}

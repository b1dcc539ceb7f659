//! Blocks and what becomes of them, as tokens.

mod generated;
mod refused;

use super::expand;
use proc_macro2::TokenStream;
use quote::quote;

fn of(options: TokenStream, methods: TokenStream) -> TokenStream {
    expand(options, quote!(impl Account { #methods }))
}

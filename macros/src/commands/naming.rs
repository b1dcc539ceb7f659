//! Names of the hidden command types: those of the methods, in the case of types.
//!
//! They stand in one scope with everything that the user's signatures name, and must hide none of it.

use crate::case::pascal;
use proc_macro2::{TokenStream, TokenTree};
use quote::format_ident;
use std::collections::BTreeSet;
use syn::Ident;
use syn::ext::IdentExt as _;

pub(super) struct TypeNames {
    taken: BTreeSet<String>,
}

impl TypeNames {
    /// Names that do not occur in `tokens`.
    pub(super) fn beside(tokens: TokenStream) -> Self {
        let mut taken = BTreeSet::from(["Self".to_owned()]);
        collect(tokens, &mut taken);
        Self { taken }
    }

    /// `Deposit` for `deposit`; `DepositCommand` if there is a `Deposit` already, and so on.
    pub(super) fn of(&mut self, method: &Ident) -> Ident {
        let mut name = pascal(&method.unraw().to_string());
        while !self.taken.insert(name.clone()) {
            name.push_str("Command");
        }
        format_ident!("{name}", span = method.span())
    }
}

fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                names.insert(ident.unraw().to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn a_command_type_hides_no_type_of_the_user() {
        let mut names = TypeNames::beside(quote! {
            pub fn deposit(&self, money: Vec<Deposit>) -> Effect<Self> { .. }
        });
        for (method, expected) in [
            ("deposit", "DepositCommand"),
            ("deposit_command", "DepositCommandCommand"),
            ("self_", "SelfCommand"),
        ] {
            assert_eq!(names.of(&format_ident!("{method}")), expected);
        }
    }
}

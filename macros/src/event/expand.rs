//! The implementation of `Event` that is generated.

use super::{EventType, Kind};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Path};

pub(super) fn expand(ident: &Ident, event: &EventType) -> TokenStream {
    let EventType { entity, upcasters, kinds } = event;
    let manifests = kinds.iter().map(manifest);
    let arms = kinds.iter().map(arm);
    let upcasters = upcasters.as_ref().map(upcasters_fn);
    quote! {
        #[automatically_derived]
        impl ::annals::Event for #ident {
            type Entity = #entity;

            const MANIFESTS: &'static [::annals::Manifest] = &[#(#manifests),*];

            fn manifest(&self) -> ::annals::Manifest {
                match self {
                    #(#arms)*
                }
            }

            #upcasters
        }
    }
}

fn manifest(kind: &Kind) -> TokenStream {
    let Kind { name, version, .. } = kind;
    quote!(::annals::Manifest::new(#name, #version))
}

fn arm(kind: &Kind) -> TokenStream {
    let manifest = manifest(kind);
    match &kind.variant {
        Some(variant) => quote!(Self::#variant { .. } => #manifest,),
        None => quote!(Self { .. } => #manifest,),
    }
}

fn upcasters_fn(path: &Path) -> TokenStream {
    quote! {
        fn upcasters() -> ::annals::Upcasters<Self> {
            #path()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::event::derive;
    use crate::expansion::assert_contains;
    use quote::quote;

    #[test]
    fn a_variant_has_its_snake_case_name_unless_it_says_otherwise() {
        let expanded = derive(quote! {
            #[event(entity = Account)]
            enum AccountEvent {
                CardBlocked,
                #[event(name = "paid_in", version = 2)]
                Deposited { cents: u64 },
            }
        });
        assert_contains(
            &expanded,
            quote!(Self::CardBlocked { .. } => ::annals::Manifest::new("card_blocked", 1u32)),
        );
        assert_contains(
            &expanded,
            quote!(Self::Deposited { .. } => ::annals::Manifest::new("paid_in", 2u32)),
        );
    }

    #[test]
    fn upcasters_are_taken_from_the_path_that_is_given() {
        let expanded = derive(quote! {
            #[event(entity = Account, name = "paid", upcasters = history::of_paid)]
            struct Paid;
        });
        assert_contains(
            &expanded,
            quote! {
                fn upcasters() -> ::annals::Upcasters<Self> {
                    history::of_paid()
                }
            },
        );
    }

    #[test]
    fn without_the_option_the_default_upcasters_stay() {
        let expanded = derive(quote! {
            #[event(entity = Account, name = "paid")]
            struct Paid;
        });
        assert!(!expanded.to_string().contains("upcasters"), "{expanded}");
    }
}

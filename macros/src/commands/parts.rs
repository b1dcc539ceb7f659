//! The parts of the entity: fields with behaviour of their own.

use super::Block;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn implement(block: &Block) -> TokenStream {
    let entity = &block.entity;
    let parts = block.parts.iter().map(|part| {
        let (field, ty) = (&part.field, &part.ty);
        quote! {
            #[automatically_derived]
            impl ::annals::Has<#ty> for #entity {
                fn part(&self) -> &#ty {
                    &self.#field
                }

                fn part_mut(&mut self) -> &mut #ty {
                    &mut self.#field
                }

                fn into_part(self) -> #ty {
                    self.#field
                }
            }
        }
    });
    quote!(#(#parts)*)
}

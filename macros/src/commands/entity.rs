//! The definition of the entity.

use super::command::Speed;
use super::{Block, Command};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn implement(block: &Block) -> TokenStream {
    let Block { entity, client, .. } = block;
    let commands = block.commands.iter().map(list);
    let parts = block.parts.iter().map(|part| {
        let ty = &part.ty;
        quote!(let definition = definition.part::<#ty>();)
    });
    let configured = match &block.configure {
        Some(configure) => quote!(#configure(definition)),
        None => quote!(definition),
    };
    quote! {
        #[automatically_derived]
        impl ::annals::Entity for #entity {
            type Ref = #client;

            fn definition() -> ::annals::Definition<Self> {
                let definition = {
                    use ::annals::__private::kinds::*;
                    (&&&&::annals::__private::Kind::<#entity>::NEW).definition()
                };
                #(#commands)*
                #(#parts)*
                #configured
            }
        }
    }
}

fn list(command: &Command) -> TokenStream {
    let (conditions, ty) = (&command.conditions, &command.ty);
    let method = match command.speed {
        Speed::AtOnce => quote!(command),
        Speed::Async { .. } => quote!(async_command),
    };
    quote!(#(#conditions)* let definition = definition.#method::<#ty>();)
}

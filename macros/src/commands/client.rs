//! The client: a ref with a method for every command.

use super::command::Speed;
use super::{Block, Command};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

/// The type. It stands outside of the hidden scope, so that it has a name.
pub(super) fn declare(block: &Block) -> TokenStream {
    let Block { entity, client, .. } = block;
    let name = &entity.segments.last().expect("a path has a segment").ident;
    let documentation = format!(
        "The client of one `{name}`: a method for every command and query. Cheap to clone, and usable from any \
         task; it keeps its node alive."
    );
    quote! {
        #[doc = #documentation]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(dead_code, unreachable_pub)]
        pub struct #client(::annals::EntityRef<#entity>);
    }
}

pub(super) fn implement(block: &Block) -> TokenStream {
    let Block { entity, client, .. } = block;
    let methods = block.commands.iter().map(|command| method(command, block));
    let part = part(block);
    quote! {
        #[automatically_derived]
        impl ::core::convert::From<::annals::Target<#entity>> for #client {
            fn from(target: ::annals::Target<#entity>) -> Self {
                Self(::core::convert::From::from(target))
            }
        }

        impl #client {
            #(#methods)*

            /// The entity's id.
            pub fn id(&self) -> &::annals::EntityId {
                self.0.id()
            }

            /// The same ref, for code that works with every entity.
            pub fn as_entity_ref(&self) -> &::annals::EntityRef<#entity> {
                &self.0
            }

            #part
        }
    }
}

fn method(command: &Command, block: &Block) -> TokenStream {
    let Command { method, visibility, documentation, conditions, ty, .. } = command;
    let entity = &block.entity;
    let says_nothing = !documentation.iter().any(|attribute| attribute.path().is_ident("doc"));
    let default = says_nothing.then(|| {
        let text = format!("Makes a call of `{method}`.");
        quote!(#[doc = #text])
    });
    let parameters = command.fields().map(|field| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(#ident: #ty)
    });
    let fields = command.fields().map(|field| &field.ident);
    let (ask, handled) = match command.speed {
        Speed::AtOnce => (quote!(ask), quote!(::annals::Directly)),
        Speed::Async { .. } => (quote!(ask_async), quote!(::annals::Awaited)),
    };
    quote_spanned! {method.span()=>
        #(#conditions)*
        #(#documentation)*
        #default
        #visibility fn #method(&self, #(#parameters),*) -> ::annals::Call<#entity, #ty, #handled> {
            self.0.#ask(#ty { #(#fields),* })
        }
    }
}

fn part(block: &Block) -> Option<TokenStream> {
    let entity = &block.entity;
    (!block.parts.is_empty()).then(|| {
        quote! {
            /// The client of one part of the entity.
            pub fn part<P>(&self) -> <P as ::annals::Entity>::Ref
            where
                P: ::annals::Entity + ::annals::EventSourced,
                #entity: ::annals::Has<P>,
            {
                self.0.part::<P>()
            }
        }
    })
}

//! The hidden type of a command, and the handler that calls the method.

use super::command::Speed;
use super::{Argument, Block, Command};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Expr;

pub(super) fn implement(command: &Command, block: &Block) -> TokenStream {
    let ty = command_type(command);
    let handler = handler(command, block);
    quote!(#ty #handler)
}

fn command_type(command: &Command) -> TokenStream {
    let Command { method, visibility, conditions, ty, name, .. } = command;
    let documentation = format!("The arguments of `{method}`.");
    let fields = command.fields().map(|field| {
        let (ident, ty, attributes) = (&field.ident, &field.ty, &field.attributes);
        quote!(#(#attributes)* #ident: #ty)
    });
    quote_spanned! {method.span()=>
        #(#conditions)*
        #[doc = #documentation]
        #[derive(
            ::core::clone::Clone,
            ::annals::__private::serde::Serialize,
            ::annals::__private::serde::Deserialize
        )]
        #[serde(crate = "::annals::__private::serde")]
        #visibility struct #ty {
            #(#fields),*
        }

        #(#conditions)*
        #[automatically_derived]
        impl ::annals::Command for #ty {
            const NAME: &'static ::core::primitive::str = #name;
        }
    }
}

fn handler(command: &Command, block: &Block) -> TokenStream {
    let (entity, Command { method, conditions, ty, .. }) = (&block.entity, command);
    let output = command.output.as_ref().map_or_else(|| quote!(()), |output| quote!(#output));
    let arguments = command.arguments.iter().map(|argument| match argument {
        Argument::Context => quote!(ctx),
        Argument::Field(field) => {
            let ident = &field.ident;
            quote!(command.#ident)
        }
    });
    let call = quote!(#entity::#method(self, #(#arguments),*));
    let ready = ready(command);
    let parts = match &command.speed {
        Speed::AtOnce => {
            AtOnceOrAsync { of: quote!(Handler), returns: quote!(Self::Output), deadline: TokenStream::new() }
        }
        Speed::Async { deadline } => AtOnceOrAsync {
            of: quote!(AsyncHandler),
            returns: quote!(impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send),
            deadline: deadline.as_ref().map(deadline_fn).unwrap_or_default(),
        },
    };
    let AtOnceOrAsync { of, returns, deadline } = parts;
    quote_spanned! {method.span()=>
        #(#conditions)*
        #[automatically_derived]
        impl ::annals::#of<#ty> for #entity {
            type Output = #output;

            fn handle(&self, command: #ty, ctx: &::annals::Context<Self>) -> #returns {
                #call
            }

            #ready
            #deadline
        }
    }
}

/// Where the two kinds of handlers differ.
struct AtOnceOrAsync {
    of: TokenStream,
    returns: TokenStream,
    deadline: TokenStream,
}

fn deadline_fn(deadline: &Expr) -> TokenStream {
    quote! {
        fn deadline() -> ::core::option::Option<::core::time::Duration> {
            ::core::option::Option::Some(#deadline)
        }
    }
}

fn ready(command: &Command) -> Option<TokenStream> {
    let (ty, ready) = (&command.ty, command.ready.as_ref()?);
    let fields = command.fields().map(|field| {
        let ident = &field.ident;
        quote!(&command.#ident)
    });
    Some(quote! {
        fn ready(&self, command: &#ty) -> ::core::primitive::bool {
            #ready(self, #(#fields),*)
        }
    })
}

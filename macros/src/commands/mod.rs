//! `#[annals::commands]`: an impl block becomes the commands of an entity and its client.

mod argument;
mod block;
mod client;
mod command;
mod entity;
mod handler;
mod naming;
mod options;
mod owned;
mod parts;
mod signature;
mod strip;

#[cfg(test)]
mod tests;

use block::Block;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemImpl};

use argument::Argument;
use command::Command;

pub(crate) fn expand(options: TokenStream, block: TokenStream) -> TokenStream {
    let mut item = match syn::parse2::<ItemImpl>(block.clone()) {
        Ok(item) => item,
        Err(error) => {
            let message = "`#[annals::commands]` stands on the block `impl Account { .. }` of an entity";
            let mut errors = Error::new_spanned(&block, message);
            errors.combine(error);
            return errors.into_compile_error();
        }
    };
    let generated = match Block::read(options, &item) {
        Ok(block) => generate(&block),
        Err(error) => error.into_compile_error(),
    };
    strip::strip(&mut item);
    // Also beside an error: whoever calls these methods should not get a second one. `pub` marks a command here,
    // also of an entity that is private itself.
    quote!(#[allow(unreachable_pub)] #item #generated)
}

fn generate(block: &Block) -> TokenStream {
    let client_type = client::declare(block);
    let handlers = block.commands.iter().map(|command| handler::implement(command, block));
    let client = client::implement(block);
    let entity = entity::implement(block);
    let parts = parts::implement(block);
    quote! {
        #client_type

        #[allow(
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            dead_code,
            deprecated,
            missing_debug_implementations,
            private_bounds,
            private_interfaces,
            rustdoc::broken_intra_doc_links,
            rustdoc::private_intra_doc_links,
            unreachable_pub,
            unused_qualifications,
            unused_variables
        )]
        const _: () = {
            #(#handlers)*
            #client
            #entity
            #parts
        };
    }
}

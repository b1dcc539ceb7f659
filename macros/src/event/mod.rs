//! `#[derive(Event)]`: names and versions of events.

mod expand;
mod kinds;
mod options;

use proc_macro2::TokenStream;
use syn::{DeriveInput, Error, Path, Result, Type};

use kinds::Kind;
use options::TypeOptions;

/// What is known of a type that derives `Event`.
struct EventType {
    entity: Type,
    upcasters: Option<Path>,
    kinds: Vec<Kind>,
}

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let derived = syn::parse2(input).and_then(|input: DeriveInput| {
        let event = read(&input)?;
        Ok(expand::expand(&input.ident, &event))
    });
    derived.unwrap_or_else(Error::into_compile_error)
}

fn read(input: &DeriveInput) -> Result<EventType> {
    if !input.generics.params.is_empty() {
        let message = "an event has one stored form, so its type cannot be generic";
        return Err(Error::new_spanned(&input.generics, message));
    }
    let options = TypeOptions::read(&input.attrs)?;
    let kinds = kinds::read(input, &options)?;
    let Some(entity) = options.entity else {
        let message = "an event happens to an entity: say which with `#[event(entity = ..)]`";
        return Err(Error::new_spanned(&input.ident, message));
    };
    Ok(EventType { entity, upcasters: options.upcasters, kinds })
}

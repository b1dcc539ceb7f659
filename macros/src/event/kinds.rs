//! The kinds of event in a type: the variants of an enum, or a struct as a whole.

use super::options::{KindOptions, TypeOptions};
use crate::case::snake;
use std::collections::BTreeSet;
use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Error, Ident, Result};

/// One kind of event.
pub(super) struct Kind {
    /// None for a struct.
    pub(super) variant: Option<Ident>,
    pub(super) name: String,
    pub(super) version: u32,
}

pub(super) fn read(input: &DeriveInput, options: &TypeOptions) -> Result<Vec<Kind>> {
    match &input.data {
        Data::Enum(data) => of_enum(input, data, &options.kind),
        Data::Struct(_) => of_struct(&input.ident, &options.kind).map(|kind| vec![kind]),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, "an event is an enum or a struct")),
    }
}

fn of_struct(ident: &Ident, options: &KindOptions) -> Result<Kind> {
    let Some(name) = &options.name else {
        let message = format!(
            "a struct needs a stored name, which stays when the type is renamed: \
             `#[event(entity = .., name = \"{}\")]`",
            snake(&ident.unraw().to_string())
        );
        return Err(Error::new_spanned(ident, message));
    };
    Ok(Kind { variant: None, name: name.value(), version: options.version.unwrap_or(1) })
}

fn of_enum(input: &DeriveInput, data: &DataEnum, of_type: &KindOptions) -> Result<Vec<Kind>> {
    if of_type.name.is_some() || of_type.version.is_some() {
        let message = "in an enum every variant has its own: put `name` and `version` on the variants";
        return Err(Error::new_spanned(&input.ident, message));
    }
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "an event enum needs a variant"));
    }
    let mut kinds = Vec::new();
    let mut seen = BTreeSet::new();
    for variant in &data.variants {
        let options = KindOptions::read(&variant.attrs)?;
        let name = match &options.name {
            Some(name) => name.value(),
            None => snake(&variant.ident.unraw().to_string()),
        };
        let version = options.version.unwrap_or(1);
        if !seen.insert((name.clone(), version)) {
            let message = format!(
                "two events are called `{name}` version {version}: give one another name or version, \
                 `#[event(name = \"..\", version = ..)]`"
            );
            return Err(Error::new_spanned(&variant.ident, message));
        }
        kinds.push(Kind { variant: Some(variant.ident.clone()), name, version });
    }
    Ok(kinds)
}

//! The options in `#[event(..)]`, on a type and on a variant.

use crate::option::{name, once, unknown, version};
use syn::{Attribute, LitStr, Path, Result, Type};

/// `#[event(entity = Account, name = "..", version = 2, upcasters = path)]` on the type.
#[derive(Default)]
pub(super) struct TypeOptions {
    pub(super) entity: Option<Type>,
    pub(super) upcasters: Option<Path>,
    /// Of a struct only.
    pub(super) kind: KindOptions,
}

/// `#[event(name = "..", version = 2)]` on a variant.
#[derive(Default)]
pub(super) struct KindOptions {
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<u32>,
}

impl TypeOptions {
    pub(super) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("entity") {
                    once(&mut options.entity, &meta, meta.value()?.parse()?)
                } else if meta.path.is_ident("upcasters") {
                    once(&mut options.upcasters, &meta, meta.value()?.parse()?)
                } else if meta.path.is_ident("name") {
                    once(&mut options.kind.name, &meta, name(&meta)?)
                } else if meta.path.is_ident("version") {
                    once(&mut options.kind.version, &meta, version(&meta)?)
                } else {
                    Err(unknown(&meta, "`entity`, `upcasters`, and on a struct `name` and `version`"))
                }
            })?;
        }
        Ok(options)
    }
}

impl KindOptions {
    pub(super) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    once(&mut options.name, &meta, name(&meta)?)
                } else if meta.path.is_ident("version") {
                    once(&mut options.version, &meta, version(&meta)?)
                } else {
                    Err(unknown(&meta, "`name` and `version`; the others stand on the type"))
                }
            })?;
        }
        Ok(options)
    }
}

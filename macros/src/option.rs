//! What all our attributes share: each option is known, given once, and holds something sensible.

use syn::meta::ParseNestedMeta;
use syn::{Error, LitInt, LitStr, Result};

/// Keeps the value of an option that may be given once.
pub(crate) fn once<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match slot.replace(value) {
        Some(_) => Err(meta.error("given twice")),
        None => Ok(()),
    }
}

/// The error for an option that does not exist.
pub(crate) fn unknown(meta: &ParseNestedMeta<'_>, known: &str) -> Error {
    meta.error(format!("unknown option: there is {known}"))
}

/// The value of `name = ".."`.
pub(crate) fn name(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let name: LitStr = meta.value()?.parse()?;
    if name.value().is_empty() {
        return Err(Error::new(name.span(), "a stored name is never empty"));
    }
    Ok(name)
}

/// The value of `version = 2`.
pub(crate) fn version(meta: &ParseNestedMeta<'_>) -> Result<u32> {
    let literal: LitInt = meta.value()?.parse()?;
    match literal.base10_parse()? {
        0 => Err(Error::new(literal.span(), "versions count from 1")),
        version => Ok(version),
    }
}

//! The options of the block and of one method.

use crate::option::{name, once, unknown};
use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, Ident, LitStr, Path, Result, Token, Type, parenthesized};

/// `#[annals::commands(ref = AccountClient, configure = path, parts(audit: AuditTrail))]`.
#[derive(Default)]
pub(super) struct BlockOptions {
    pub(super) client: Option<Ident>,
    pub(super) configure: Option<Path>,
    pub(super) parts: Option<Vec<Part>>,
}

/// A field of the entity that has behaviour of its own.
pub(super) struct Part {
    pub(super) field: Ident,
    pub(super) ty: Type,
}

impl Parse for Part {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let field = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { field, ty: input.parse()? })
    }
}

impl BlockOptions {
    pub(super) fn read(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("ref") {
                once(&mut options.client, &meta, meta.value()?.parse()?)
            } else if meta.path.is_ident("configure") {
                once(&mut options.configure, &meta, meta.value()?.parse()?)
            } else if meta.path.is_ident("parts") {
                let parts;
                parenthesized!(parts in meta.input);
                let parts = Punctuated::<Part, Token![,]>::parse_terminated(&parts)?;
                once(&mut options.parts, &meta, parts.into_iter().collect())
            } else {
                Err(unknown(&meta, "`ref`, `configure` and `parts`"))
            }
        });
        parser.parse2(tokens)?;
        Ok(options)
    }
}

/// `#[command(name = "..", ready = path, deadline = expression)]`, or `#[command(skip)]`.
#[derive(Default)]
pub(super) struct MethodOptions {
    /// Where the first attribute stands.
    pub(super) span: Option<Span>,
    pub(super) skip: Option<()>,
    pub(super) name: Option<LitStr>,
    pub(super) ready: Option<Path>,
    pub(super) deadline: Option<Expr>,
}

impl MethodOptions {
    pub(super) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("command")) {
            options.span.get_or_insert(attribute.path().span());
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("skip") {
                    once(&mut options.skip, &meta, ())
                } else if meta.path.is_ident("name") {
                    once(&mut options.name, &meta, name(&meta)?)
                } else if meta.path.is_ident("ready") {
                    once(&mut options.ready, &meta, meta.value()?.parse()?)
                } else if meta.path.is_ident("deadline") {
                    once(&mut options.deadline, &meta, meta.value()?.parse()?)
                } else {
                    Err(unknown(&meta, "`skip`, `name`, `ready` and `deadline`"))
                }
            })?;
        }
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<()> {
        let others = self.name.is_some() || self.ready.is_some() || self.deadline.is_some();
        match (self.skip, self.span) {
            (Some(()), Some(span)) if others => {
                Err(Error::new(span, "a skipped method is no command: the other options mean nothing"))
            }
            _ => Ok(()),
        }
    }
}

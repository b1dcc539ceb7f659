//! One method, read as a command or query.

use super::argument::{self, Argument, Field};
use super::naming::TypeNames;
use super::options::MethodOptions;
use super::owned::{self, Place};
use super::signature;
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Attribute, Error, Expr, Ident, ImplItemFn, Path, Result, ReturnType, Type, Visibility};

/// A command or query, as its method says it.
pub(super) struct Command {
    pub(super) method: Ident,
    pub(super) visibility: Visibility,
    /// What is known of it to its readers, and holds for the client's method too.
    pub(super) documentation: Vec<Attribute>,
    /// `#[cfg(..)]`: everything that is generated for the command has the same.
    pub(super) conditions: Vec<Attribute>,
    /// The hidden type of its arguments.
    pub(super) ty: Ident,
    pub(super) name: String,
    pub(super) name_span: Span,
    /// In the order of the method.
    pub(super) arguments: Vec<Argument>,
    /// None for `()`.
    pub(super) output: Option<Type>,
    pub(super) speed: Speed,
    pub(super) ready: Option<Path>,
}

/// Whether the handler may wait for something.
pub(super) enum Speed {
    AtOnce,
    Async { deadline: Option<Expr> },
}

impl Command {
    /// The command that `method` is, if it is one.
    pub(super) fn read(method: &ImplItemFn, entity: &Path, names: &mut TypeNames) -> Result<Option<Self>> {
        let options = MethodOptions::read(&method.attrs)?;
        if is_private(&method.vis) || method.sig.receiver().is_none() {
            return match options.span {
                None => Ok(None),
                Some(span) => Err(Error::new(
                    span,
                    "this is no command: one takes `&self` and is not private (`pub`, `pub(crate)`, ..)",
                )),
            };
        }
        if options.skip.is_some() {
            return Ok(None);
        }
        signature::check(&method.sig)?;
        let output = match &method.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some((**ty).clone()),
        };
        output.as_ref().map_or(Ok(()), |ty| owned::check(ty, Place::Reply))?;
        let ident = &method.sig.ident;
        let with_path = |known: &[&str]| {
            let known = |attribute: &&Attribute| known.iter().any(|name| attribute.path().is_ident(name));
            method.attrs.iter().filter(known).cloned().collect()
        };
        Ok(Some(Self {
            visibility: method.vis.clone(),
            documentation: with_path(&["doc", "deprecated"]),
            conditions: with_path(&["cfg"]),
            ty: names.of(ident),
            name: options.name.as_ref().map_or_else(|| ident.unraw().to_string(), |name| name.value()),
            name_span: options.name.as_ref().map_or(ident.span(), |name| name.span()),
            arguments: argument::read_all(&method.sig, entity)?,
            output,
            speed: speed(method, options.deadline)?,
            ready: options.ready,
            method: ident.clone(),
        }))
    }

    /// The arguments that the caller gives.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Field(field) => Some(field),
            Argument::Context => None,
        })
    }
}

fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Inherited => true,
        Visibility::Restricted(restricted) => restricted.path.is_ident("self"),
        Visibility::Public(_) => false,
    }
}

fn speed(method: &ImplItemFn, deadline: Option<Expr>) -> Result<Speed> {
    match (method.sig.asyncness, deadline) {
        (Some(_), deadline) => Ok(Speed::Async { deadline }),
        (None, None) => Ok(Speed::AtOnce),
        (None, Some(deadline)) => {
            Err(Error::new_spanned(deadline, "only an `async` command waits, so only it has a deadline"))
        }
    }
}

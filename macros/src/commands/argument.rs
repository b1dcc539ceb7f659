//! The arguments of a command: those that the caller gives, and the context.

use super::owned::{self, Place};
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Error, FnArg, Ident, Pat, PatType, Path, PathArguments, Result, Signature, Type};

/// One argument.
pub(super) enum Argument {
    /// `ctx: &Context<Self>`; the caller does not see it.
    Context,
    /// A field of the command.
    Field(Field),
}

pub(super) struct Field {
    pub(super) ident: Ident,
    /// Without `Self`.
    pub(super) ty: TokenStream,
    /// `#[serde(..)]`, of its stored form.
    pub(super) attributes: Vec<Attribute>,
}

/// All arguments but `&self`.
pub(super) fn read_all(signature: &Signature, entity: &Path) -> Result<Vec<Argument>> {
    let mut arguments = Vec::new();
    for argument in &signature.inputs {
        let FnArg::Typed(typed) = argument else { continue };
        if is_context(&typed.ty)? {
            if arguments.iter().any(|argument| matches!(argument, Argument::Context)) {
                return Err(Error::new_spanned(typed, "there is one context: take it once"));
            }
            arguments.push(Argument::Context);
        } else {
            arguments.push(Argument::Field(field(typed, entity)?));
        }
    }
    Ok(arguments)
}

/// Whether the type is `&Context<Self>`.
fn is_context(ty: &Type) -> Result<bool> {
    match ty {
        Type::Reference(reference) if context_segment(&reference.elem).is_some() => {
            match reference.mutability {
                None => Ok(true),
                Some(_) => Err(Error::new_spanned(ty, "the context is only read: take `&Context<Self>`")),
            }
        }
        _ => match context_segment(ty) {
            Some(PathArguments::AngleBracketed(_)) => {
                Err(Error::new_spanned(ty, "the context is lent: take `&Context<Self>`"))
            }
            // A type of the user that has this name.
            _ => Ok(false),
        },
    }
}

/// What stands behind the last `Context` of a path.
fn context_segment(ty: &Type) -> Option<&PathArguments> {
    let Type::Path(ty) = ty else { return None };
    let last = ty.path.segments.last()?;
    (last.ident == "Context").then_some(&last.arguments)
}

fn field(typed: &PatType, entity: &Path) -> Result<Field> {
    let ident = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => pat.ident.clone(),
        other => {
            let message = "an argument is a field of the stored command: give it a plain name, and take it apart inside";
            return Err(Error::new_spanned(other, message));
        }
    };
    owned::check(&typed.ty, Place::Argument)?;
    if let Some(cfg) = typed.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
        let message =
            "with this the command would have two stored forms: make two commands, each with its own `cfg`";
        return Err(Error::new_spanned(cfg, message));
    }
    let kept = |attribute: &&Attribute| attribute.path().is_ident("serde");
    Ok(Field {
        ident,
        ty: without_self(typed.ty.to_token_stream(), entity),
        attributes: typed.attrs.iter().filter(kept).cloned().collect(),
    })
}

/// The same tokens where `Self` is another type: with the entity by its name.
fn without_self(tokens: TokenStream, entity: &Path) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => quote!(#entity),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream(), entity));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(replace).collect::<Vec<TokenStream>>().into_iter().collect()
}

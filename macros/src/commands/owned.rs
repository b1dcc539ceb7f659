//! What is stored and sent owns all that it holds.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Error, Result, Type};

/// Where a type stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Argument,
    Reply,
}

/// Refuses a type that borrows, or that is not known by name.
pub(super) fn check(ty: &Type, place: Place) -> Result<()> {
    let (what, verb) = match place {
        Place::Argument => ("a command", "take"),
        Place::Reply => ("a reply", "return"),
    };
    let message = match ty {
        Type::Reference(reference) => {
            let (owned, borrowed) = (owned(&reference.elem), text(ty));
            format!("{what} is stored and sent: {verb} `{owned}` instead of `{borrowed}`")
        }
        _ => match find(ty.to_token_stream()) {
            None => return Ok(()),
            Some(Unowned::Borrowed) => {
                format!(
                    "{what} is stored and sent: {verb} a type that owns what it holds instead of `{}`",
                    text(ty)
                )
            }
            Some(Unowned::Impl) => {
                format!("{what} has one stored form: {verb} a named type instead of `{}`", text(ty))
            }
            Some(Unowned::Dyn) => {
                format!("{what} is stored and sent, which no `dyn` type can be: {verb} a named type")
            }
        },
    };
    Err(Error::new_spanned(ty, message))
}

enum Unowned {
    Borrowed,
    Impl,
    Dyn,
}

/// Looks for what cannot be stored, anywhere in the type.
fn find(tokens: TokenStream) -> Option<Unowned> {
    tokens.into_iter().find_map(|token| match token {
        // In angle brackets and alone `&` only borrows, and `'` only begins a lifetime.
        TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | '\'') => Some(Unowned::Borrowed),
        TokenTree::Ident(ident) if ident == "impl" => Some(Unowned::Impl),
        TokenTree::Ident(ident) if ident == "dyn" => Some(Unowned::Dyn),
        // A block is the value of a const parameter.
        TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => find(group.stream()),
        _ => None,
    })
}

/// What to take instead of a reference to `ty`.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        other => text(other),
    }
}

/// The type as a person would write it.
fn text(ty: &Type) -> String {
    let spaced = ty.to_token_stream().to_string();
    let tight =
        [(" :: ", "::"), (" < ", "<"), ("< ", "<"), (" <", "<"), (" >", ">"), (" ,", ","), ("& ", "&")];
    tight.iter().fold(spaced, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn refusal(ty: Type) -> Option<String> {
        check(&ty, Place::Argument).err().map(|error| error.to_string())
    }

    #[test]
    fn a_reference_is_refused_with_what_to_take_instead() {
        for (ty, owned) in [
            (parse_quote!(&str), "`String` instead of `&str`"),
            (parse_quote!(&[Vec<u8>]), "`Vec<Vec<u8>>` instead of `&[Vec<u8>]`"),
            (parse_quote!(&money::Cents), "`money::Cents` instead of `&money::Cents`"),
        ] {
            assert_eq!(refusal(ty), Some(format!("a command is stored and sent: take {owned}")));
        }
    }

    #[test]
    fn what_borrows_deep_inside_is_refused() {
        for ty in [parse_quote!(Option<&str>), parse_quote!(Cow<'static, str>), parse_quote!((u8, [&u8; 2]))]
        {
            assert!(refusal(ty).is_some_and(|why| why.contains("owns what it holds")));
        }
        assert!(refusal(parse_quote!(impl Into<String>)).is_some_and(|why| why.contains("a named type")));
        assert!(refusal(parse_quote!(Box<dyn Fn()>)).is_some_and(|why| why.contains("`dyn`")));
    }

    #[test]
    fn an_owned_type_is_taken() {
        for ty in [parse_quote!(u64), parse_quote!(Vec<(String, [u8; 4])>), parse_quote!(Bits<{ 6 & 3 }>)] {
            assert_eq!(refusal(ty), None);
        }
    }
}

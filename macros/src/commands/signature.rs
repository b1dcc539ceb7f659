//! What the signature of a command cannot have.

use syn::{Error, Receiver, ReceiverKind, Result, Safety, Signature};

pub(super) fn check(signature: &Signature) -> Result<()> {
    if let Some(receiver) = signature.receiver() {
        check_receiver(receiver)?;
    }
    let ordinary = "private, or mark it `#[command(skip)]`";
    if let Some(token) = &signature.constness {
        let message =
            format!("a command runs in its entity, never in a constant: make this method {ordinary}");
        return Err(Error::new_spanned(token, message));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        let message =
            format!("anyone may send a command, so it cannot be `unsafe`: make this method {ordinary}");
        return Err(Error::new_spanned(token, message));
    }
    if let Some(abi) = &signature.abi {
        let message = format!("a command cannot be `extern`: make this method {ordinary}");
        return Err(Error::new_spanned(abi, message));
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        let message =
            format!("a command is one stored type, so it cannot be generic: make this method {ordinary}");
        return Err(Error::new_spanned(&signature.generics, message));
    }
    if let Some(variadic) = &signature.variadic {
        return Err(Error::new_spanned(variadic, "a command has a fixed number of arguments"));
    }
    Ok(())
}

fn check_receiver(receiver: &Receiver) -> Result<()> {
    match &receiver.kind {
        ReceiverKind::Reference(_, None, None) if receiver.mutability.is_none() => Ok(()),
        ReceiverKind::Reference(_, Some(lifetime), _) => {
            Err(Error::new_spanned(lifetime, "a command takes plain `&self`"))
        }
        _ => Err(Error::new_spanned(
            receiver,
            "a handler sees `&self`; state changes only in `apply`. What `apply` itself calls is private, or \
             marked `#[command(skip)]`",
        )),
    }
}

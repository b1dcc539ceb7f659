//! The impl block as a whole: whose it is, and which commands are in it.

use super::Command;
use super::naming::TypeNames;
use super::options::{BlockOptions, Part};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::{Error, Ident, ImplItem, ItemImpl, Path, PathArguments, Result, Type};

/// What is generated from.
pub(super) struct Block {
    /// The entity, as the block names it.
    pub(super) entity: Path,
    /// The name of its client.
    pub(super) client: Ident,
    pub(super) configure: Option<Path>,
    pub(super) parts: Vec<Part>,
    pub(super) commands: Vec<Command>,
}

impl Block {
    pub(super) fn read(tokens: TokenStream, item: &ItemImpl) -> Result<Self> {
        let entity = entity(item)?;
        let name = &entity.segments.last().expect("a path has a segment").ident;
        let client = format_ident!("{name}Ref");
        let mut names = TypeNames::beside(quote!(#item #tokens #client));
        let options = BlockOptions::read(tokens)?;
        let block = Self {
            commands: commands(item, &entity, &mut names)?,
            client: options.client.unwrap_or(client),
            entity,
            configure: options.configure,
            parts: options.parts.unwrap_or_default(),
        };
        block.check()?;
        Ok(block)
    }

    /// Checks what no command can check alone.
    fn check(&self) -> Result<()> {
        if self.commands.is_empty() && self.parts.is_empty() {
            let message = "no command in this block: a method with `&self` is one if it is not private";
            return Err(Error::new_spanned(&self.entity, message));
        }
        let mut errors = Errors::default();
        let mut names = BTreeSet::new();
        for command in &self.commands {
            if let Some(why) = self.taken(&command.method) {
                errors.add(Error::new(command.method.span(), why));
            }
            // Which of those that depend on the configuration are there, only the compiler knows.
            if command.conditions.is_empty() && !names.insert(&command.name) {
                let message = format!("two commands are called `{}`", command.name);
                errors.add(Error::new(command.name_span, message));
            }
        }
        errors.none_or(())
    }

    /// Why the client cannot have a method of this name.
    fn taken(&self, method: &Ident) -> Option<String> {
        let taken = match method.to_string().as_str() {
            "id" | "as_entity_ref" | "clone" => true,
            "part" => !self.parts.is_empty(),
            _ => false,
        };
        taken.then(|| {
            let client = &self.client;
            format!("`{client}` has a method `{method}` of its own: call the command something else")
        })
    }
}

/// The type that the block is for.
fn entity(item: &ItemImpl) -> Result<Path> {
    if let Some((of, _)) = &item.trait_ {
        let message = "commands stand in an inherent block, `impl Account { .. }`, not in that of a trait";
        return Err(Error::new_spanned(of, message));
    }
    let generic = "an entity is one stored type, so the block cannot be generic";
    if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
        return Err(Error::new_spanned(&item.generics, generic));
    }
    match &*item.self_ty {
        Type::Path(ty) if ty.qself.is_none() => {
            match ty.path.segments.iter().find(|segment| !matches!(segment.arguments, PathArguments::None)) {
                None => Ok(ty.path.clone()),
                Some(segment) => Err(Error::new_spanned(&segment.arguments, generic)),
            }
        }
        other => Err(Error::new_spanned(other, "an entity is a struct or an enum of its own name")),
    }
}

fn commands(item: &ItemImpl, entity: &Path, names: &mut TypeNames) -> Result<Vec<Command>> {
    let mut errors = Errors::default();
    let mut commands = Vec::new();
    for item in &item.items {
        if let ImplItem::Fn(method) = item {
            match Command::read(method, entity, names) {
                Ok(command) => commands.extend(command),
                Err(error) => errors.add(error),
            }
        }
    }
    errors.none_or(commands)
}

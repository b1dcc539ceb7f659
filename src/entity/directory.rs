//! The way from a handler to other entities of its node.

use super::address::{Delivery, Nowhere, Target};
use super::{Entity, NotHandled};
use crate::vocabulary::EntityId;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

/// The entity types of a node. It keeps none of them alive.
#[derive(Default)]
pub(crate) struct Directory(OnceLock<Entries>);

/// A `Way<T>` for each entity type `T`.
pub(crate) type Entries = BTreeMap<TypeId, Box<dyn Any + Send + Sync>>;

/// The way to the entities of one type.
pub(crate) struct Way<T>(pub(crate) Weak<dyn Delivery<T>>);

impl Directory {
    /// Fills it, once.
    pub(crate) fn fill(&self, entries: Entries) {
        // The first entries stay.
        let _ = self.0.set(entries);
    }

    /// The entity `id` of type `T`; one that every call fails for, if there is none.
    pub(crate) fn target<T: Entity>(&self, id: &str) -> Target<T> {
        let nowhere = |reason| Target::nowhere(Arc::new(Nowhere(reason)));
        let way = self.0.get().and_then(|entries| entries.get(&TypeId::of::<T>()));
        let Some(Way(delivery)) = way.and_then(|way| way.downcast_ref::<Way<T>>()) else {
            return nowhere(NotHandled::Unregistered { entity_type: T::definition().entity_type.into() });
        };
        match (delivery.upgrade(), EntityId::new(id)) {
            (None, _) => nowhere(NotHandled::ShutDown),
            (_, Err(invalid)) => nowhere(NotHandled::InvalidId(invalid)),
            (Some(delivery), Ok(id)) => Target::new(id, delivery),
        }
    }
}

//! Reading bytes that do not describe themselves, without trusting them: a serde deserializer around another
//! one that bounds how deep values are nested and how many elements they claim to have.
//!
//! It is for formats that read a type's own calls (bincode, postcard), not for those that answer
//! `deserialize_any`.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// How deep values may be nested: serde_json's own bound. A struct, tuple, list, map, option, or a variant with
/// contents is a level; a newtype struct is none.
pub(super) const MAX_DEPTH: usize = 128;

/// What is said of a value beyond [`MAX_DEPTH`].
pub(super) const TOO_DEEP: &str = "it is nested deeper than 128 levels";

/// How many elements a value may have in lists and maps beyond one for each of its bytes. Only elements that
/// take no byte (`()`) need it; without a bound a few bytes would claim 2^64 of them.
const MAX_EMPTY_ELEMENTS: usize = 4_096;

const TOO_MANY: &str = "it claims more elements than its bytes can hold";

/// What is left of the bounds while one value is read.
pub(super) struct Bounds {
    levels: Cell<usize>,
    elements: Cell<usize>,
    /// For how many elements room may still be made before they are read.
    room: Cell<usize>,
    /// The bound that was met. Kept here because postcard drops the texts of errors.
    met: Cell<Option<&'static str>>,
}

impl Bounds {
    /// The bounds of a value in that many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        let elements = bytes.saturating_add(MAX_EMPTY_ELEMENTS);
        let room = Cell::new(bytes);
        Self { levels: Cell::new(MAX_DEPTH), elements: Cell::new(elements), room, met: Cell::new(None) }
    }

    /// A seed that reads a `T` within these bounds.
    pub(super) fn seed<T: DeserializeOwned>(&self) -> Within<'_, PhantomData<T>> {
        self.around(PhantomData)
    }

    /// Why reading failed: the bound that was met, or else what the format said.
    pub(super) fn reason(&self, error: &dyn fmt::Display) -> String {
        self.met.get().map_or_else(|| error.to_string(), str::to_owned)
    }

    fn around<X>(&self, inner: X) -> Within<'_, X> {
        Within { bounds: self, inner }
    }

    fn meet<E: Error>(&self, bound: &'static str) -> E {
        self.met.set(Some(bound));
        E::custom(bound)
    }

    /// Runs `read` one level deeper.
    #[inline]
    fn deeper<T, E: Error>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let levels = self.levels.get();
        self.levels.set(levels.checked_sub(1).ok_or_else(|| self.meet::<E>(TOO_DEEP))?);
        let result = read();
        self.levels.set(levels);
        result
    }

    #[inline]
    fn count<E: Error>(&self) -> Result<(), E> {
        let left = self.elements.get().checked_sub(1).ok_or_else(|| self.meet::<E>(TOO_MANY))?;
        self.elements.set(left);
        Ok(())
    }

    /// Nothing is allocated on the word of a length alone. All lists and maps of a value, however they are nested, have
    /// at most as many elements as there are bytes, but for elements that take none.
    fn hint(&self, claimed: Option<usize>) -> Option<usize> {
        let granted = claimed?.min(self.room.get());
        self.room.set(self.room.get() - granted);
        Some(granted)
    }
}

/// A part of serde's conversation, kept within bounds.
pub(super) struct Within<'b, X> {
    bounds: &'b Bounds,
    inner: X,
}

/// The same for the elements of a list, which are counted; those of tuples and structs are given by the type.
struct Listed<'b, X> {
    bounds: &'b Bounds,
    inner: X,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Within<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(self.bounds.around(from))
    }
}

/// Passes the visitor on as it is: nothing can be nested in these.
macro_rules! leaves {
    ($($method:ident = $inner:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$inner(visitor)
        }
    )*};
}

/// Passes the visitor on within the bounds.
macro_rules! nested {
    ($($method:ident($($arg:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($arg,)* self.bounds.around(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Within<'_, D> {
    type Error = D::Error;

    leaves! {
        deserialize_bool = deserialize_bool
        deserialize_i8 = deserialize_i8
        deserialize_i16 = deserialize_i16
        deserialize_i32 = deserialize_i32
        deserialize_i64 = deserialize_i64
        deserialize_i128 = deserialize_i128
        deserialize_u8 = deserialize_u8
        deserialize_u16 = deserialize_u16
        deserialize_u32 = deserialize_u32
        deserialize_u64 = deserialize_u64
        deserialize_u128 = deserialize_u128
        deserialize_f32 = deserialize_f32
        deserialize_f64 = deserialize_f64
        deserialize_char = deserialize_char
        deserialize_unit = deserialize_unit
        deserialize_str = deserialize_str
        deserialize_bytes = deserialize_bytes
        // bincode allocates for these before it looks whether there are as many bytes.
        deserialize_string = deserialize_str
        deserialize_byte_buf = deserialize_bytes
        // These formats refuse the rest.
        deserialize_identifier = deserialize_identifier
        deserialize_any = deserialize_any
        deserialize_ignored_any = deserialize_ignored_any
    }

    nested! {
        deserialize_option()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_seq(Listed { bounds: self.bounds, inner: visitor })
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Within<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<V::Value, D::Error> {
        let Self { bounds, inner } = self;
        bounds.deeper(|| inner.visit_some(bounds.around(some)))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inside: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(self.bounds.around(inside))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
        let Self { bounds, inner } = self;
        bounds.deeper(|| inner.visit_seq(bounds.around(parts)))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let Self { bounds, inner } = self;
        bounds.deeper(|| inner.visit_map(bounds.around(entries)))
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, variants: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(self.bounds.around(variants))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Listed<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let Self { bounds, inner } = self;
        bounds.deeper(|| inner.visit_seq(Listed { bounds, inner: elements }))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Within<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(self.bounds.around(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Listed<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(self.bounds.around(seed))?;
        if element.is_some() {
            self.bounds.count()?;
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.hint(self.inner.size_hint())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Within<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let key = self.inner.next_key_seed(self.bounds.around(seed))?;
        if key.is_some() {
            self.bounds.count()?;
        }
        Ok(key)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.inner.next_value_seed(self.bounds.around(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.hint(self.inner.size_hint())
    }
}

impl<'b, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Within<'b, A> {
    type Error = A::Error;
    type Variant = Within<'b, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (index, contents) = self.inner.variant_seed(seed)?;
        Ok((index, self.bounds.around(contents)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Within<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let Self { bounds, inner } = self;
        bounds.deeper(|| inner.newtype_variant_seed(bounds.around(seed)))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, self.bounds.around(visitor))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, self.bounds.around(visitor))
    }
}

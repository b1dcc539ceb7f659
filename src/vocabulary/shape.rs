//! The shape of a value: which fields, variants and kinds serde writes for it, and nothing of their contents.
//!
//! It is what makes bytes that do not describe themselves safe to read. It must never change: the numbers in
//! the tests are stored in journals. See `docs/adr/0010-fingerprints-are-of-values.md`.
//!
//! ```text
//! primitive, unit, none    h(its kind)
//! some                     h("some") + shape of what is inside
//! tuple, array             h("tuple") + shape of each element, in order
//! struct                   h("struct") + h(name) + shape of each field that is written, in order
//! variant                  h(kind of variant) + index + h(name) + shapes of its contents as above
//! newtype struct           shape of what is inside
//! list                     h("seq") + sum of the shapes of the elements
//! map                      h("map") + sum of (key's shape + value's shape) of the entries
//! ```
//!
//! `h` is XXH3-64 of a text. `a + b` is XXH3-64 of the 16 bytes of a and b, little endian, and
//! `a + b + c` is `(a + b) + c`; a sum is that of numbers, modulo 2^64. The names of types are not part of it, so
//! they may be renamed and moved.

use super::bounded::{MAX_DEPTH, TOO_DEEP};
use serde::Serialize;
use serde::ser::{self, Serializer};
use std::fmt::Display;
use xxhash_rust::const_xxh3::xxh3_64 as kind;
use xxhash_rust::xxh3::xxh3_64;

/// Why a value has no shape: it is nested too deep, or its own code refused to be serialised.
pub(super) type Error = serde::de::value::Error;

/// The shape of `value`.
///
/// # Errors
/// When it is nested deeper than [`MAX_DEPTH`], or its `Serialize` fails.
pub(super) fn of<T: Serialize>(value: &T) -> Result<u64, Error> {
    value.serialize(Shaper { levels: MAX_DEPTH })
}

const SOME: u64 = kind(b"some");
const TUPLE: u64 = kind(b"tuple");
const STRUCT: u64 = kind(b"struct");
const SEQ: u64 = kind(b"seq");
const MAP: u64 = kind(b"map");
const UNIT_VARIANT: u64 = kind(b"unit variant");
const NEWTYPE_VARIANT: u64 = kind(b"newtype variant");
const TUPLE_VARIANT: u64 = kind(b"tuple variant");
const STRUCT_VARIANT: u64 = kind(b"struct variant");

fn mix(shape: u64, next: u64) -> u64 {
    xxh3_64(&((u128::from(next) << 64) | u128::from(shape)).to_le_bytes())
}

fn variant(kind: u64, index: u32, name: &str) -> u64 {
    mix(mix(kind, index.into()), xxh3_64(name.as_bytes()))
}

/// Serialises into a shape.
#[derive(Clone, Copy)]
struct Shaper {
    /// How many levels of nesting are left.
    levels: usize,
}

impl Shaper {
    fn inside(self) -> Result<Self, Error> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| ser::Error::custom(TOO_DEEP))?;
        Ok(Self { levels })
    }

    fn ordered(self, shape: u64) -> Result<Ordered, Error> {
        Ok(Ordered { shape, inside: self.inside()? })
    }

    fn unordered(self, kind: u64) -> Result<Unordered, Error> {
        Ok(Unordered { kind, sum: 0, key: 0, inside: self.inside()? })
    }
}

macro_rules! leaves {
    ($($method:ident($($value:ty)?) = $name:literal)*) => {$(
        #[inline]
        fn $method(self $(, _: $value)?) -> Result<u64, Error> {
            Ok(const { kind($name) })
        }
    )*};
}

impl Serializer for Shaper {
    type Ok = u64;
    type Error = Error;
    type SerializeSeq = Unordered;
    type SerializeTuple = Ordered;
    type SerializeTupleStruct = Ordered;
    type SerializeTupleVariant = Ordered;
    type SerializeMap = Unordered;
    type SerializeStruct = Ordered;
    type SerializeStructVariant = Ordered;

    leaves! {
        serialize_bool(bool) = b"bool"
        serialize_i8(i8) = b"i8"
        serialize_i16(i16) = b"i16"
        serialize_i32(i32) = b"i32"
        serialize_i64(i64) = b"i64"
        serialize_i128(i128) = b"i128"
        serialize_u8(u8) = b"u8"
        serialize_u16(u16) = b"u16"
        serialize_u32(u32) = b"u32"
        serialize_u64(u64) = b"u64"
        serialize_u128(u128) = b"u128"
        serialize_f32(f32) = b"f32"
        serialize_f64(f64) = b"f64"
        serialize_char(char) = b"char"
        serialize_str(&str) = b"str"
        serialize_bytes(&[u8]) = b"bytes"
        serialize_none() = b"none"
        serialize_unit() = b"unit"
        serialize_unit_struct(&'static str) = b"unit"
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<u64, Error> {
        self.serialize_str("")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Error> {
        Ok(mix(SOME, value.serialize(self.inside()?)?))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<u64, Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, name: &'static str) -> Result<u64, Error> {
        Ok(variant(UNIT_VARIANT, index, name))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Error> {
        Ok(mix(variant(NEWTYPE_VARIANT, index, name), value.serialize(self.inside()?)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Unordered, Error> {
        self.unordered(SEQ)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Unordered, Error> {
        self.unordered(MAP)
    }

    fn serialize_tuple(self, _: usize) -> Result<Ordered, Error> {
        self.ordered(TUPLE)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Ordered, Error> {
        self.ordered(TUPLE)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Ordered, Error> {
        self.ordered(variant(TUPLE_VARIANT, index, name))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Ordered, Error> {
        self.ordered(STRUCT)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Ordered, Error> {
        self.ordered(variant(STRUCT_VARIANT, index, name))
    }

    /// As in the codecs that need shapes: types such as addresses and UUIDs go by it.
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Parts whose place says what they are.
struct Ordered {
    shape: u64,
    inside: Shaper,
}

impl Ordered {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.shape = mix(self.shape, value.serialize(self.inside)?);
        Ok(())
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.shape = mix(self.shape, xxh3_64(name.as_bytes()));
        self.part(value)
    }
}

macro_rules! ordered {
    ($($kind:ident::$method:ident($($name:ident)?) = $part:ident;)*) => {$(
        impl ser::$kind for Ordered {
            type Ok = u64;
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Error> {
                self.$part($($name,)? value)
            }

            #[inline]
            fn end(self) -> Result<u64, Error> {
                Ok(self.shape)
            }
        }
    )*};
}

ordered! {
    SerializeTuple::serialize_element() = part;
    SerializeTupleStruct::serialize_field() = part;
    SerializeTupleVariant::serialize_field() = part;
    SerializeStruct::serialize_field(name) = field;
    SerializeStructVariant::serialize_field(name) = field;
}

/// Parts that may come in another order the next time, as those of a hash map do: their shapes are added up.
struct Unordered {
    kind: u64,
    sum: u64,
    /// The shape of the key whose value comes next.
    key: u64,
    inside: Shaper,
}

impl ser::SerializeSeq for Unordered {
    type Ok = u64;
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.sum = self.sum.wrapping_add(value.serialize(self.inside)?);
        Ok(())
    }

    fn end(self) -> Result<u64, Error> {
        Ok(mix(self.kind, self.sum))
    }
}

impl ser::SerializeMap for Unordered {
    type Ok = u64;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = key.serialize(self.inside)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.sum = self.sum.wrapping_add(mix(self.key, value.serialize(self.inside)?));
        Ok(())
    }

    fn end(self) -> Result<u64, Error> {
        Ok(mix(self.kind, self.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use serde::Serialize;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Serialize)]
    struct Deposited {
        cents: u64,
        memo: Option<String>,
    }

    #[derive(Serialize)]
    enum Event {
        Opened,
        Renamed(String),
        Moved(u8, u8),
        Paid { cents: u64 },
    }

    fn memo(memo: Option<&str>) -> Deposited {
        Deposited { cents: 7, memo: memo.map(str::to_owned) }
    }

    #[test]
    fn shapes_are_those_that_journals_hold() {
        let shapes = [
            of(&7_u64),
            of(&memo(None)),
            of(&memo(Some("x"))),
            of(&Event::Opened),
            of(&Event::Renamed(String::new())),
            of(&Event::Moved(1, 2)),
            of(&Event::Paid { cents: 1 }),
            of(&[1_u32, 2].as_slice()),
            of(&BTreeMap::from([(1_u8, 'x')])),
            of(&(1_i8, ())),
        ];
        let golden: [u64; 10] = [
            0xa248_1493_b936_2ff3,
            0xf205_2d09_ec8e_4f90,
            0x2a18_4628_5580_3695,
            0x2bee_5863_d773_35c9,
            0x3390_156f_2ab5_5464,
            0x148d_9f4a_150a_20b8,
            0x7a9b_f19f_a0e3_47c9,
            0xfd65_cd98_bf6e_c0f7,
            0x5b03_7b9f_bf7d_860b,
            0xf78e_4286_df43_7054,
        ];
        assert_eq!(shapes.map(Result::unwrap), golden);
    }

    #[test]
    fn contents_are_not_part_of_a_shape() {
        assert_eq!(of(&memo(Some("a"))).unwrap(), of(&memo(Some("bcd"))).unwrap());
        assert_ne!(of(&memo(Some("a"))).unwrap(), of(&memo(None)).unwrap());
        assert_eq!(of(&1_u64).unwrap(), of(&u64::MAX).unwrap());
    }

    #[test]
    fn containers_of_the_same_elements_have_one_shape() {
        #[derive(Serialize)]
        struct Ids(Vec<u32>);
        let list = of(&vec![1_u32, 2]).unwrap();
        assert_eq!(list, of(&BTreeSet::from([1_u32, 2])).unwrap());
        assert_eq!(list, of(&Ids(vec![1, 2])).unwrap());
        assert_ne!(list, of(&(1_u32, 2_u32)).unwrap());
    }

    #[test]
    fn the_order_counts_in_tuples_and_not_in_lists() {
        let (a, b) = (Event::Opened, Event::Moved(0, 0));
        assert_ne!(of(&(&a, &b)).unwrap(), of(&(&b, &a)).unwrap());
        assert_eq!(of(&vec![&a, &b]).unwrap(), of(&vec![&b, &a]).unwrap());
        assert_ne!(of(&vec![&a, &b]).unwrap(), of(&vec![&a, &a]).unwrap());
    }
}

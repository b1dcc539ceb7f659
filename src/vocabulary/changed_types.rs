//! What becomes of stored bytes when the type has changed, in the codecs that do not describe themselves.

use super::{Codec, CodecError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;

const CODECS: [Codec; 2] = [Codec::Bincode, Codec::Postcard];

/// Stores a value of one type and reads it as another.
fn reread<W: Serialize, R: Serialize + DeserializeOwned>(codec: Codec, written: &W) -> Result<R, CodecError> {
    codec.decode(&codec.encode(written).unwrap())
}

fn tolerated<W: Serialize, R>(written: &W, read: &R)
where
    R: Serialize + DeserializeOwned + PartialEq + Debug,
{
    for codec in CODECS {
        assert_eq!(reread::<W, R>(codec, written).unwrap(), *read, "{codec}");
    }
}

/// The bytes decode, and only the shape tells.
fn of_another_shape<R: Serialize + DeserializeOwned + Debug>(written: &impl Serialize) {
    for codec in CODECS {
        let read = reread::<_, R>(codec, written);
        assert!(matches!(read, Err(CodecError::OtherShape { .. })), "{codec}: {read:?}");
    }
}

fn refused<R: Serialize + DeserializeOwned + Debug>(written: &impl Serialize) {
    for codec in CODECS {
        let read = reread::<_, R>(codec, written);
        assert!(
            matches!(read, Err(CodecError::OtherShape { .. } | CodecError::Decode { .. })),
            "{codec}: {read:?}"
        );
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Transfer {
    cents: u64,
    fee: u64,
}

const TRANSFER: Transfer = Transfer { cents: 30, fee: 2 };

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Event {
    Opened,
    Paid(u64),
    Refunded(u64),
    Moved { from: String },
}

fn events() -> Vec<Event> {
    vec![Event::Opened, Event::Paid(1), Event::Refunded(2), Event::Moved { from: "a".into() }]
}

#[test]
fn a_renamed_type_is_tolerated() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Remittance {
        cents: u64,
        fee: u64,
    }
    tolerated(&TRANSFER, &Remittance { cents: 30, fee: 2 });
}

#[test]
fn a_type_in_a_newtype_is_tolerated() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Cents(u64);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Typed {
        cents: Cents,
        fee: u64,
    }
    tolerated(&TRANSFER, &Typed { cents: Cents(30), fee: 2 });
}

#[test]
fn fields_renamed_in_rust_only_are_tolerated() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        #[serde(rename = "cents")]
        amount: u64,
        fee: u64,
    }
    tolerated(&TRANSFER, &Renamed { amount: 30, fee: 2 });
}

#[test]
fn swapped_fields_of_one_kind_are_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Swapped {
        fee: u64,
        cents: u64,
    }
    of_another_shape::<Swapped>(&TRANSFER);
    of_another_shape::<Vec<Swapped>>(&vec![TRANSFER]);
    of_another_shape::<Option<Swapped>>(&Some(TRANSFER));
}

#[test]
fn a_renamed_field_is_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Renamed {
        amount: u64,
        fee: u64,
    }
    of_another_shape::<Renamed>(&TRANSFER);
}

#[test]
fn a_removed_field_is_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Removed {
        cents: u64,
    }
    of_another_shape::<Removed>(&TRANSFER);
}

#[test]
fn an_added_field_is_refused_also_where_bytes_follow_or_none_are_needed() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Added {
        cents: u64,
        fee: u64,
        #[serde(default)]
        memo: Option<u64>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct AddedNothing {
        cents: u64,
        fee: u64,
        nothing: (),
    }
    refused::<Added>(&TRANSFER);
    of_another_shape::<(Added, Vec<u8>)>(&(TRANSFER, vec![0_u8; 0], 0_u8));
    of_another_shape::<AddedNothing>(&TRANSFER);
}

#[test]
fn another_width_or_sign_of_an_integer_is_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Narrow {
        cents: u32,
        fee: u64,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Signed {
        cents: i64,
        fee: u64,
    }
    of_another_shape::<Narrow>(&TRANSFER);
    of_another_shape::<Signed>(&TRANSFER);
    of_another_shape::<u64>(&7_u32);
    of_another_shape::<Vec<u64>>(&vec![7_u32]);
    of_another_shape::<HashMap<u8, u64>>(&BTreeMap::from([(1_u8, 7_u32)]));
}

#[test]
fn a_field_made_optional_is_refused() {
    refused::<Option<u64>>(&7_u64);
    of_another_shape::<Option<u64>>(&(true, 7_u64));
}

#[test]
fn a_variant_added_at_the_end_is_tolerated() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum More {
        Opened,
        Paid(u64),
        Refunded(u64),
        Moved { from: String },
        Closed,
    }
    let all = vec![More::Opened, More::Paid(1), More::Refunded(2), More::Moved { from: "a".into() }];
    tolerated(&events(), &all);
    refused::<Event>(&More::Closed);
}

#[test]
fn swapped_variants_are_refused_also_in_lists_that_hold_both() {
    #[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    enum Swapped {
        Opened,
        Refunded(u64),
        Paid(u64),
        Moved { from: String },
    }
    of_another_shape::<Swapped>(&Event::Paid(1));
    of_another_shape::<Vec<Swapped>>(&vec![Event::Paid(1)]);
    of_another_shape::<Vec<Swapped>>(&vec![Event::Paid(1), Event::Refunded(1)]);
    of_another_shape::<HashSet<Swapped>>(&vec![Event::Paid(1), Event::Refunded(1)]);
    tolerated(&Event::Opened, &Swapped::Opened);
}

#[test]
fn a_renamed_variant_is_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    enum Renamed {
        Begun,
    }
    of_another_shape::<Renamed>(&Event::Opened);
}

#[test]
fn a_field_that_is_left_out_when_it_is_empty_is_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Lean {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: Option<u8>,
    }
    refused::<Lean>(&Lean { a: None, b: Some(1) });
    refused::<Vec<Lean>>(&vec![Lean { a: None, b: Some(1) }, Lean { a: None, b: Some(0) }]);
}

#[test]
fn hash_maps_and_sets_round_trip_in_whatever_order_they_come() {
    let events = |n| if n % 2 == 0 { Event::Paid(n) } else { Event::Moved { from: n.to_string() } };
    let map: HashMap<u64, Event> = (0..1_000).map(|n| (n, events(n))).collect();
    let set: HashSet<Event> = map.values().cloned().collect();
    tolerated(&map, &map);
    tolerated(&set, &set);
}

#[test]
fn other_numbers_of_entries_are_of_one_codec_and_still_read() {
    for codec in CODECS {
        for length in 0..5 {
            let written = vec![Event::Opened; length];
            assert_eq!(reread::<_, Vec<Event>>(codec, &written).unwrap(), written);
        }
    }
}

#[test]
fn the_error_names_the_type_and_says_what_to_do() {
    let error = reread::<_, u64>(Codec::Postcard, &7_u32).unwrap_err().to_string();
    assert!(error.starts_with("u64 has changed since it was stored in postcard"), "{error}");
    assert!(error.contains("upcaster"), "{error}");
}

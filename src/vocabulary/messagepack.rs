//! Where a MessagePack value ends, by the heads of its elements alone: nothing is decoded.
//!
//! A decoder makes room for as many elements as a list claims, at every level of nesting. So bytes that claim more than
//! there is are refused before anything is decoded: then each element that is claimed has a byte at least.
//!
//! The heads are those of <https://github.com/msgpack/msgpack/blob/master/spec.md>.

/// How many of the bytes the value in front takes; none when they do not hold all that it claims to.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut elements = 1_u64;
    while elements > 0 {
        elements = (elements - 1).saturating_add(step_over(&mut rest)?);
        if elements > rest.len() as u64 {
            return None;
        }
    }
    Some(bytes.len() - rest.len())
}

/// Whether there can be a list or a map with more than 15 elements: without one nothing much is claimed, and the
/// walk through all heads can be left out. Text and numbers may look like one.
pub(super) fn may_have_long_lists(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |any, byte| any | matches!(byte, 0xdc..=0xdf))
}

/// Steps over one element without what is nested in it; the answer is how many elements are.
fn step_over(rest: &mut &[u8]) -> Option<u64> {
    let [head] = take(rest)?;
    let (bytes, elements) = match head {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        0x80..=0x8f => (0, 2 * u64::from(head & 0x0f)),
        0x90..=0x9f => (0, u64::from(head & 0x0f)),
        0xa0..=0xbf => (u64::from(head & 0x1f), 0),
        0xc1 => return None,
        0xc4 | 0xd9 => (u8::from_be_bytes(take(rest)?).into(), 0),
        0xc5 | 0xda => (u16::from_be_bytes(take(rest)?).into(), 0),
        0xc6 | 0xdb => (u32::from_be_bytes(take(rest)?).into(), 0),
        // The types of extensions are a byte of their own.
        0xc7 => (u64::from(u8::from_be_bytes(take(rest)?)) + 1, 0),
        0xc8 => (u64::from(u16::from_be_bytes(take(rest)?)) + 1, 0),
        0xc9 => (u64::from(u32::from_be_bytes(take(rest)?)) + 1, 0),
        0xcc | 0xd0 => (1, 0),
        0xcd | 0xd1 => (2, 0),
        0xca | 0xce | 0xd2 => (4, 0),
        0xcb | 0xcf | 0xd3 => (8, 0),
        0xd4..=0xd8 => ((1 << (head - 0xd4)) + 1, 0),
        0xdc => (0, u16::from_be_bytes(take(rest)?).into()),
        0xdd => (0, u32::from_be_bytes(take(rest)?).into()),
        0xde => (0, 2 * u64::from(u16::from_be_bytes(take(rest)?))),
        0xdf => (0, 2 * u64::from(u32::from_be_bytes(take(rest)?))),
    };
    let (_, behind) = rest.split_at_checked(usize::try_from(bytes).ok()?)?;
    *rest = behind;
    Some(elements)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::{length, may_have_long_lists};
    use serde_json::json;

    #[test]
    fn the_end_of_every_kind_of_element_is_found() {
        let repeated = |head: &[u8], count: usize| [head, &vec![0x00; count]].concat();
        let elements = [
            vec![0x7f],
            vec![0xc0],
            vec![0xc2],
            vec![0xc3],
            vec![0xff],
            repeated(&[0x8f], 30),
            repeated(&[0x9f], 15),
            repeated(&[0xbf], 31),
            repeated(&[0xc4, 200], 200),
            repeated(&[0xc5, 1, 2], 258),
            repeated(&[0xc6, 0, 1, 0, 2], 65_538),
            repeated(&[0xc7, 200, 7], 200),
            repeated(&[0xc8, 1, 2, 7], 258),
            repeated(&[0xc9, 0, 1, 0, 2, 7], 65_538),
            repeated(&[0xca], 4),
            repeated(&[0xcb], 8),
            repeated(&[0xcc], 1),
            repeated(&[0xcd], 2),
            repeated(&[0xce], 4),
            repeated(&[0xcf], 8),
            repeated(&[0xd0], 1),
            repeated(&[0xd1], 2),
            repeated(&[0xd2], 4),
            repeated(&[0xd3], 8),
            repeated(&[0xd4], 2),
            repeated(&[0xd5], 3),
            repeated(&[0xd6], 5),
            repeated(&[0xd7], 9),
            repeated(&[0xd8], 17),
            repeated(&[0xd9, 200], 200),
            repeated(&[0xda, 1, 2], 258),
            repeated(&[0xdb, 0, 1, 0, 2], 65_538),
            repeated(&[0xdc, 1, 2], 258),
            repeated(&[0xdd, 0, 1, 0, 2], 65_538),
            repeated(&[0xde, 1, 2], 516),
            repeated(&[0xdf, 0, 1, 0, 2], 131_076),
        ];
        for element in elements {
            assert_eq!(length(&element), Some(element.len()), "{:x}", element[0]);
            assert_eq!(length(&element[..element.len() - 1]), None, "{:x}", element[0]);
            assert_eq!(length(&[&element[..], &[1]].concat()), Some(element.len()), "{:x}", element[0]);
        }
        assert_eq!(length(&[0xc1]), None);
    }

    #[test]
    fn only_a_long_list_is_taken_for_one() {
        let encoded = |value: &serde_json::Value| rmp_serde::to_vec_named(value).unwrap();
        for (count, long) in [(0, false), (15, false), (16, true), (70_000, true)] {
            assert_eq!(may_have_long_lists(&encoded(&json!(vec![1; count]))), long, "a list of {count}");
            let map: serde_json::Map<_, _> = (0..count).map(|key| (key.to_string(), json!(1))).collect();
            assert_eq!(may_have_long_lists(&encoded(&json!(map))), long, "a map of {count}");
        }
    }

    #[test]
    fn what_the_codec_writes_is_as_long_as_it_is() {
        let value = json!({"a": [1, -1, 1.5, null, true, "x".repeat(300)], "b": {"c": [[], {}]}});
        let bytes = rmp_serde::to_vec_named(&value).unwrap();
        assert_eq!(length(&bytes), Some(bytes.len()));
        assert!((0..bytes.len()).all(|end| length(&bytes[..end]).is_none()));
    }

    #[test]
    fn nesting_costs_no_stack() {
        assert_eq!(length(&[&vec![0x91; 1 << 20][..], &[0xc0]].concat()), Some((1 << 20) + 1));
    }
}

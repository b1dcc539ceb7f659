//! The keys that an activation remembers (G6), in bounded memory.
//!
//! The newest are kept with their outcomes. Of the older ones only Bloom filters stay: they tell for most new
//! keys that the storage need not be asked. A filter that knows nothing of a key is always right.

use crate::storage::KeyedOutcome;
use crate::vocabulary::{Key, WriteNr};
use fastbloom::BloomFilter;
use std::collections::{BTreeMap, VecDeque};

/// How many keys the first filter takes; each further one takes twice as many.
const FIRST_FILTER_KEYS: usize = 512;
/// How many filters there are at the most: 131,000 keys in about 240 kB. Beyond that every key is looked up.
const MAX_FILTERS: usize = 8;
/// How many keys that were never used each filter sends to the storage in vain.
const FALSE_POSITIVES: f64 = 0.001;

/// The keys of one entity, as far as this activation remembers them.
pub(super) struct KeyWindow {
    max_keys: usize,
    max_bytes: usize,
    seed: u64,
    recent: BTreeMap<Key, Recent>,
    /// The keys of `recent`, oldest first.
    order: VecDeque<Key>,
    bytes: usize,
    older: OlderKeys,
}

/// An outcome that is at hand.
pub(super) struct Recent {
    /// The write of this activation that carries it; 0 if it came with the recovery.
    pub(super) write: WriteNr,
    pub(super) kept: KeyedOutcome,
}

/// Where a key may be.
pub(super) enum Known<'a> {
    /// Here.
    Recent(&'a Recent),
    /// It was never used.
    Never,
    /// Only the storage can tell.
    AskStorage,
}

#[derive(Default)]
struct OlderKeys {
    filters: Vec<BloomFilter>,
    /// How many more keys the last filter takes.
    room: usize,
    /// There are more than the filters can take.
    saturated: bool,
}

impl KeyWindow {
    pub(super) fn new(max_keys: usize, max_bytes: usize, seed: u64) -> Self {
        Self {
            max_keys,
            max_bytes,
            seed,
            recent: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            older: OlderKeys::default(),
        }
    }

    /// There are older keys that are not known here: every key that is not recent is looked up.
    pub(super) fn expect_older(&mut self) {
        self.older = OlderKeys { filters: Vec::new(), room: 0, saturated: true };
    }

    /// The recent keys with their outcomes, oldest first, as many as the bounds allow: those that are not
    /// confirmed may be more. And whether they are all that the entity ever had.
    pub(super) fn to_keep(&self) -> (Vec<KeyedOutcome>, bool) {
        let newest = self.order.iter().rev().take(self.max_keys).filter_map(|key| self.recent.get(key));
        let mut bytes = 0;
        let mut outcomes: Vec<KeyedOutcome> = newest
            .take_while(|recent| {
                bytes += recent.kept.weight();
                bytes <= self.max_bytes
            })
            .map(|recent| recent.kept.clone())
            .collect();
        outcomes.reverse();
        let complete =
            outcomes.len() == self.order.len() && self.older.filters.is_empty() && !self.older.saturated;
        (outcomes, complete)
    }

    pub(super) fn find(&self, key: &Key) -> Known<'_> {
        match self.recent.get(key) {
            Some(recent) => Known::Recent(recent),
            None if self.older.may_contain(key) => Known::AskStorage,
            None => Known::Never,
        }
    }

    /// Remembers an outcome, and [shrinks](Self::shrink).
    pub(super) fn insert(&mut self, write: WriteNr, kept: KeyedOutcome, confirmed: WriteNr) {
        let key = kept.key.clone();
        self.bytes += kept.weight();
        match self.recent.insert(key.clone(), Recent { write, kept }) {
            Some(replaced) => self.bytes -= replaced.kept.weight(),
            None => self.order.push_back(key),
        }
        self.shrink(confirmed);
    }

    /// Forgets the oldest outcomes that are over the bounds, as far as they are in the storage for sure.
    pub(super) fn shrink(&mut self, confirmed: WriteNr) {
        while self.order.len() > self.max_keys || self.bytes > self.max_bytes {
            let Some(oldest) = self.order.front() else { return };
            if self.recent.get(oldest).is_some_and(|recent| recent.write > confirmed) {
                return;
            }
            self.older.insert(oldest, self.seed);
            if let Some(forgotten) = self.recent.remove(oldest) {
                self.bytes -= forgotten.kept.weight();
            }
            self.order.pop_front();
        }
    }
}

impl OlderKeys {
    fn may_contain(&self, key: &Key) -> bool {
        self.saturated || self.filters.iter().any(|filter| filter.contains(key))
    }

    fn insert(&mut self, key: &Key, seed: u64) {
        if self.room == 0 {
            if self.filters.len() == MAX_FILTERS {
                *self = Self { filters: Vec::new(), room: 0, saturated: true };
            }
            if self.saturated {
                return;
            }
            self.room = FIRST_FILTER_KEYS << self.filters.len();
            let filter = BloomFilter::with_false_pos(FALSE_POSITIVES).seed(&u128::from(seed));
            self.filters.push(filter.expected_items(self.room));
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.insert(key);
            self.room -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Outcome, OutcomeKind};
    use crate::vocabulary::{CodecId, CommandDigest, Manifest, Payload};

    fn kept(key: &str, bytes: usize) -> KeyedOutcome {
        let payload = Payload::seal(Manifest::new("c", 1), CodecId(1), vec![0; bytes]);
        KeyedOutcome {
            key: Key::new(key).unwrap(),
            command: CommandDigest::of("c", b""),
            outcome: Outcome { kind: OutcomeKind::Reply, payload },
        }
    }

    fn is_recent(window: &KeyWindow, key: &str) -> bool {
        matches!(window.find(&Key::new(key).unwrap()), Known::Recent(_))
    }

    #[test]
    fn a_key_beyond_the_window_is_never_taken_for_new() {
        let mut window = KeyWindow::new(10, 1 << 20, 7);
        let mut asked = 0;
        for n in 0..20_000 {
            asked += u32::from(matches!(window.find(&Key::new(format!("{n}")).unwrap()), Known::AskStorage));
            window.insert(WriteNr::ZERO, kept(&format!("{n}"), 1), WriteNr::ZERO);
        }
        for n in 0..20_000 {
            let found = window.find(&Key::new(format!("{n}")).unwrap());
            let expected = if n < 19_990 {
                matches!(found, Known::AskStorage)
            } else {
                matches!(found, Known::Recent(_))
            };
            assert!(expected, "key {n}");
        }
        assert!(asked < 200, "{asked} of 20,000 new keys would have been looked up in vain");
    }

    #[test]
    fn an_outcome_that_is_not_confirmed_stays_whatever_the_bounds() {
        let mut window = KeyWindow::new(0, 0, 7);
        window.insert(WriteNr::new(1), kept("a", 100), WriteNr::ZERO);
        window.insert(WriteNr::new(2), kept("b", 100), WriteNr::ZERO);
        assert!(is_recent(&window, "a") && is_recent(&window, "b"));
        window.insert(WriteNr::new(3), kept("c", 100), WriteNr::new(1));
        assert!(!is_recent(&window, "a") && is_recent(&window, "b") && is_recent(&window, "c"));
    }

    #[test]
    fn no_more_goes_into_a_snapshot_than_the_bounds_allow() {
        let mut window = KeyWindow::new(3, 10_000, 7);
        for n in 1..=3 {
            window.insert(WriteNr::new(n), kept(&format!("{n}"), 10), WriteNr::ZERO);
        }
        let (outcomes, complete) = window.to_keep();
        assert_eq!((outcomes.len(), complete), (3, true));
        window.insert(WriteNr::new(4), kept("4", 10), WriteNr::ZERO);
        let (outcomes, complete) = window.to_keep();
        assert_eq!(outcomes.iter().map(|kept| kept.key.as_str()).collect::<Vec<_>>(), ["2", "3", "4"]);
        assert!(!complete, "the first is not confirmed and not among them");
        window.insert(WriteNr::new(5), kept("5", 9_700), WriteNr::ZERO);
        assert!(window.to_keep().0.len() < 3, "as many bytes as there may be");
    }

    #[test]
    fn large_outcomes_are_bounded_by_their_bytes() {
        let mut window = KeyWindow::new(100, 10_000, 7);
        for n in 0..50 {
            window.insert(WriteNr::ZERO, kept(&format!("{n}"), 1_000), WriteNr::ZERO);
        }
        assert!(
            window.order.len() < 10 && window.bytes <= 10_000,
            "{} keys, {} bytes",
            window.order.len(),
            window.bytes
        );
        assert!(is_recent(&window, "49"));
    }

    #[test]
    fn the_recent_keys_are_told_oldest_first() {
        let mut window = KeyWindow::new(3, 1 << 20, 7);
        for key in ["b", "d", "a", "c"] {
            window.insert(WriteNr::ZERO, kept(key, 1), WriteNr::ZERO);
        }
        let told: Vec<_> = window.to_keep().0.into_iter().map(|kept| kept.key.as_str().to_owned()).collect();
        assert_eq!(told, ["d", "a", "c"]);
    }

    #[test]
    fn beyond_the_filters_every_key_is_looked_up() {
        let mut window = KeyWindow::new(0, 0, 7);
        for n in 0..FIRST_FILTER_KEYS << MAX_FILTERS {
            window.insert(WriteNr::ZERO, kept(&format!("{n}"), 0), WriteNr::ZERO);
        }
        assert!(matches!(window.find(&Key::new("never used").unwrap()), Known::AskStorage));
        assert!(window.older.filters.is_empty());
    }
}

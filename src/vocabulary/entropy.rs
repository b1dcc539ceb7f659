//! The one home of randomness: a node draws one seed, and everything random follows from it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where a node's randomness starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entropy {
    /// A seed from the operating system.
    System,
    /// A given seed: the same numbers in every run. For tests.
    Seeded(u64),
}

impl Entropy {
    /// The generator that starts here.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn random(self) -> Random {
        match self {
            Self::Seeded(seed) => Random::new(seed),
            Self::System => Random::new(system_seed()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one home of randomness")]
fn system_seed() -> u64 {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).expect("the operating system gives random bytes");
    u64::from_le_bytes(seed)
}

/// A stream of random numbers that can be shared: SplitMix64 (Steele, Lea, Flood: Fast Splittable
/// Pseudorandom Number Generators, 2014). Not for secrets.
#[derive(Debug)]
pub struct Random(AtomicU64);

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream that starts at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number, uniform over all of `u64`.
    pub fn next_u64(&self) -> u64 {
        let mut z = self.0.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Another stream, which goes its own way.
    pub fn split(&self) -> Self {
        Self::new(self.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        let random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn two_system_seeds_differ() {
        assert_ne!(Entropy::System.random().next_u64(), Entropy::System.random().next_u64());
    }
}

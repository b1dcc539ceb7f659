//! How long to wait before something that failed is tried again. Pure: the caller sleeps.

use std::time::Duration;

/// Doubling pauses with a cap and jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The first pause is about `first`; each further one is twice as long, up to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The pause after so many failures in a row: nothing after none, then between half of
    /// `first * 2^(failures - 1)` and all of it, with `random` choosing where. Never above `longest`, whatever
    /// the number.
    pub fn pause(&self, failures: u32, random: u64) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        // 32 random bits are fine enough, and keep the product within what a Duration holds.
        let share = 0.5 + (random >> 32) as f64 / f64::from(u32::MAX) / 2.0;
        Duration::try_from_secs_f64(whole.as_secs_f64() * share).unwrap_or(whole).min(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));

    #[test]
    fn pauses_double_up_to_the_longest() {
        let longest: Vec<u128> = (0..10).map(|n| BACKOFF.pause(n, u64::MAX).as_millis()).collect();
        assert_eq!(longest, [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        let shortest: Vec<u128> = (0..4).map(|n| BACKOFF.pause(n, 0).as_millis()).collect();
        assert_eq!(shortest, [0, 50, 100, 200]);
    }

    #[test]
    fn no_number_of_failures_and_no_length_overflows() {
        assert_eq!(BACKOFF.pause(u32::MAX, u64::MAX), Duration::from_secs(10));
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(endless.pause(u32::MAX, u64::MAX) > Duration::from_secs(1 << 40));
    }
}

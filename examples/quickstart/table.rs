//! What is printed at the end.

use super::proof::Verdict;
use super::record::Record;
use std::fmt;
use std::time::Duration;

/// How many of the things that are wrong are printed.
const SHOWN: usize = 5;

/// The measurements and the verdict.
pub(super) struct Table<'a> {
    pub(super) record: &'a Record,
    pub(super) verdict: &'a Verdict,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, verdict } = self;
        let mut latencies = record.latencies.clone();
        latencies.sort_unstable();
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<34}{value:>14}");
        row("commands/s", per_second(latencies.len(), record.load_time()))?;
        row("latency p50", millis(percentile(&latencies, 50)))?;
        row("latency p99", millis(percentile(&latencies, 99)))?;
        row("events in the journal", number(verdict.events))?;
        row("entities recovered/s", per_second(record.balances.len(), record.recovery))?;
        row("stored but not acknowledged", number(record.unacknowledged))?;
        row("repeated with the first outcome", number(verdict.repeated))?;
        row("accepted, rejected", format!("{}, {}", number(verdict.accepted), number(verdict.rejected)))?;
        row("money in the accounts", money(verdict.cents))?;
        writeln!(f, "lost {}", number(verdict.lost))?;
        writeln!(f, "doubled {}", number(verdict.doubled))?;
        for wrong in verdict.wrong.iter().take(SHOWN) {
            writeln!(f, "wrong: {wrong}")?;
        }
        if let more @ 1.. = verdict.wrong.len().saturating_sub(SHOWN) {
            writeln!(f, "and {} more things are wrong", number(more))?;
        }
        Ok(())
    }
}

/// A number with its thousands apart.
pub(super) fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn money(cents: i128) -> String {
    format!("{}.{:02}", number((cents / 100) as usize), cents % 100)
}

fn per_second(count: usize, time: Duration) -> String {
    number((count as f64 / time.as_secs_f64().max(1e-6)) as usize)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The nearest rank: the smallest value that `percent` of 100 values do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let grouped = [0, 7, 999, 1_000, 12_345, 1_234_567].map(number);
        assert_eq!(grouped, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(money(123_405), "1,234.05");
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(millis(percentile(&sorted, 50)), "100.0 ms");
        assert_eq!(millis(percentile(&sorted, 99)), "198.0 ms");
        assert_eq!(percentile(&sorted[..1], 50), sorted[0]);
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}

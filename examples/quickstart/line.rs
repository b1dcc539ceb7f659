//! The lines that the bank writes to its operator. A line that was cut off by the kill is not a line: only
//! what ends with a line feed counts.

use super::plan::Outcome;
use std::fmt;
use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// All accounts are in memory again; it took so long.
    Recovered { took: Duration },
    /// So many commands are in the journal that were never acknowledged.
    Unacknowledged { commands: usize },
    /// A command was acknowledged, and is not in the journal.
    Missing { command: usize },
    /// A command that was acknowledged before was repeated, and gave this.
    Repeated { command: usize, outcome: Outcome },
    /// From now on commands are handled that were not acknowledged before.
    Loading,
    /// The acknowledgement of a command, so long after it was sent.
    Acknowledged { command: usize, outcome: Outcome, latency: Duration },
    /// What an account answers at the end.
    Balance { account: usize, cents: u64 },
    /// The bank gave up.
    Failed { why: String },
}

/// A line that nobody writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a line of the bank: {0:?}")]
pub(super) struct InvalidLine(String);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered { took } => write!(f, "recovered {}", took.as_micros()),
            Self::Unacknowledged { commands } => write!(f, "unacknowledged {commands}"),
            Self::Missing { command } => write!(f, "missing {command}"),
            Self::Repeated { command, outcome } => write!(f, "repeated {command} {outcome}"),
            Self::Loading => write!(f, "loading"),
            Self::Acknowledged { command, outcome, latency } => {
                write!(f, "acknowledged {command} {outcome} {}", latency.as_micros())
            }
            Self::Balance { account, cents } => write!(f, "balance {account} {cents}"),
            Self::Failed { why } => write!(f, "failed {}", why.replace('\n', " ")),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balance { cents } => write!(f, "accepted {cents}"),
            Self::Short { cents } => write!(f, "short {cents}"),
        }
    }
}

impl FromStr for Line {
    type Err = InvalidLine;

    fn from_str(line: &str) -> Result<Self, InvalidLine> {
        if let Some(why) = line.strip_prefix("failed ") {
            return Ok(Self::Failed { why: why.into() });
        }
        let mut words = line.split_whitespace();
        let parsed = parse(&mut words).filter(|_| words.next().is_none());
        parsed.ok_or_else(|| InvalidLine(line.into()))
    }
}

fn parse(words: &mut SplitWhitespace<'_>) -> Option<Line> {
    Some(match words.next()? {
        "recovered" => Line::Recovered { took: micros(words)? },
        "unacknowledged" => Line::Unacknowledged { commands: number(words)? },
        "missing" => Line::Missing { command: number(words)? },
        "repeated" => Line::Repeated { command: number(words)?, outcome: outcome(words)? },
        "loading" => Line::Loading,
        "acknowledged" => {
            let (command, outcome) = (number(words)?, outcome(words)?);
            Line::Acknowledged { command, outcome, latency: micros(words)? }
        }
        "balance" => Line::Balance { account: number(words)?, cents: number(words)? },
        _ => return None,
    })
}

fn outcome(words: &mut SplitWhitespace<'_>) -> Option<Outcome> {
    match words.next()? {
        "accepted" => Some(Outcome::Balance { cents: number(words)? }),
        "short" => Some(Outcome::Short { cents: number(words)? }),
        _ => None,
    }
}

fn number<N: FromStr>(words: &mut SplitWhitespace<'_>) -> Option<N> {
    words.next()?.parse().ok()
}

fn micros(words: &mut SplitWhitespace<'_>) -> Option<Duration> {
    number(words).map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_it_was_written() {
        let (command, took) = (17, Duration::from_micros(1_234));
        let (accepted, short) = (Outcome::Balance { cents: 0 }, Outcome::Short { cents: u64::MAX });
        for line in [
            Line::Recovered { took },
            Line::Unacknowledged { commands: 3 },
            Line::Missing { command },
            Line::Repeated { command, outcome: short },
            Line::Loading,
            Line::Acknowledged { command, outcome: accepted, latency: took },
            Line::Balance { account: 999, cents: 5 },
            Line::Failed { why: "bank.db is in use".into() },
        ] {
            assert_eq!(line.to_string().parse(), Ok(line));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "balance", "balance 1 x", "balance 1 2 3", "acknowledged 1 accepted 5", "Loading"] {
            assert!(text.parse::<Line>().is_err(), "{text:?}");
        }
    }
}

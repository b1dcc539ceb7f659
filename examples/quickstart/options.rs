//! What the program can be told.

use annals::Entropy;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

pub(super) const HELP: &str = "\
Runs bank accounts on SQLite, kills them in mid-load, starts them again, and proves that nothing was lost.

Usage: quickstart [OPTIONS]

  --accounts N  how many accounts (default 1000)
  --commands N  how many deposits and withdrawals (default 200000)
  --dir DIR     keep the files in this directory (default: a temporary one, removed at the end)
  --seed N      repeat the commands and the moment of the kill of another run
  --help        print this
";

const ACCOUNTS: RangeInclusive<u64> = 1..=100_000;
const COMMANDS: RangeInclusive<u64> = 1..=5_000_000;

/// The hidden first argument of the child.
pub(super) const BANK_ROLE: &str = "run-the-bank";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Help,
    /// The whole story: what a user starts.
    Operate(Options),
    /// The part that gets killed.
    Bank(Options),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) accounts: usize,
    pub(super) commands: usize,
    /// None stands for a fresh temporary directory.
    pub(super) dir: Option<PathBuf>,
    pub(super) seed: u64,
}

/// What is wrong with the arguments.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidOption {
    #[error("unknown option {0} (try --help)")]
    Unknown(String),
    #[error("{0} needs a value (try --help)")]
    NoValue(&'static str),
    #[error("{name} must be a number from {} to {}, not {is}", range.start(), range.end())]
    Number { name: &'static str, range: RangeInclusive<u64>, is: String },
}

impl Options {
    fn default_with(seed: u64) -> Self {
        Self { accounts: 1_000, commands: 200_000, dir: None, seed }
    }

    /// The arguments that give a child these options.
    pub(super) fn to_args(&self, dir: PathBuf) -> Vec<OsString> {
        let number = |name: &str, value: u64| [name.into(), value.to_string().into()];
        let mut args = vec![BANK_ROLE.into()];
        args.extend(number("--accounts", self.accounts as u64));
        args.extend(number("--commands", self.commands as u64));
        args.extend(number("--seed", self.seed));
        args.extend(["--dir".into(), dir.into()]);
        args
    }
}

/// Reads the arguments behind the program's name.
pub(super) fn parse(args: impl Iterator<Item = OsString>) -> Result<Request, InvalidOption> {
    let mut args = args.peekable();
    let is_bank = args.next_if(|first| first == BANK_ROLE).is_some();
    // A short seed is easier to type again.
    let mut options = Options::default_with(Entropy::System.random().next_u64() % 1_000_000);
    while let Some(name) = args.next() {
        let mut value = |name| args.next().ok_or(InvalidOption::NoValue(name));
        match name.to_str() {
            Some("--accounts") => options.accounts = number("--accounts", ACCOUNTS, value("--accounts")?)?,
            Some("--commands") => options.commands = number("--commands", COMMANDS, value("--commands")?)?,
            Some("--seed") => options.seed = number("--seed", 0..=u64::MAX, value("--seed")?)?,
            Some("--dir") => options.dir = Some(value("--dir")?.into()),
            Some("--help" | "-h") => return Ok(Request::Help),
            _ => return Err(InvalidOption::Unknown(name.display().to_string())),
        }
    }
    Ok(if is_bank { Request::Bank(options) } else { Request::Operate(options) })
}

fn number<N: TryFrom<u64>>(
    name: &'static str,
    range: RangeInclusive<u64>,
    value: OsString,
) -> Result<N, InvalidOption> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number
        .filter(|number| range.contains(number))
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| InvalidOption::Number { name, range, is: value.display().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Request, String> {
        parse(args.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_childs_arguments_say_the_same_as_the_parents_options() {
        let options = Options { accounts: 3, commands: 40, dir: Some("a b".into()), seed: 5 };
        let parsed = parse(options.to_args("a b".into()).into_iter());
        assert_eq!(parsed, Ok(Request::Bank(options)));
    }

    #[test]
    fn options_are_read_and_the_last_one_counts() {
        let expected = Options { accounts: 2, commands: 200_000, dir: None, seed: 1 };
        let request = parsed(&["--accounts", "9", "--seed", "1", "--accounts", "2"]);
        assert_eq!(request, Ok(Request::Operate(expected)));
        assert_eq!(parsed(&["--help"]), Ok(Request::Help));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |args: &[&str]| parsed(args).unwrap_err();
        assert_eq!(error(&["--foo"]), "unknown option --foo (try --help)");
        assert_eq!(error(&["--dir"]), "--dir needs a value (try --help)");
        for is in ["0", "-1", "ten", "", "99999999999999999999"] {
            let error = error(&["--accounts", is]);
            assert_eq!(error, format!("--accounts must be a number from 1 to 100000, not {is}"));
        }
    }
}

//! What the command line says.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "annals-bench-compare [queries|persisted|hot|observed|codecs|recovery|footprint] [--quick] [--dir <path>]";

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Queries,
    Persisted,
    Hot,
    Observed,
    Codecs,
    Recovery,
    Footprint,
}

impl Scenario {
    const ALL: [Self; 7] = [
        Self::Queries,
        Self::Persisted,
        Self::Hot,
        Self::Observed,
        Self::Codecs,
        Self::Recovery,
        Self::Footprint,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Persisted => "persisted",
            Self::Hot => "hot",
            Self::Observed => "observed",
            Self::Codecs => "codecs",
            Self::Recovery => "recovery",
            Self::Footprint => "footprint",
        }
    }
}

/// The arguments of one run.
#[derive(Debug)]
pub(crate) struct Arguments {
    only: Option<Scenario>,
    pub(crate) quick: bool,
    /// Where files are made.
    pub(crate) dir: PathBuf,
}

impl Arguments {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut parsed = Self { only: None, quick: false, dir: std::env::temp_dir() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--quick" => parsed.quick = true,
                "--dir" => parsed.dir = rest.next().ok_or("--dir needs a path")?.into(),
                name => {
                    let known = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
                    parsed.only = Some(known.ok_or_else(|| format!("there is no scenario `{name}`"))?);
                }
            }
        }
        Ok(parsed)
    }

    pub(crate) fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        Scenario::ALL.into_iter().filter(|&scenario| self.only.is_none_or(|only| only == scenario))
    }
}

//! Annals beside raw programs and other frameworks: one run, one table.
//!
//! ```text
//! cargo run --release -p annals-bench-compare -- [SCENARIO] [--quick] [--dir <path>]
//! ```
//!
//! | scenario | what is compared |
//! |---|---|
//! | `queries` | queries per second, beside other frameworks |
//! | `persisted` | durable commands per second, beside a raw program on the same disk |
//! | `hot` | one entity, many callers beside one |
//! | `observed` | calls per second with nobody watching, with spans on, with spans and metrics on |
//! | `codecs` | the size of an event, the time to encode and decode it, durable commands per second |
//! | `recovery` | events replayed per second, with and without a snapshot, and memory |
//! | `footprint` | memory per idle entity |
//!
//! Without a scenario all of them run. Contestants of a scenario work in turn, round after round, so that a slow spell of the machine meets all of
//! them; the table shows medians, the spread, and the ratio of the medians. `--quick` only shows that
//! everything runs. Files are made in a new directory below `--dir` (by default the system's for temporary
//! files): what a sync costs there is what is measured.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

mod account;
mod arguments;
mod callers;
mod child;
mod codecs;
mod files;
mod footprint;
mod hot;
mod memory;
mod observed;
mod peers;
mod persisted;
mod queries;
mod raw;
mod recovery;
mod rounds;
mod scale;
mod table;

use arguments::{Arguments, Scenario};
use scale::Scale;
use table::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if child::run(&arguments) {
        return;
    }
    let arguments = Arguments::parse(&arguments).unwrap_or_else(|error| {
        eprintln!("{error}\n{}", arguments::USAGE);
        std::process::exit(2);
    });
    let scale = if arguments.quick { Scale::QUICK } else { Scale::FULL };
    let mut table = Table::default();
    for scenario in arguments.scenarios() {
        eprintln!("{} ...", scenario.name());
        table.section(match scenario {
            Scenario::Queries => queries::run(&scale),
            Scenario::Persisted => persisted::run(&scale, &arguments.dir),
            Scenario::Hot => hot::run(&scale, &arguments.dir),
            Scenario::Observed => observed::run(&scale),
            Scenario::Codecs => codecs::run(&scale, &arguments.dir),
            Scenario::Recovery => recovery::run(&scale, &arguments.dir),
            Scenario::Footprint => footprint::run(&scale),
        });
    }
    println!("{table}");
}

//! The memory of an active idle entity: how much more is resident after many were activated. Every contestant
//! has a process of its own.

use crate::callers::Tokio;
use crate::child;
use crate::memory::resident_bytes;
use crate::peers::{actix, annals, bare, kameo, ractor};
use crate::scale::Scale;
use crate::table::{Row, Section};

const PART: &str = "footprint";
/// Activated before the counting starts, so that code and pools are in memory.
const WARM_UP: usize = 500;

pub(crate) fn run(scale: &Scale) -> Section {
    let count = scale.idle_entities.to_string();
    let rows = [annals::NAME, kameo::NAME, ractor::NAME, actix::NAME, bare::NAME].map(|name| {
        let mut each: Vec<f64> = (0..3).map(|_| child::ask(&[PART, name, &count])[0]).collect();
        each.sort_by(f64::total_cmp);
        eprintln!("  {name}: {each:?}");
        let row = Row::figure(name, each[1], "bytes", "growth of the resident memory; one reply each before");
        if name == annals::NAME { row.ratio(each[1] / 3_000.0, "of 3,000; goal <= 1.00") } else { row }
    });
    let title = format!("Footprint: bytes per active idle entity, {count} of them, nothing stored");
    Section { title, rows: rows.into() }
}

/// Measures one contestant in this process.
pub(crate) fn child(part: &[&str]) -> Option<Vec<f64>> {
    let [PART, name, count] = part else { return None };
    let count: usize = count.parse().expect("a number of entities");
    Some(vec![match *name {
        annals::NAME => {
            let tokio = Tokio::new();
            let node = tokio.wait(annals::activate(WARM_UP));
            growth(count, || tokio.wait(annals::activate_more(&node, WARM_UP, WARM_UP + count)))
        }
        kameo::NAME => {
            let tokio = Tokio::new();
            let mut kameo = tokio.wait(kameo::Kameo::start(WARM_UP));
            growth(count, || tokio.wait(kameo.start_more(count)))
        }
        ractor::NAME => {
            let tokio = Tokio::new();
            let mut ractor = tokio.wait(ractor::Ractor::start(WARM_UP));
            growth(count, || tokio.wait(ractor.start_more(count)))
        }
        actix::NAME => {
            let arbiters = actix::Arbiters::new();
            let _warm = arbiters.counters(WARM_UP);
            growth(count, || arbiters.counters(count))
        }
        bare::NAME => {
            let tokio = Tokio::new();
            let mut bare = tokio.wait(bare::Bare::start(WARM_UP));
            growth(count, || tokio.wait(bare.start_more(count)))
        }
        _ => panic!("nobody is called {name}"),
    }])
}

/// How many more bytes are resident for each, while what `start` gave is kept.
fn growth<T>(count: usize, start: impl FnOnce() -> T) -> f64 {
    let before = resident_bytes();
    let kept = start();
    let after = resident_bytes();
    drop(kept);
    after.saturating_sub(before) as f64 / count as f64
}

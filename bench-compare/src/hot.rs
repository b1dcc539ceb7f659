//! One hot entity: what running ahead of the storage is worth. Many callers at once beside one at a time.

use crate::account::Account;
use crate::callers::{Load, Tokio, calls_per_second};
use crate::files::Files;
use crate::persisted::{Persisted, SETTINGS};
use crate::raw::{self, Keys, Raw};
use crate::rounds::{Contestant, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn run(scale: &Scale, dir: &Path) -> Section {
    let (files, tokio) = (Files::below(dir), Tokio::new());
    let many = Load { callers: scale.callers, entities: 1, calls: scale.commands };
    let one = Load { callers: 1, entities: 1, calls: scale.lone_commands };
    let annals =
        |name| Arc::new(tokio.wait(Persisted::<Account>::start(&files.path(name), 1, Keys::Without)));
    let (hot, lone) = (annals("hot.db"), annals("lone.db"));
    let raw = Arc::new(Raw::start(&files.path("raw.db"), 1, Keys::Without));
    let mut contestants = [
        Contestant::new("annals, all callers at once", || calls_per_second(&tokio, &hot, many)),
        Contestant::new("annals, one caller at a time", || calls_per_second(&tokio, &lone, one)),
        Contestant::new("raw program, one caller at a time", || calls_per_second(&tokio, &raw, one)),
    ];
    let samples = in_turn(&mut contestants, scale.rounds);
    let row = |who: usize, settings| Row::rate(contestants[who].name, "commands/s", &samples[who], settings);
    let gain = samples[0].median() / samples[1].median();
    let to_raw = samples[1].median() / samples[2].median();
    let rows = vec![
        row(0, SETTINGS).ratio(gain, "of one at a time; goal >= 20"),
        row(1, SETTINGS).ratio(to_raw, "of raw"),
        row(2, raw::SETTINGS),
    ];
    drop(contestants);
    tokio.wait(async {
        hot.node.shutdown().await;
        lone.node.shutdown().await;
    });
    Section { title: format!("One hot entity: SQLite, {} callers", many.callers), rows }
}

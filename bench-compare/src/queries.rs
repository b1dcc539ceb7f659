//! Queries to many entities from as many tasks: annals beside other actors.

use crate::account::{Account, ByHand};
use crate::callers::{Load, Tokio, calls_per_second};
use crate::peers::{actix, annals, bare, kameo, ractor};
use crate::rounds::{Contestant, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use std::sync::Arc;

pub(crate) fn run(scale: &Scale) -> Section {
    let load = Load { callers: scale.callers, entities: scale.entities, calls: scale.queries };
    let (tokio, arbiters) = (Tokio::new(), actix::Arbiters::new());
    let annals = Arc::new(tokio.wait(annals::Annals::<Account>::start(load.entities)));
    let by_hand = Arc::new(tokio.wait(annals::Annals::<ByHand>::start(load.entities)));
    let kameo = Arc::new(tokio.wait(kameo::Kameo::start(load.entities)));
    let ractor = Arc::new(tokio.wait(ractor::Ractor::start(load.entities)));
    let bare = Arc::new(tokio.wait(bare::Bare::start(load.entities)));
    let actix = arbiters.start(load.entities);
    let mut contestants = [
        Contestant::new(annals::NAME, || calls_per_second(&tokio, &annals, load)),
        Contestant::new(annals::BY_HAND, || calls_per_second(&tokio, &by_hand, load)),
        Contestant::new(kameo::NAME, || calls_per_second(&tokio, &kameo, load)),
        Contestant::new(ractor::NAME, || calls_per_second(&tokio, &ractor, load)),
        Contestant::new(actix::NAME, || calls_per_second(&arbiters, &actix, load)),
        Contestant::new(bare::NAME, || calls_per_second(&tokio, &bare, load)),
    ];
    let samples = in_turn(&mut contestants, scale.rounds);
    let ours = samples[0].median();
    let rows = contestants.iter().zip(&samples).map(|(contestant, samples)| {
        let settings = match contestant.name {
            actix::NAME => "nothing is stored; callers on the arbiters",
            _ => "nothing is stored; callers on the same tokio runtime",
        };
        let row = Row::rate(contestant.name, "queries/s", samples, settings);
        match contestant.name {
            annals::NAME => row,
            annals::BY_HAND => row.ratio(ours / samples.median(), "the macro costs nothing"),
            kameo::NAME | ractor::NAME => row.ratio(ours / samples.median(), "goal >= 1.00"),
            actix::NAME => row.ratio(ours / samples.median(), "aim 1.00"),
            _ => row.ratio(ours / samples.median(), ""),
        }
    });
    let rows = rows.collect();
    let title = format!(
        "Queries: {} entities, {} tasks, {} cores (ratio: annals to this)",
        load.entities,
        load.callers,
        crate::callers::cores()
    );
    Section { title, rows }
}

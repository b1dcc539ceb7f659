//! The codecs side by side: the bytes of an event, the time to encode and to decode it, and durable commands on
//! SQLite, where the time hardly matters and the bytes do a little.

use crate::account::{Account, AccountEvent};
use crate::callers::{Load, Tokio, calls_per_second};
use crate::files::Files;
use crate::persisted::{Persisted, SETTINGS};
use crate::raw::Keys;
use crate::rounds::{Contestant, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use annals::Codec;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;

const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];
const EVENT: AccountEvent = AccountEvent::Deposited { cents: 12_345 };

pub(crate) fn run(scale: &Scale, dir: &Path) -> Section {
    let (files, tokio) = (Files::below(dir), Tokio::new());
    let load = Load { callers: scale.callers, entities: scale.entities, calls: scale.commands };
    let stores = CODECS.map(|codec| {
        let path = files.path(&format!("{codec}.db"));
        let start = Persisted::<Account>::start_with(&path, load.entities, Keys::Without, |account| {
            account.codec(codec)
        });
        Arc::new(tokio.wait(start))
    });
    let mut contestants = Vec::new();
    for codec in CODECS {
        let bytes = encoded(codec);
        contestants.push(Contestant::new("encode", move || {
            per_second(scale.codings, || codec.encode(black_box(&EVENT)).expect("an event can be encoded"))
        }));
        contestants.push(Contestant::new("decode", move || {
            let decode = || codec.decode::<AccountEvent>(black_box(&bytes)).expect("an event can be decoded");
            per_second(scale.codings, decode)
        }));
    }
    for store in &stores {
        contestants.push(Contestant::new("persisted", || calls_per_second(&tokio, store, load)));
    }
    let samples = in_turn(&mut contestants, scale.rounds);
    drop(contestants);
    let (codings, commands) = samples.split_at(2 * CODECS.len());
    let mut rows = Vec::new();
    for (codec, each) in CODECS.iter().zip(codings.chunks(2)) {
        let bytes = format!("{} bytes per event", encoded(*codec).len());
        rows.push(Row::each(&format!("{codec}, encode"), "ns", 1e9, &each[0], bytes.clone()));
        rows.push(Row::each(&format!("{codec}, decode"), "ns", 1e9, &each[1], bytes));
    }
    for (codec, samples) in CODECS.iter().zip(commands) {
        let row = Row::rate(&format!("{codec}, persisted"), "commands/s", samples, SETTINGS);
        rows.push(row.ratio(samples.median() / commands[0].median(), "of MessagePack"));
    }
    tokio.wait(async {
        for store in &stores {
            store.node.shutdown().await;
        }
    });
    let title = format!("Codecs: SQLite, {} entities, {} callers, without keys", load.entities, load.callers);
    Section { title, rows }
}

fn encoded(codec: Codec) -> Vec<u8> {
    codec.encode(&EVENT).expect("an event can be encoded")
}

/// Does something so many times; gives the times per second.
fn per_second<T>(times: usize, mut work: impl FnMut() -> T) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    times as f64 / started.elapsed().as_secs_f64()
}

//! An entity whose effects take snapshots, passivate, tag and add metadata.

use annals::{Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    lines: Vec<u8>,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Log)]
enum LogEvent {
    Added { line: u8 },
}

impl EventSourced for Log {
    const ENTITY_TYPE: &'static str = "log";
    type Event = LogEvent;
    fn apply(&mut self, LogEvent::Added { line }: &LogEvent) {
        self.lines.push(*line);
    }
}

#[annals::commands]
impl Log {
    pub(crate) fn add(&self, line: u8) -> Effect<Self, usize> {
        let added = Effect::persist(LogEvent::Added { line }).metadata("parity", (line % 2).to_string());
        let added = added.tag(if line > 9 { "long" } else { "short" });
        let added = if line.is_multiple_of(3) { added.snapshot() } else { added };
        let added = if line.is_multiple_of(5) { added.passivate() } else { added };
        added.reply(|log| log.lines.len())
    }

    pub(crate) fn rest(&self) -> Effect<Self> {
        Effect::none().passivate()
    }

    pub(crate) fn length(&self) -> usize {
        self.lines.len()
    }
}

#[test]
fn an_entity_that_takes_snapshots_and_leaves_memory_is_sound() {
    let steps = prop_oneof![
        3 => (0..20u8).prop_map(|line| Step::<Log>::of(move |log| log.add(line))),
        1 => Just(Step::<Log>::of(|log| log.rest())),
        1 => Just(Step::<Log>::query(|log| log.length())),
    ];
    replay_laws(steps).check();
}

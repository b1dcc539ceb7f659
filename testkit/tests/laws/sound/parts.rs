//! An entity with a part, whose events are in one journal with its own.

use annals::{Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Trail {
    lines: Vec<String>,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Trail)]
enum TrailEvent {
    Noted { line: String },
}

impl EventSourced for Trail {
    const ENTITY_TYPE: &'static str = "trail";
    type Event = TrailEvent;
    fn apply(&mut self, TrailEvent::Noted { line }: &TrailEvent) {
        self.lines.push(line.clone());
    }
}

#[annals::commands]
impl Trail {
    pub(crate) fn note(&self, line: String) -> Effect<Self> {
        Effect::persist(TrailEvent::Noted { line })
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Page {
    text: String,
    trail: Trail,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Page)]
enum PageEvent {
    Written { text: String },
}

impl EventSourced for Page {
    const ENTITY_TYPE: &'static str = "page";
    type Event = PageEvent;
    fn apply(&mut self, PageEvent::Written { text }: &PageEvent) {
        self.text.push_str(text);
    }
}

#[annals::commands(parts(trail: Trail))]
impl Page {
    pub(crate) fn write(&self, text: String) -> Effect<Self, usize> {
        Effect::persist(PageEvent::Written { text: text.clone() })
            .and(self.trail.note(text))
            .reply(|page| page.trail.lines.len())
    }

    pub(crate) fn text(&self) -> String {
        self.text.clone()
    }
}

#[test]
fn an_entity_with_parts_is_sound() {
    let text = || "[a-z]{0,3}";
    let steps = prop_oneof![
        text().prop_map(|text| Step::<Page>::of(move |page| page.write(text.clone()))),
        text().prop_map(|line| Step::<Page>::of(move |page| page.part::<Trail>().note(line.clone()))),
        Just(Step::<Page>::query(|page| page.text())),
    ];
    replay_laws(steps).check();
}

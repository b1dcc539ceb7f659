//! An entity that is written without macros.

use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest,
};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Scenario, Step, replay_laws};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Door {
    openings: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Opened;

impl Event for Opened {
    type Entity = Door;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("opened", 1)];
    fn manifest(&self) -> Manifest {
        Self::MANIFESTS[0].clone()
    }
}

impl EventSourced for Door {
    const ENTITY_TYPE: &'static str = "door";
    type Event = Opened;
    fn apply(&mut self, _: &Opened) {
        self.openings += 1;
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Open;

impl Command for Open {
    const NAME: &'static str = "open";
}

impl Handler<Open> for Door {
    type Output = Effect<Self, u64>;
    fn handle(&self, _: Open, _: &Context<Self>) -> Self::Output {
        Effect::persist(Opened).reply(|door| door.openings)
    }
}

impl Entity for Door {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Open>()
    }
}

#[test]
fn a_scenario_needs_no_macros() {
    let mut door = Scenario::<Door>::given([Opened]);
    let _ = door.when(|door| door.ask(Open)).replies(2).persists([Opened]).leaves(Door { openings: 2 });
}

#[test]
fn laws_need_no_macros() {
    replay_laws(Just(Step::<Door>::of(|door| door.ask(Open)))).cases(32).check();
}

//! Durable states against a model: every sequence of four saves and deletions over two entities, each with
//! every revision from 0 to one too many, and all of it loaded at the end.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{id, payload, revision};
use crate::conformance::store::Store;
use annals::storage::{Committed, Counter, StateChange, StorageError, Write};
use annals::{Payload, PersistenceId};

cases!("state model", Case;
    state_follows_its_model_in_all_sequences_of_four_changes,
);

const DEPTH: usize = 4;

/// Writes per group.
const GROUP: usize = 2_000;

#[derive(Debug, Clone, Copy)]
struct Step {
    /// Which of the two entities.
    entity: usize,
    expected: u64,
    saves: bool,
}

/// What must be stored of an entity.
#[derive(Debug, Clone, Copy, Default)]
struct Model {
    revision: u64,
    /// The step that saved it, unless it is deleted.
    saved_by: Option<usize>,
}

impl Model {
    /// The revision after a step, or the one found by a step that is refused.
    fn step(&mut self, number: usize, step: Step) -> Result<u64, u64> {
        if step.expected != self.revision {
            return Err(self.revision);
        }
        self.revision += 1;
        self.saved_by = step.saves.then_some(number);
        Ok(self.revision)
    }
}

/// A sequence, what each step must come to, and what must be stored in the end.
#[derive(Debug, Clone, Default)]
struct Run {
    steps: Vec<(Step, Result<u64, u64>)>,
    end: [Model; 2],
}

impl Run {
    fn then(&self, step: Step) -> Self {
        let mut longer = self.clone();
        let result = longer.end[step.entity].step(self.steps.len(), step);
        longer.steps.push((step, result));
        longer
    }

    /// Every step that differs in its result: by symmetry the first one is on the first entity.
    fn next_steps(&self) -> Vec<Step> {
        let entities = if self.steps.is_empty() { 0..1 } else { 0..2 };
        let steps =
            entities.flat_map(|entity| (0..=self.end[entity].revision + 1).map(move |at| (entity, at)));
        steps
            .flat_map(|(entity, expected)| [true, false].map(|saves| Step { entity, expected, saves }))
            .collect()
    }
}

fn all_runs() -> Vec<Run> {
    let mut runs = vec![Run::default()];
    for _ in 0..DEPTH {
        runs = runs.iter().flat_map(|run| run.next_steps().into_iter().map(|step| run.then(step))).collect();
    }
    runs
}

fn entity(run: usize, entity: usize) -> PersistenceId {
    id(&format!("{run}-{entity}"))
}

fn state(number: usize) -> Payload {
    payload(format!("saved by step {number}"))
}

fn write(store: &Store<'_>, run: usize, number: usize, step: Step) -> Write {
    let change = if step.saves { StateChange::Save(state(number)) } else { StateChange::Delete };
    store.writer(&entity(run, step.entity)).state(step.expected, change)
}

async fn state_follows_its_model_in_all_sequences_of_four_changes(store: Store<'_>) {
    let runs = all_runs();
    assert_eq!(runs.len(), 3_952, "sequences of {DEPTH} changes");
    for (chunk, first) in runs.chunks(GROUP / DEPTH).zip((0..).step_by(GROUP / DEPTH)) {
        change_all(&store, chunk, first).await;
        for (run, number) in chunk.iter().zip(first..) {
            check_end(&store, run, number).await;
        }
    }
}

/// Makes the changes of some runs in one group, and checks every result.
async fn change_all(store: &Store<'_>, runs: &[Run], first: usize) {
    let mut writes = Vec::new();
    for (run, number) in runs.iter().zip(first..) {
        let steps = run.steps.iter().enumerate();
        writes.extend(steps.map(|(at, (step, _))| write(store, number, at, *step)));
    }
    let results = store.append(writes).await;
    for (run, results) in runs.iter().zip(results.chunks(DEPTH)) {
        for ((_, expected), result) in run.steps.iter().zip(results) {
            check_result(run, *expected, result);
        }
    }
}

fn check_result(run: &Run, expected: Result<u64, u64>, result: &Result<Committed, StorageError>) {
    match (expected, result) {
        (Ok(after), Ok(committed)) => assert_eq!(revision(*committed), after, "in {run:?}"),
        (Err(found), refused @ Err(_)) => check::conflict(refused, Counter::Revision, found),
        (expected, result) => panic!("{result:?} instead of {expected:?} in {run:?}"),
    }
}

async fn check_end(store: &Store<'_>, run: &Run, number: usize) {
    for (at, model) in run.end.iter().enumerate() {
        let stored = store.states().load(&entity(number, at)).await.expect("states can be loaded");
        let found = stored.map(|state| (state.revision.get(), state.payload));
        let expected = (model.revision > 0).then(|| (model.revision, model.saved_by.map(state)));
        assert_eq!(found, expected, "entity {at} after {run:?}");
    }
}

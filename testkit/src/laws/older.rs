//! The law of upcasting: what an older version of the entity stored means the same to this one.

use super::broken::{Breach, Broken, Law};
use super::check::Lawful;
use super::run::{runner, search};
use crate::faults::FaultStorage;
use crate::life::{Life, Setting, Store, Time, only_snapshot, runtime, write};
use annals::__testing::state_manifests;
use annals::storage::{Change, Event as StoredAs};
use annals::{
    Codec, Event, EventSourced, Manifest, PersistenceId, Sealer, SequenceNr, Snapshots, StartError, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::BoxedStrategy;
use std::fmt::Debug;
use std::sync::Arc;

/// An older version of `S`, whatever its type.
pub(super) trait OlderVersion<S> {
    fn check(&self, seed: u64, store: &Arc<dyn Fn() -> Store>, codecs: &[Codec]) -> Result<(), Broken>;
}

/// Tells whether two states are the same.
type Same<Old, S> = Box<dyn Fn(&Old, &S) -> bool>;

/// The older version, what happened to it, and when its state and today's are the same.
pub(super) struct Older<Old: EventSourced, S> {
    events: BoxedStrategy<Old::Event>,
    same: Same<Old, S>,
}

impl<Old: EventSourced, S> Older<Old, S> {
    pub(super) fn new(
        events: impl Strategy<Value = Old::Event> + 'static,
        same: impl Fn(&Old, &S) -> bool + 'static,
    ) -> Self
    where
        Old::Event: Debug,
    {
        Self { events: events.boxed(), same: Box::new(same) }
    }
}

/// How many events of the older version there are at the most.
const MOST: usize = 20;

impl<Old, S> OlderVersion<S> for Older<Old, S>
where
    Old: EventSourced + Debug,
    Old::Event: Debug,
    S: Lawful,
{
    fn check(&self, seed: u64, store: &Arc<dyn Fn() -> Store>, codecs: &[Codec]) -> Result<(), Broken> {
        let mut runner = runner(seed);
        let cases = (vec(self.events.clone(), 0..=MOST), select(codecs.to_vec()), any::<Index>());
        let drawn =
            cases.new_tree(&mut runner).unwrap_or_else(|why| panic!("the strategy draws nothing: {why}"));
        let found = search(drawn, |(events, codec, cut)| {
            let cut = cut.index(events.len() + 1);
            self.hold(&events.iter().collect::<Vec<_>>(), *codec, cut, &store())
        });
        found.map_or(Ok(()), |((events, codec, _), breach)| {
            let hold = |events: &[&Old::Event], cut| self.hold(events, codec, cut, &store());
            let (events, breach) = shorten(&events, breach, hold);
            let steps =
                events.iter().map(|event| format!("{event:?}, as the older version stores it")).collect();
            Err(Broken::new(breach, steps, codec.to_string(), seed, S::ENTITY_TYPE))
        })
    }
}

/// Leaves out further events, with the cut wherever it has to be then.
fn shorten<Ev>(
    events: &[Ev],
    mut breach: Breach,
    hold: impl Fn(&[&Ev], usize) -> Result<(), Breach>,
) -> (Vec<&Ev>, Breach) {
    let mut kept: Vec<&Ev> = events.iter().collect();
    let mut at = 0;
    while at < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        let found = (0..=fewer.len()).filter_map(|cut| hold(&fewer, cut).err());
        match found.into_iter().find(|found| found.law == breach.law) {
            Some(found) => (kept, breach, at) = (fewer, found, 0),
            None => at += 1,
        }
    }
    (kept, breach)
}

impl<Old, S> Older<Old, S>
where
    Old: EventSourced + Debug,
    S: Lawful,
{
    fn hold(&self, events: &[&Old::Event], codec: Codec, cut: usize, store: &Store) -> Result<(), Breach> {
        let setting = Setting::<S>::new().with(move |definition| definition.codec(codec));
        let id = setting.persistence_id();
        let (stored, old, at_cut) = Self::fold(events, codec, &id, cut)?;
        let runtime = runtime(Time::Paused);
        if !stored.is_empty() {
            let change = Change::Events { expected: SequenceNr::ZERO, events: stored.into() };
            let written = runtime.block_on(write(store.clone(), id.clone(), 1, Timestamp::default(), change));
            written.unwrap_or_else(|error| panic!("the older history cannot be stored: {error}"));
        }
        let life = begin(&setting, store)?;
        let highest = SequenceNr::new(events.len() as u64);
        let unread = |error: &dyn std::fmt::Display| {
            Law::Upcasting.broken(format!("the older history is not read: {error}"))
        };
        let today = life.state_at(highest).map_err(|error| unread(&error))?;
        if !(self.same)(&old, &today) {
            return Err(Law::Upcasting.broken(format!("the older version has {old:?}, today's {today:?}")));
        }
        let today = life.compare(today).map_err(|found| unread(&format_args!("the state {found}")))?;
        drop(life);

        let (manifest, snapshot) = at_cut;
        if !state_manifests(&setting.definition()).contains(&manifest) {
            return Ok(());
        }
        let kept = Some((SequenceNr::new(cut as u64), snapshot));
        let saved = runtime.block_on(only_snapshot(store.clone(), id, kept));
        saved.unwrap_or_else(|error| panic!("the older snapshot cannot be stored: {error}"));
        let setting = setting.with(|definition| definition.snapshots(Snapshots::on_demand()));
        let compared = begin(&setting, store)?.compare(today);
        compared.map(drop).map_err(|found| {
            Law::Upcasting.broken(format!("with the older version's snapshot at {cut} the state {found}"))
        })
    }

    /// What the older version stores of these events, its state after them, and its snapshot at the cut.
    #[expect(clippy::type_complexity, reason = "three things that come from one fold")]
    fn fold(
        events: &[&Old::Event],
        codec: Codec,
        id: &PersistenceId,
        cut: usize,
    ) -> Result<(Vec<StoredAs>, Old, (Manifest, annals::Payload)), Breach> {
        let sealer = Sealer::new(codec);
        let failed =
            |error: annals::SealingError| Law::Codec.broken(format!("of the older version: {error}"));
        let manifest = Manifest::new(Old::ENTITY_TYPE, Old::STATE_VERSION);
        let snapshot = |state: &Old| sealer.seal(id, manifest.clone(), state).map_err(failed);
        let (mut stored, mut state) = (Vec::new(), Old::default());
        let mut at_cut = snapshot(&state)?;
        for (nr, event) in (1..).zip(events) {
            let (payload, decoded) =
                sealer.seal_and_read_back(id, event.manifest(), *event).map_err(failed)?;
            stored.push(StoredAs::from(payload));
            state.apply(&decoded);
            if nr == cut {
                at_cut = snapshot(&state)?;
            }
        }
        Ok((stored, state, (manifest, at_cut)))
    }
}

/// Starts a node; that it cannot read what is stored is a breach.
fn begin<S: Lawful>(setting: &Setting<S>, store: &Store) -> Result<Life<S>, Breach> {
    match Life::begin(setting, FaultStorage::around(store.clone())) {
        Ok(life) => Ok(life),
        Err(error @ StartError::UnknownNames { .. }) => Err(Law::Upcasting.broken(error.to_string())),
        Err(error) => panic!("no node can be started to check the laws: {error}"),
    }
}

//! Drawing cases, holding each to the laws, and shrinking the first that breaks one.

use super::broken::{Breach, Broken};
use super::case::{Case, Drawn};
use super::check::{elsewhere, straight};
use super::crash::crash;
use super::older::{Older, OlderVersion};
use super::step::Step;
use crate::life::{Setting, Store, Time, runtime};
use crate::survival::CODECS;
use annals::storage::StorageProvider;
use annals::{Codec, Entity, Entropy, EventSourced, Random};
use annals_memory::MemoryStorage;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt::Debug;
use std::iter;
use std::sync::Arc;

/// Opens a fresh store.
type Fresh = Arc<dyn Fn() -> BoxFuture<'static, Store>>;

/// The laws, and what they are to be checked with. See the [module](super).
#[must_use = "nothing is checked before `check`"]
pub struct ReplayLaws<S: Entity> {
    steps: BoxedStrategy<Step<S>>,
    hosted: Setting<S>,
    cases: u32,
    most: usize,
    codecs: Vec<Codec>,
    seed: Option<u64>,
    store: Arc<dyn Fn() -> Store>,
    others: Vec<(String, Fresh)>,
    older: Vec<Box<dyn OlderVersion<S>>>,
}

/// Laws for the sequences of steps that a strategy draws.
pub fn replay_laws<S: Entity>(steps: impl Strategy<Value = Step<S>> + 'static) -> ReplayLaws<S> {
    ReplayLaws {
        steps: steps.boxed(),
        hosted: Setting::new(),
        cases: 256,
        most: 20,
        codecs: CODECS.into(),
        seed: None,
        store: Arc::new(|| Arc::new(MemoryStorage::new())),
        others: Vec::new(),
        older: Vec::new(),
    }
}

impl<S> ReplayLaws<S>
where
    S: EventSourced<Event: Debug + PartialEq> + Entity + Debug + PartialEq,
{
    /// How many sequences are drawn. 256 unless told otherwise.
    pub fn cases(self, cases: u32) -> Self {
        Self { cases, ..self }
    }

    /// How many steps a sequence has at the most. 20 unless told otherwise.
    pub fn steps(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Hosts entities of another type beside it, for handlers that ask them.
    pub fn hosting<T: Entity>(mut self) -> Self {
        self.hosted.others.push(Arc::new(|builder| builder.register::<T>()));
        self
    }

    /// Which codecs everything is to survive. All unless told otherwise.
    ///
    /// # Panics
    /// When there is none.
    pub fn codecs(self, codecs: impl Into<Vec<Codec>>) -> Self {
        let codecs = codecs.into();
        assert!(!codecs.is_empty(), "laws are checked with one codec at the least");
        Self { codecs, ..self }
    }

    /// Draws the case of this seed, and no other: what `ANNALS_SEED` does.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Checks on fresh stores of this kind, in place of memory. For storages that answer without threads of their
    /// own: time passes at once when everything waits.
    pub fn on<P: StorageProvider>(self, fresh: impl Fn() -> P + 'static) -> Self {
        Self { store: Arc::new(move || Arc::new(fresh())), ..self }
    }

    /// Takes each sequence on a fresh store of this kind too, and compares ([`Law::Storage`](super::Law::Storage)).
    pub fn also_on<P, F>(mut self, name: &str, fresh: impl Fn() -> F + 'static) -> Self
    where
        P: StorageProvider,
        F: Future<Output = P> + Send + 'static,
    {
        let store = move || fresh().map(|store| Arc::new(store) as Store).boxed();
        self.others.push((name.to_owned(), Arc::new(store)));
        self
    }

    /// Holds the entity to [`Law::Upcasting`](super::Law::Upcasting): whatever happened to entities of the older
    /// version `Old`, as its events were stored, is read by this one, and `same` holds between the two states. If
    /// snapshots of the older version can be read too, each cut must give what the whole history gives.
    ///
    /// # Panics
    /// When the two are not of one entity type.
    pub fn upcasts<Old: EventSourced<Event: Debug> + Debug>(
        mut self,
        events: impl Strategy<Value = Old::Event> + 'static,
        same: impl Fn(&Old, &S) -> bool + 'static,
    ) -> Self {
        assert_eq!(Old::ENTITY_TYPE, S::ENTITY_TYPE, "an older version is of the same entity type");
        self.older.push(Box::new(Older::<Old, S>::new(events, same)));
        self
    }

    /// Checks the laws.
    ///
    /// # Panics
    /// When one does not hold, with the shortest case found; inside a tokio runtime; and when no node can be
    /// started with the entity.
    #[track_caller]
    pub fn check(self) {
        if let Err(broken) = self.try_check() {
            panic!("{broken}");
        }
    }

    /// Checks the laws.
    ///
    /// # Errors
    /// The first law that does not hold, with the shortest case found.
    ///
    /// # Panics
    /// As [`check`](Self::check).
    pub fn try_check(self) -> Result<(), Broken> {
        let only = self.seed.or_else(seed_from_environment);
        let first = only.unwrap_or_else(|| Entropy::System.random().next_u64());
        let seeds = Random::new(first);
        let cases = only.map_or(self.cases, |_| 1);
        let mut seed = first;
        for _ in 0..cases {
            self.try_one(seed)?;
            seed = seeds.next_u64();
        }
        Ok(())
    }

    fn try_one(&self, seed: u64) -> Result<(), Broken> {
        let mut runner = runner(seed);
        let cases = Case::strategy(self.steps.clone(), self.most, self.codecs.clone());
        let drawn =
            cases.new_tree(&mut runner).unwrap_or_else(|why| panic!("the strategy draws nothing: {why}"));
        if let Some(found) = search(drawn, |case| self.hold(case)) {
            let (case, breach) = self.shorten(found, seed);
            return Err(Broken::new(breach, case.steps(), case.plan(), seed, S::ENTITY_TYPE));
        }
        for older in &self.older {
            older.check(seed, &self.store, &self.codecs)?;
        }
        Ok(())
    }

    /// Leaves out further steps. Proptest does not, once the cut or the crash would have to be elsewhere too.
    fn shorten(&self, found: (Case<S>, Breach), seed: u64) -> (Case<S>, Breach) {
        let (mut case, mut breach) = found;
        let (mut runner, others) = (runner(seed), Drawn::strategy(self.codecs.clone()));
        let others = (0..OTHERS).filter_map(|_| others.new_tree(&mut runner).ok()).map(|it| it.current());
        let drawn: Vec<Drawn> = iter::once(case.drawn.clone()).chain(others).collect();
        loop {
            let simpler = |at: usize| drawn.iter().map(move |drawn| (at, drawn));
            let shorter = (0..case.steps.len()).flat_map(simpler).find_map(|(at, drawn)| {
                let shorter = case.simpler(at, drawn);
                let found = self.hold(&shorter).err().filter(|found| found.law == breach.law)?;
                Some((shorter, found))
            });
            match shorter {
                Some(shorter) => (case, breach) = shorter,
                None => return (case, breach),
            }
        }
    }

    /// Holds one case to all laws.
    fn hold(&self, case: &Case<S>) -> Result<(), Breach> {
        let mut taken = straight(&self.hosted, case, &(self.store)(), &self.codecs)?;
        crash(&self.hosted, case, &taken, &*self.store)?;
        for (name, fresh) in &self.others {
            let store = runtime(Time::Real).block_on(fresh());
            taken = elsewhere(&self.hosted, case, taken, name, &store)?;
        }
        Ok(())
    }
}

fn seed_from_environment() -> Option<u64> {
    let text = std::env::var("ANNALS_SEED").ok()?;
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    Some(parsed.unwrap_or_else(|why| panic!("ANNALS_SEED is {text:?}, and that is no seed: {why}")))
}

/// What draws everything that follows from a seed.
pub(super) fn runner(seed: u64) -> TestRunner {
    let bytes: Vec<u8> = (0..4).flat_map(|part| (seed ^ part).to_le_bytes()).collect();
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// How many other cuts and crashes are tried for a shorter case.
const OTHERS: usize = 64;

/// How many simpler cases are tried.
const SHRINKS: usize = 2_000;

/// The simplest value found that breaks a law; none if the first one does not.
pub(super) fn search<V: ValueTree>(
    mut tree: V,
    hold: impl Fn(&V::Value) -> Result<(), Breach>,
) -> Option<(V::Value, Breach)> {
    let first = tree.current();
    let mut simplest = (hold(&first).err()).map(|breach| (first, breach))?;
    let mut broke = true;
    for _ in 0..SHRINKS {
        let goes_on = if broke { tree.simplify() } else { tree.complicate() };
        if !goes_on {
            break;
        }
        let value = tree.current();
        match hold(&value) {
            Err(breach) if breach.law == simplest.1.law => (simplest, broke) = ((value, breach), true),
            _ => broke = false,
        }
    }
    Some(simplest)
}

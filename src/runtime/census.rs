//! How many entities of all types are in memory, and which of them leaves when another one needs the place.

use crate::engine::{Resident, active_entities};
use metrics::Gauge;
use std::cmp::{Ordering as Order, Reverse};
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// How many entities with something under way are passed over in one search for one that can leave.
const PASSED_OVER: usize = 64;
/// How many are looked at in one search, whose later uses are only found out then.
const LOOKED_AT: usize = 4_096;
/// However many wait, they do not search again more often than this.
const SEARCH_EVERY: Duration = Duration::from_millis(1);

/// What all types of a node share: the places in memory, and whether the node stops.
pub(super) struct Census {
    limit: usize,
    places: Arc<Semaphore>,
    wait: Duration,
    /// How many tasks of entities there are, with a place or waiting for one.
    tasks: AtomicUsize,
    waiting: AtomicUsize,
    max_waiting: usize,
    /// Counts the activations. An entity that notes it at each call shows when it was used last.
    uses: Arc<AtomicU64>,
    least_recent: Mutex<LeastRecent>,
    stopping: AtomicBool,
    empty: Notify,
    gauge: Gauge,
}

/// What an entity that comes into memory gets.
pub(super) enum Entry {
    /// A place.
    Place(Place),
    /// Another one must leave first.
    Wait(Waiting),
    /// Too many wait already.
    Full,
}

/// A place in memory, until it is dropped.
pub(super) struct Place {
    gauge: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, gauge: &Gauge) -> Self {
        gauge.increment(1);
        Self { gauge: gauge.clone(), _permit: permit }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.decrement(1);
    }
}

/// One of those that wait for a place.
pub(super) struct Waiting(Arc<Census>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Census {
    pub(super) fn new(limits: &crate::vocabulary::Limits) -> Self {
        Self {
            limit: limits.active_entities,
            places: Arc::new(Semaphore::new(limits.active_entities)),
            wait: limits.activation_wait,
            tasks: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            max_waiting: limits.waiting_activations,
            uses: Arc::default(),
            least_recent: Mutex::default(),
            stopping: AtomicBool::new(false),
            empty: Notify::new(),
            gauge: active_entities(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn active(&self) -> usize {
        self.limit - self.places.available_permits()
    }

    pub(super) fn uses(&self) -> Arc<AtomicU64> {
        self.uses.clone()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Asks for a place in memory. Whoever got an answer other than `Full` must [`leave`](Self::leave) later.
    pub(super) fn enter(self: &Arc<Self>) -> Entry {
        let entry = match self.places.clone().try_acquire_owned() {
            Ok(permit) => Entry::Place(Place::new(permit, &self.gauge)),
            Err(_) => {
                let wait = |waiting| (waiting < self.max_waiting).then_some(waiting + 1);
                if self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, wait).is_err() {
                    return Entry::Full;
                }
                Entry::Wait(Waiting(self.clone()))
            }
        };
        self.uses.fetch_add(1, Ordering::Relaxed);
        self.tasks.fetch_add(1, Ordering::AcqRel);
        entry
    }

    /// Takes note of an entity that may be asked to leave.
    pub(super) fn note(&self, resident: &Arc<impl Resident + 'static>) {
        let resident: Weak<dyn Resident> = Arc::downgrade(resident) as Weak<dyn Resident>;
        let used_at = self.uses.load(Ordering::Relaxed);
        let mut least_recent = self.least_recent.lock().unwrap_or_else(PoisonError::into_inner);
        least_recent.add(used_at, resident);
        let present = self.tasks.load(Ordering::Acquire);
        least_recent.clean_up(present);
    }

    /// Waits until another entity has left; none if that takes too long.
    pub(super) async fn await_place(self: Arc<Self>, waiting: Waiting) -> Option<Place> {
        let _waiting = waiting;
        let mut place = std::pin::pin!(self.places.clone().acquire_owned());
        let mut too_long = std::pin::pin!(sleep(self.wait));
        let mut pause = SEARCH_EVERY;
        self.search(Duration::ZERO);
        loop {
            tokio::select! {
                biased;
                permit = &mut place => {
                    return Some(Place::new(permit.expect("the places are never closed"), &self.gauge));
                }
                () = &mut too_long => return None,
                // The one that was asked may have got a call.
                () = sleep(pause) => {
                    self.search(SEARCH_EVERY);
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
            }
        }
    }

    /// Asks one entity to leave, unless that was done within the last `apart`.
    fn search(&self, apart: Duration) {
        let mut least_recent = self.least_recent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if least_recent.searched_at.is_none_or(|last| now.duration_since(last) >= apart) {
            least_recent.searched_at = Some(now);
            least_recent.ask_one_to_leave(self.uses.load(Ordering::Relaxed));
        }
    }

    pub(super) fn leave(&self) {
        if self.tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    /// Waits until no entity has a task.
    pub(super) async fn wait_until_empty(&self) {
        loop {
            let empty = self.empty.notified();
            if self.tasks.load(Ordering::Acquire) == 0 {
                return;
            }
            empty.await;
        }
    }
}

/// The entities in memory, those first that were used least recently as far as is known: a later use shows
/// when one comes to the front.
#[derive(Default)]
struct LeastRecent {
    heap: BinaryHeap<Reverse<Noted>>,
    /// Tells apart what was used at the same count, in the order in which it was noted.
    notes: u64,
    searched_at: Option<Instant>,
}

struct Noted {
    used_at: u64,
    note: u64,
    resident: Weak<dyn Resident>,
}

impl Noted {
    /// The entity, if it has not left.
    fn present(&self) -> Option<Arc<dyn Resident>> {
        self.resident.upgrade().filter(|resident| !resident.has_left())
    }
}

impl PartialEq for Noted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Order::Equal
    }
}
impl Eq for Noted {}
impl PartialOrd for Noted {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}
impl Ord for Noted {
    fn cmp(&self, other: &Self) -> Order {
        (self.used_at, self.note).cmp(&(other.used_at, other.note))
    }
}

impl LeastRecent {
    fn add(&mut self, used_at: u64, resident: Weak<dyn Resident>) {
        self.notes += 1;
        self.heap.push(Reverse(Noted { used_at, note: self.notes, resident }));
    }

    /// Forgets those that have left, once they are most of what is noted.
    fn clean_up(&mut self, present: usize) {
        if self.heap.len() > 2 * present + 64 {
            self.heap.retain(|noted| noted.0.present().is_some());
        }
    }

    /// Asks the one that was used least recently to leave, of those with nothing under way.
    fn ask_one_to_leave(&mut self, now: u64) {
        let (mut passed_over, mut looked_at) = (0, 0);
        while passed_over < PASSED_OVER
            && looked_at < LOOKED_AT
            && let Some(Reverse(noted)) = self.heap.pop()
        {
            looked_at += 1;
            let Some(resident) = noted.present() else { continue };
            let used_at = resident.used_at();
            if used_at > noted.used_at {
                self.add(used_at, noted.resident);
                continue;
            }
            // Busy is as good as used just now; and should it be kept by a call, it was used.
            self.add(now.max(used_at) + 1, noted.resident);
            if resident.ask_to_leave() {
                return;
            }
            passed_over += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        used_at: AtomicU64,
        left: AtomicBool,
        busy: AtomicBool,
        asked: AtomicBool,
    }

    impl Fake {
        fn new(used_at: u64) -> Arc<Self> {
            let [left, busy, asked] = [const { AtomicBool::new(false) }; 3];
            Arc::new(Self { used_at: AtomicU64::new(used_at), left, busy, asked })
        }
    }

    impl Resident for Fake {
        fn used_at(&self) -> u64 {
            self.used_at.load(Ordering::Relaxed)
        }
        fn has_left(&self) -> bool {
            self.left.load(Ordering::Relaxed)
        }
        fn ask_to_leave(&self) -> bool {
            let may = !self.busy.load(Ordering::Relaxed);
            self.asked.fetch_or(may, Ordering::Relaxed);
            may
        }
    }

    fn noted(fakes: &[Arc<Fake>]) -> LeastRecent {
        let mut least_recent = LeastRecent::default();
        for fake in fakes {
            let resident: Weak<dyn Resident> = Arc::downgrade(fake) as Weak<dyn Resident>;
            least_recent.add(fake.used_at(), resident);
        }
        least_recent
    }

    fn asked(fakes: &[Arc<Fake>]) -> Vec<usize> {
        (0..fakes.len()).filter(|&at| fakes[at].asked.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn one_search_looks_at_so_many_and_the_next_goes_on() {
        let fakes: Vec<_> = (1..=LOOKED_AT as u64 + 10).map(Fake::new).collect();
        let mut least_recent = noted(&fakes);
        fakes.iter().for_each(|fake| fake.used_at.store(1_000_000, Ordering::Relaxed));
        least_recent.ask_one_to_leave(1_000_000);
        assert!(asked(&fakes).is_empty(), "every entry was looked at under one lock");
        least_recent.ask_one_to_leave(1_000_000);
        assert_eq!(asked(&fakes).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_do_not_search_again_at_once() {
        let census = Census::new(&crate::vocabulary::Limits::default());
        let fakes = [Fake::new(0), Fake::new(0)];
        fakes.iter().for_each(|fake| census.note(fake));
        census.search(Duration::ZERO);
        assert_eq!(asked(&fakes), [0]);
        census.search(SEARCH_EVERY);
        assert_eq!(asked(&fakes), [0], "too early");
        tokio::time::advance(SEARCH_EVERY).await;
        census.search(SEARCH_EVERY);
        assert_eq!(asked(&fakes), [0, 1]);
    }

    #[test]
    fn the_least_recently_used_one_is_asked_as_its_uses_show() {
        let fakes = [Fake::new(1), Fake::new(2), Fake::new(3)];
        let mut least_recent = noted(&fakes);
        fakes[0].used_at.store(3, Ordering::Relaxed);
        least_recent.ask_one_to_leave(3);
        assert_eq!(asked(&fakes), [1]);
    }

    #[test]
    fn busy_ones_are_passed_over_and_gone_ones_forgotten() {
        let mut fakes = vec![Fake::new(1), Fake::new(2), Fake::new(3)];
        let mut least_recent = noted(&fakes);
        fakes[1].busy.store(true, Ordering::Relaxed);
        drop(fakes.remove(0));
        least_recent.ask_one_to_leave(3);
        assert_eq!(asked(&fakes), [1]);
        least_recent.clean_up(0);
        assert_eq!(least_recent.heap.len(), 2, "few enough to stay");
        for used_at in 0..200 {
            least_recent.add(used_at, Arc::downgrade(&Fake::new(used_at)) as Weak<dyn Resident>);
        }
        least_recent.clean_up(2);
        assert_eq!(least_recent.heap.len(), 2, "those that are gone take no memory");
        let still_held = Fake::new(1);
        still_held.left.store(true, Ordering::Relaxed);
        for used_at in 0..200 {
            least_recent.add(used_at, Arc::downgrade(&still_held) as Weak<dyn Resident>);
        }
        least_recent.clean_up(2);
        assert_eq!(least_recent.heap.len(), 2, "nor do those that somebody still holds");
    }
}

//! Commands that wait until the entity is ready for them.

use annals::{CallError, Effect, Event, EventSourced, Limits, Node, NotHandled, Overloaded};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Queue {
    items: Vec<String>,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Queue)]
enum QueueEvent {
    Put { item: String },
    Taken { count: usize },
}

impl EventSourced for Queue {
    const ENTITY_TYPE: &'static str = "queue";
    type Event = QueueEvent;
    fn apply(&mut self, event: &QueueEvent) {
        match event {
            QueueEvent::Put { item } => self.items.push(item.clone()),
            QueueEvent::Taken { count } => drop(self.items.drain(..count)),
        }
    }
}

#[annals::commands]
impl Queue {
    pub fn put(&self, item: String) -> Effect<Self> {
        Effect::persist(QueueEvent::Put { item })
    }

    #[command(ready = Self::holds)]
    pub fn take(&self, count: usize) -> Effect<Self, Vec<String>> {
        let items = self.items[..count].to_vec();
        Effect::persist(QueueEvent::Taken { count }).reply(|_| items)
    }

    /// A guard holds for a query and for one that awaits too.
    #[command(ready = Self::is_full)]
    pub async fn when_full(&self) -> usize {
        self.items.len()
    }

    fn holds(&self, count: &usize) -> bool {
        self.items.len() >= *count
    }

    fn is_full(&self) -> bool {
        self.items.len() >= 3
    }
}

async fn node() -> Node {
    let mut limits = Limits::default();
    limits.waiting = 2;
    Node::builder(MemoryStorage::new()).limits(limits).register::<Queue>().start().await.unwrap()
}

#[tokio::test]
async fn commands_wait_until_others_make_them_ready_in_order() {
    let node = node().await;
    let queue: QueueRef = node.entity::<Queue>("q");
    let (first, second, put_1, put_2) = tokio::join!(
        queue.take(1).into_future(),
        queue.take(1).into_future(),
        queue.put("a".into()).into_future(),
        queue.put("b".into()).into_future(),
    );
    assert!(put_1.is_ok() && put_2.is_ok());
    assert_eq!((first.unwrap(), second.unwrap()), (vec!["a".to_owned()], vec!["b".to_owned()]));
    node.shutdown().await;
}

#[tokio::test]
async fn one_that_is_ready_does_not_wait_for_one_that_is_not() {
    let node = node().await;
    let queue = node.entity::<Queue>("q");
    let (two, one, put_1, put_2, put_3) = tokio::join!(
        queue.take(2).into_future(),
        queue.take(1).into_future(),
        queue.put("a".into()).into_future(),
        queue.put("b".into()).into_future(),
        queue.put("c".into()).into_future(),
    );
    assert!(put_1.is_ok() && put_2.is_ok() && put_3.is_ok());
    assert_eq!((one.unwrap(), two.unwrap()), (vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]));
    node.shutdown().await;
}

#[tokio::test]
async fn a_query_that_awaits_can_wait_too() {
    let node = node().await;
    let queue = node.entity::<Queue>("q");
    let puts = async {
        for item in ["a", "b", "c"] {
            queue.put(item.into()).await.unwrap();
        }
    };
    let (full, ()) = tokio::join!(queue.when_full().into_future(), puts);
    assert_eq!(full.unwrap(), 3);
    node.shutdown().await;
}

#[tokio::test]
async fn those_that_wait_are_bounded_and_refused_at_the_end() {
    let node = node().await;
    let queue = node.entity::<Queue>("q");
    let shutdown = async {
        queue.put("a".into()).await.unwrap();
        node.shutdown().await
    };
    let (first, second, third, _) = tokio::join!(
        queue.take(9).into_future(),
        queue.take(9).into_future(),
        queue.take(9).into_future(),
        shutdown
    );
    assert!(matches!(third, Err(CallError::Overloaded(Overloaded::Waiting { limit: 2, .. }))), "{third:?}");
    for waited in [first, second] {
        assert!(matches!(waited, Err(CallError::NotHandled(NotHandled::ShutDown))), "{waited:?}");
    }
}

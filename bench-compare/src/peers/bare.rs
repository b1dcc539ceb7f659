//! No framework: a tokio task with an mpsc channel, and a oneshot channel for each reply.

use crate::callers::Callee;
use tokio::sync::{mpsc, oneshot};

pub(crate) const NAME: &str = "bare tokio mpsc + oneshot";

/// As many as kameo's mailboxes hold by default.
const MAILBOX: usize = 64;

type Mailbox = mpsc::Sender<oneshot::Sender<u64>>;

pub(crate) struct Bare {
    counters: Vec<Mailbox>,
}

impl Bare {
    pub(crate) async fn start(count: usize) -> Self {
        let mut bare = Self { counters: Vec::with_capacity(count) };
        bare.start_more(count).await;
        bare
    }

    pub(crate) async fn start_more(&mut self, count: usize) {
        for _ in 0..count {
            let counter = spawn();
            assert_eq!(ask(&counter).await, 1);
            self.counters.push(counter);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the program without a framework")]
fn spawn() -> Mailbox {
    let (sender, mut mailbox) = mpsc::channel::<oneshot::Sender<u64>>(MAILBOX);
    tokio::spawn(async move {
        let count = std::hint::black_box(1);
        while let Some(reply) = mailbox.recv().await {
            // A caller that went away does not want it.
            let _ = reply.send(count);
        }
    });
    sender
}

async fn ask(counter: &Mailbox) -> u64 {
    let (reply, answer) = oneshot::channel();
    counter.send(reply).await.expect("the counter lives");
    answer.await.expect("the counter replies")
}

impl Callee for Bare {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(ask(&self.counters[entity]).await, 1);
    }
}

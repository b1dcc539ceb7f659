//! A caller: it sends commands in batches, retries what it may retry, and notes what it is told.

use super::book::{Book, Quiet, Told};
use super::entities::Refused;
use super::order::{Answer, Kind, Order, Target};
use annals::{CallError, Node, PersistenceId, Random, Unknown};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// What a caller knows of an entity since its last error there.
#[derive(Debug, Default)]
struct Segment {
    /// The commands that were sent, in their order.
    sent: Vec<u64>,
}

pub(crate) struct Caller {
    nr: u64,
    random: Random,
    book: Book,
    next_op: u64,
    /// What is to be sent again.
    again: Vec<Order>,
    segments: BTreeMap<Target, Segment>,
    erases: bool,
}

/// A node and the news of its crash.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) node: Node,
    pub(crate) crashed: watch::Receiver<bool>,
}

impl Line {
    /// What the call comes to, or nothing once the node has crashed.
    async fn until_crash<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let mut crashed = self.crashed.clone();
        tokio::select! {
            biased;
            answer = call => Some(answer),
            _ = crashed.wait_for(|crashed| *crashed) => None,
        }
    }

    fn is_crashed(&self) -> bool {
        *self.crashed.borrow()
    }
}

impl Caller {
    pub(crate) fn new(nr: u64, random: Random, book: Book, erases: bool) -> Self {
        Self { nr, random, book, next_op: nr * 10_000, again: Vec::new(), segments: BTreeMap::new(), erases }
    }

    fn draw(&self, below: u64) -> u64 {
        self.random.next_u64() % below
    }

    /// Makes so many steps.
    pub(crate) async fn work(&mut self, line: &Line, steps: u64) {
        for _ in 0..steps {
            if line.is_crashed() {
                return;
            }
            let target = Target::ALL[self.draw(3) as usize].clone();
            match self.draw(21) {
                0..=8 => self.send_batch(line, &target).await,
                9..=10 => self.tell(line, &target).await,
                11..=13 => self.query(line, &target).await,
                14..=16 => self.send_again(line).await,
                17..=18 if self.erases => self.erase(line, &target).await,
                _ => {
                    let pause = Duration::from_millis(1 + self.draw(400));
                    line.until_crash(tokio::time::sleep(pause)).await;
                }
            }
        }
    }

    fn order(&mut self, target: &Target) -> Order {
        self.next_op += 1;
        let kind = Kind::draw(target, self.random.next_u64());
        Order { op: self.next_op, target: target.clone(), kind, keyed: self.draw(2) == 0 }
    }

    /// Several commands at once, one behind the other.
    async fn send_batch(&mut self, line: &Line, target: &Target) {
        let orders: Vec<Order> = (0..1 + self.draw(4)).map(|_| self.order(target)).collect();
        for order in &orders {
            self.book.sends(&target.id(), order.op, order.keyed);
        }
        self.send(line, target, orders, Sending::First).await;
    }

    /// Something that is to be sent again.
    async fn send_again(&mut self, line: &Line) {
        if self.again.is_empty() {
            return;
        }
        let order = self.again.swap_remove(self.draw(self.again.len() as u64) as usize);
        self.send(line, &order.target.clone(), vec![order], Sending::Again).await;
    }

    async fn send(&mut self, line: &Line, target: &Target, orders: Vec<Order>, sending: Sending) {
        if sending == Sending::Again {
            self.end_segment(target);
        }
        let id = target.id();
        let quiet = self.book.quiet(&id);
        let timeout = (self.draw(8) == 0).then(|| Duration::from_millis(self.draw(60)));
        if sending == Sending::First {
            let segment = self.segments.entry(target.clone()).or_default();
            segment.sent.extend(orders.iter().map(|order| order.op));
        }
        for Order { op, kind, keyed, .. } in &orders {
            let key = if *keyed { " with a key" } else { "" };
            self.book.narrate(format_args!("{id}: {sending:?} {op} {kind:?}{key}, timeout {timeout:?}"));
        }
        let (noting, book) = (id.clone(), self.book.clone());
        let calls = orders.iter().map(|order| {
            let (order, call) = (order.clone(), order.call(&line.node, timeout));
            let (noting, book) = (noting.clone(), book.clone());
            async move {
                let answer = line.until_crash(call).await;
                // At once, at the moment of the answer: later it may have become true.
                note(&book, &noting, &order, answer.as_ref());
                answer
            }
        });
        let answers = join_all(calls).await;
        let mut in_order = true;
        for (order, answer) in orders.into_iter().zip(answers) {
            let failed = self.settle(&id, order, answer, quiet);
            in_order &= !failed;
        }
        if !in_order {
            self.end_segment(target);
        }
    }

    /// From here on the order is not promised any more.
    fn end_segment(&mut self, target: &Target) {
        self.check_order(target);
        self.segments.remove(target);
    }

    /// Notes what comes of an answer beyond its moment; tells whether it was an error.
    fn settle(
        &mut self,
        id: &PersistenceId,
        order: Order,
        answer: Option<Answer>,
        quiet: Option<Quiet>,
    ) -> bool {
        let told = match answer {
            Some(Ok(reply)) => Told::Reply(reply),
            Some(Err(CallError::Rejected(Refused { seen }))) => Told::Rejection(seen),
            Some(Err(CallError::NotHandled(_) | CallError::Overloaded(_))) => {
                // Safe to retry, with or without a key.
                if order.kind != Kind::Panic {
                    self.again.push(order);
                }
                return true;
            }
            Some(Err(CallError::Unknown(_))) | None => {
                if order.keyed {
                    self.again.push(order);
                }
                return true;
            }
            Some(Err(error)) => {
                self.book.broken(format_args!("{id}: {order:?} failed with {error:?}"));
                return true;
            }
        };
        if order.keyed {
            self.book.keyed_outcome(id, order.op, told, quiet);
            // Sometimes asked once more.
            if self.draw(4) == 0 {
                self.again.push(order);
            }
        }
        false
    }

    /// The commands of a segment are stored in the order in which they were sent (G7).
    fn check_order(&self, target: &Target) {
        let (id, Some(segment)) = (target.id(), self.segments.get(target)) else { return };
        let places: Vec<_> = segment
            .sent
            .iter()
            .filter_map(|op| self.book.place(&id, *op).map(|place| (place, *op)))
            .collect();
        if !places.is_sorted() {
            self.book.broken(format_args!(
                "{id}: caller {} sent {:?}, stored at {places:?} (G7)",
                self.nr, segment.sent
            ));
        }
    }

    async fn tell(&mut self, line: &Line, target: &Target) {
        let order = Order { kind: Kind::Add, keyed: false, ..self.order(target) };
        self.book.sends(&target.id(), order.op, false);
        self.book.narrate(format_args!("{}: tells {}", target.id(), order.op));
        match order.tell(&line.node).await {
            Ok(()) => {
                self.book.may_be_handled(&target.id(), order.op);
                self.segments.entry(target.clone()).or_default().sent.push(order.op);
            }
            Err(_) => self.end_segment(target),
        }
    }

    /// Asks, and sees all that this caller was ever told is done.
    async fn query(&mut self, line: &Line, target: &Target) {
        let id = target.id();
        let mark = self.book.mark(&id);
        let Some(answer) = line.until_crash(target.seen(&line.node)).await else { return };
        match answer {
            Ok(seen) => {
                self.book.count("query");
                self.book.seen(&id, &seen, mark);
            }
            Err(CallError::Rejected(never)) => match never {},
            // Unknown: the entity's task died, because the backend panicked at its recovery.
            Err(CallError::NotHandled(_) | CallError::Overloaded(_) | CallError::Unknown(Unknown::Lost)) => {}
            Err(error) => self.book.broken(format_args!("{id}: a query failed with {error}")),
        }
    }

    async fn erase(&mut self, line: &Line, target: &Target) {
        let id = target.id();
        let lives = self.book.erasure_begins(&id);
        let answer = line.until_crash(target.erase(&line.node)).await;
        self.book.count("erase");
        self.book.erasure_ends(&id, lives, matches!(answer, Some(Ok(()))));
        self.end_segment(target);
    }

    /// The node is gone, or it is another one's turn: what it was told may still come, and late.
    pub(crate) fn hang_up(&mut self) {
        for target in Target::ALL {
            self.end_segment(&target);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    First,
    Again,
}

/// Holds an answer against what is stored now.
fn note(book: &Book, id: &PersistenceId, order: &Order, answer: Option<&Answer>) {
    book.narrate(format_args!("{id}: {} <- {answer:?}", order.op));
    match answer {
        Some(Ok(reply)) => {
            book.count("reply");
            book.may_be_handled(id, order.op);
            if order.kind.adds() {
                book.acknowledged(id, order.op, reply);
            } else {
                book.answered(id, reply, "a reply");
            }
        }
        Some(Err(CallError::Rejected(Refused { seen }))) => {
            book.count("rejection");
            book.answered(id, seen, "a rejection");
        }
        Some(Err(CallError::Unknown(_))) | None => {
            book.count("unknown");
            book.may_be_handled(id, order.op);
        }
        Some(Err(_)) => book.count("not handled"),
    }
}

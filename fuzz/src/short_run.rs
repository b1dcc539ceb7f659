//! A bounded run of a target: the kept inputs, then mutations of them.

use crate::{Mutator, Target};
use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// How far a target is run.
#[derive(Debug, Clone)]
pub struct ShortRun {
    /// Where the mutations start.
    pub seed: u64,
    /// How many there are at most.
    pub mutations: usize,
    /// No further one is begun after this long.
    pub budget: Duration,
    /// An input that takes longer hangs.
    pub patience: Duration,
}

/// How many inputs were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Kept ones.
    pub kept: usize,
    /// Mutated ones.
    pub mutated: usize,
}

/// An input for which a property does not hold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which target.
    pub target: &'static str,
    /// Which run.
    pub seed: u64,
    /// The input.
    pub input: Vec<u8>,
    /// What was said, or none when it never answered.
    pub panic: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.panic.as_deref().unwrap_or("it hangs");
        write!(f, "{} (seed {}): {what}\n  input ", self.target, self.seed)?;
        self.input.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What the thread that runs the target tells.
enum Told {
    Next(Vec<u8>),
    Panicked(Vec<u8>, String),
    Done(Counts),
}

impl ShortRun {
    /// Runs the target on a thread of its own, so that one that hangs is found.
    ///
    /// # Errors
    /// The first [`Finding`].
    pub fn run(&self, target: Target, kept: Vec<Vec<u8>>) -> Result<Counts, Box<Finding>> {
        let (tell, told) = mpsc::sync_channel(1);
        let run = self.clone();
        // One that hangs cannot be joined: it ends with the process.
        let feeding = thread::Builder::new().name(target.name.into());
        feeding.spawn(move || run.feed(&target, kept, &tell)).expect("a thread can be started");
        let finding = |input, panic| Finding { target: target.name, seed: self.seed, input, panic }.into();
        let mut current = Vec::new();
        loop {
            match told.recv_timeout(self.patience) {
                Ok(Told::Next(input)) => current = input,
                Ok(Told::Panicked(input, panic)) => return Err(finding(input, Some(panic))),
                Ok(Told::Done(counts)) => return Ok(counts),
                Err(RecvTimeoutError::Timeout) => return Err(finding(current, None)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(finding(current, Some("the thread ended".into())));
                }
            }
        }
    }

    /// The receiver may be gone: then nobody wants to know any more.
    fn feed(&self, target: &Target, kept: Vec<Vec<u8>>, tell: &SyncSender<Told>) {
        let began = Instant::now();
        let mut counts = Counts { kept: 0, mutated: 0 };
        let mutator = Mutator::new(self.seed, kept.clone());
        for input in kept {
            if check(target, input, tell).is_break() {
                return;
            }
            counts.kept += 1;
        }
        while counts.mutated < self.mutations && began.elapsed() < self.budget {
            if check(target, mutator.draw(), tell).is_break() {
                return;
            }
            counts.mutated += 1;
        }
        let _ = tell.send(Told::Done(counts));
    }
}

fn check(target: &Target, input: Vec<u8>, tell: &SyncSender<Told>) -> ControlFlow<()> {
    if tell.send(Told::Next(input.clone())).is_err() {
        return ControlFlow::Break(());
    }
    match catch_unwind(AssertUnwindSafe(|| target.check(&input))) {
        Ok(()) => ControlFlow::Continue(()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            let _ = tell.send(Told::Panicked(input, text.to_owned()));
            ControlFlow::Break(())
        }
    }
}

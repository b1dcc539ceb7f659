//! Letting contestants work in turn, so that the machine's moods meet all of them alike.

/// Someone who can do a piece of work again and again; each time gives the rate, per second.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    work: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: &'static str, work: impl FnMut() -> f64 + 'a) -> Self {
        Self { name, work: Box::new(work) }
    }
}

/// The rates of one contestant, smallest first.
#[derive(Debug, Clone)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn new(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 { self.0[middle] } else { f64::midpoint(self.0[middle - 1], self.0[middle]) }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}

/// Every contestant works once to warm up and then once in each round. Each round starts with another one.
pub(crate) fn in_turn(contestants: &mut [Contestant<'_>], rounds: usize) -> Vec<Samples> {
    let count = contestants.len();
    let mut samples = vec![Vec::with_capacity(rounds); count];
    for round in 0..=rounds {
        for turn in 0..count {
            let who = (round + turn) % count;
            let rate = (contestants[who].work)();
            eprintln!("  round {round}: {:<40} {:>12.0}/s", contestants[who].name, rate);
            if round > 0 {
                samples[who].push(rate);
            }
        }
    }
    samples.into_iter().map(Samples::new).collect()
}

//! Micro-benchmarks of the framework's own parts, on the memory backend, so that no disk is measured:
//! `cargo bench --bench parts [filter]`.

mod activation;
mod append;
mod ask;
mod codecs;
mod counter;
mod replay;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    ask::bench(&mut criterion);
    append::bench(&mut criterion);
    replay::bench(&mut criterion);
    activation::bench(&mut criterion);
    codecs::bench(&mut criterion);
    criterion.final_summary();
}

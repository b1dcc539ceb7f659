//! A call, from the caller to the entity and back.

use crate::counter::{Count, Counter, Raise, node, runtime};
use annals_memory::MemoryStorage;
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;

/// How many callers ask at once where it is more than one.
const CALLERS: u64 = 64;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = runtime();
    let node = runtime.block_on(node(MemoryStorage::new()));
    let counter = node.entity::<Counter>("one");
    let mut group = criterion.benchmark_group("ask");
    group.throughput(Throughput::Elements(1));
    group.bench_function("query", |bencher| {
        bencher.iter(|| runtime.block_on(async { counter.ask(Count).await.expect("a count") }));
    });
    group.bench_function("command", |bencher| {
        bencher.iter(|| runtime.block_on(async { counter.ask(Raise { times: 1 }).await.expect("a count") }));
    });
    // Counted beyond the closure, which criterion calls again and again: a repeated key is another matter. Many
    // entities, because one with all the keys would soon have to look each up.
    let keyed: Vec<_> = (0..256).map(|index| node.entity::<Counter>(format!("keyed-{index}"))).collect();
    let mut number = 0;
    group.bench_function("command with a key", |bencher| {
        bencher.iter(|| {
            number += 1;
            let call = keyed[number % keyed.len()].ask(Raise { times: 1 }).key(number.to_string());
            runtime.block_on(async { call.await.expect("a count") })
        });
    });
    group.throughput(Throughput::Elements(CALLERS));
    group.bench_function("64 queries at once", |bencher| {
        let ask = || join_all((0..CALLERS).map(|_| counter.ask(Count).into_future()));
        bencher.iter(|| runtime.block_on(ask()));
    });
    group.bench_function("64 commands at once", |bencher| {
        let ask = || join_all((0..CALLERS).map(|_| counter.ask(Raise { times: 1 }).into_future()));
        bencher.iter(|| runtime.block_on(ask()));
    });
    group.finish();
}

//! The first query to an entity with a history: reading through the port, verifying, decoding, applying.

use crate::counter::{Count, Counter, Raise, node, runtime};
use annals_memory::MemoryStorage;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("replay");
    for events in [100_u64, 10_000] {
        let storage = MemoryStorage::new();
        runtime.block_on(async {
            let writer = node(storage.clone()).await;
            writer.entity::<Counter>("one").ask(Raise { times: events }).await.expect("a history");
            writer.shutdown().await;
        });
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("events", events), |bencher| {
            let start = || runtime.block_on(node(storage.clone()));
            let recover = |node: annals::Node| {
                let counter = node.entity::<Counter>("one");
                assert_eq!(runtime.block_on(async { counter.ask(Count).await.expect("a count") }), events);
                node
            };
            bencher.iter_batched(start, recover, BatchSize::PerIteration);
        });
    }
    group.finish();
}

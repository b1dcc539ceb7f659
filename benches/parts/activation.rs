//! The first query to entities that have stored nothing: what it takes to bring one into memory.

use crate::counter::{Count, Counter, node, runtime};
use annals_memory::MemoryStorage;
use criterion::{BatchSize, Criterion, Throughput};

const ENTITIES: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("activation");
    group.throughput(Throughput::Elements(ENTITIES as u64));
    group.bench_function("1,000 entities, one after the other", |bencher| {
        let start = || {
            let node = runtime.block_on(node(MemoryStorage::new()));
            let counters: Vec<_> =
                (0..ENTITIES).map(|index| node.entity::<Counter>(format!("counter-{index}"))).collect();
            (node, counters)
        };
        bencher.iter_batched(
            start,
            |(node, counters)| {
                runtime.block_on(async {
                    for counter in &counters {
                        counter.ask(Count).await.expect("a count");
                    }
                });
                (node, counters)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

//! Groups of writes through the port, on the memory backend: what the port itself costs.

use crate::counter::{CounterEvent, runtime};
use annals::storage::{Change, Fence, Lane, StorageProvider, Write, WriteStorage};
use annals::{
    ActivationId, Codec, EntityId, Epoch, Event, Payload, PersistenceId, SequenceNr, ShardId, Timestamp,
    WriteNr,
};
use annals_memory::MemoryStorage;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::sync::Arc;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("append");
    for writes in [1_usize, 100, 1_000] {
        group.throughput(Throughput::Elements(writes as u64));
        group.bench_function(BenchmarkId::new("group of writes", writes), |bencher| {
            let make = || (MemoryStorage::new().writes(), Arc::from_iter((0..writes).map(write)));
            let append = |(storage, group): (Arc<dyn WriteStorage>, Arc<[Write]>)| {
                let results = runtime.block_on(storage.append(Lane(0), group));
                assert!(results.iter().all(Result::is_ok));
                storage
            };
            bencher.iter_batched(make, append, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// The first write of an entity: one event.
fn write(index: usize) -> Write {
    let entity = EntityId::new(format!("counter-{index}")).expect("a valid id");
    let id = PersistenceId::new("counter", entity).expect("a valid name");
    let event = CounterEvent::Raised { by: 1 };
    let bytes = Codec::MessagePack.encode(&event).expect("an event can be encoded");
    let payload = Payload::seal(event.manifest(), Codec::MessagePack.id(), bytes);
    Write {
        fence: Fence { shard: ShardId::of(&id), epoch: Epoch::ZERO },
        id,
        activation: ActivationId::new(1),
        write_nr: WriteNr::new(1),
        written_at: Timestamp::from_micros(0),
        change: Change::Events { expected: SequenceNr::ZERO, events: vec![payload.into()].into() },
        outcome: None,
        side_effects: Vec::new(),
    }
}

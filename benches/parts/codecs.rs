//! Values to bytes and back, and the checksum around them.

use crate::counter::CounterEvent;
use annals::{Codec, Event, Payload};
use criterion::{BatchSize, BenchmarkId, Criterion};
use std::hint::black_box;

#[allow(clippy::print_stdout, reason = "the size of an encoded event is a result, too")]
pub(crate) fn bench(criterion: &mut Criterion) {
    let event = CounterEvent::Raised { by: 1_000 };
    let mut group = criterion.benchmark_group("codec");
    for codec in [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard] {
        let bytes = codec.encode(&event).expect("an event can be encoded");
        println!("codec/size/{codec}: {} bytes", bytes.len());
        group.bench_function(BenchmarkId::new("encode", codec), |bencher| {
            bencher.iter(|| codec.encode(black_box(&event)));
        });
        group.bench_function(BenchmarkId::new("decode", codec), |bencher| {
            bencher.iter(|| codec.decode::<CounterEvent>(black_box(&bytes)));
        });
    }
    let bytes = Codec::MessagePack.encode(&event).expect("an event can be encoded");
    let seal = |bytes| Payload::seal(event.manifest(), Codec::MessagePack.id(), bytes);
    group.bench_function("seal", |bencher| {
        bencher.iter_batched(|| bytes.clone(), seal, BatchSize::SmallInput);
    });
    let sealed = seal(bytes.clone());
    group.bench_function("verify", |bencher| bencher.iter(|| black_box(&sealed).verify()));
    group.finish();
}

//! What goes in comes out, byte for byte; what is over the limit does not go in.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{event_payload, id, metadata, nr, payload};
use crate::conformance::store::Store;
use annals::storage::{Change, Event, ReadRange, StateChange, StoredEvent, Subject, Write};
use annals::{CodecId, Manifest, Metadata, Payload, Timestamp};

cases!("payloads", Case;
    payload_of_no_bytes_comes_back,
    payload_of_one_mebibyte_comes_back,
    payload_of_every_byte_comes_back,
    payload_at_the_limit_comes_back,
    payload_name_version_codec_and_checksum_come_back,
    payload_names_of_many_scripts_come_back,
    payloads_of_many_names_keep_their_own,
    metadata_comes_back,
    names_tags_and_metadata_with_a_nul_come_back,
    tags_come_back_in_their_order,
    time_comes_back,
    payloads_metadata_and_tags_survive_reopening,
    event_over_the_limit_is_too_large_and_nothing_of_its_write_is_stored,
    state_over_the_limit_is_too_large_and_changes_nothing,
    activation_goes_on_after_a_write_that_was_too_large,
);

/// Stores an event as the first of an entity, and reads it.
async fn round_trip(store: &Store<'_>, event: Event) -> StoredEvent {
    let id = id("round-trip");
    store.commit(store.writer(&id).write_of(vec![event])).await;
    let mut events = store.events(&id, ReadRange::ALL).await;
    assert_eq!(events.len(), 1);
    events.remove(0)
}

async fn comes_back(store: &Store<'_>, payload: Payload) {
    let found = round_trip(store, payload.clone().into()).await.payload;
    assert!(found.verify().is_ok(), "{:?}", found.verify());
    assert!(found == payload, "{found:?} came back for {payload:?}");
}

async fn payload_of_no_bytes_comes_back(store: Store<'_>) {
    comes_back(&store, payload([])).await;
}

async fn payload_of_one_mebibyte_comes_back(store: Store<'_>) {
    let bytes: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
    comes_back(&store, payload(bytes)).await;
}

async fn payload_of_every_byte_comes_back(store: Store<'_>) {
    let bytes: Vec<u8> = (0..=255).chain([0, 0]).chain((0..=255).rev()).collect();
    comes_back(&store, payload(bytes)).await;
}

async fn payload_at_the_limit_comes_back(store: Store<'_>) {
    comes_back(&store, payload(vec![0xa5; store.max_payload_bytes()])).await;
}

async fn payload_name_version_codec_and_checksum_come_back(store: Store<'_>) {
    let manifest = Manifest { name: "deposited".into(), version: u32::MAX };
    comes_back(&store, Payload::seal(manifest, CodecId(255), b"bytes".to_vec())).await;
}

async fn payload_names_of_many_scripts_come_back(store: Store<'_>) {
    let manifest = Manifest { name: "入金 'grün' % \n 🦀".into(), version: 0 };
    comes_back(&store, Payload::seal(manifest, CodecId(0), b"bytes".to_vec())).await;
}

/// A backend that keeps names in a table of their own must not mix them up.
async fn payloads_of_many_names_keep_their_own(store: Store<'_>) {
    let id = id("names");
    let named = |n: u32| {
        let manifest = Manifest { name: format!("event-{}", n % 100).into(), version: n / 100 };
        Payload::seal(manifest, CodecId(1), n.to_le_bytes().to_vec())
    };
    let events: Vec<Event> = (0..300).map(|n| named(n).into()).collect();
    store.commit(store.writer(&id).write_of(events)).await;
    for (event, n) in store.events(&id, ReadRange::ALL).await.into_iter().zip(0..) {
        assert_eq!(event.payload.manifest(), named(n).manifest());
        assert!(event.payload == named(n), "event {n}: {:?}", event.payload);
    }
}

fn explained() -> Event {
    let metadata = metadata([("user", "zoë"), ("", ""), ("trace", "a\nb"), ("ключ", "🦀"), ("A", "upper")]);
    let tags = ["zoo", "alpha", "Größe", "", "with space", "alpha2"].map(Into::into).into();
    Event { payload: payload("explained"), tags, metadata }
}

async fn metadata_comes_back(store: Store<'_>) {
    assert_eq!(round_trip(&store, explained()).await.metadata, explained().metadata);
    let id = id("plain");
    store.commit(store.writer(&id).events(1)).await;
    assert_eq!(store.events(&id, ReadRange::ALL).await[0].metadata, Metadata::new());
}

/// Ids and keys cannot hold one; these can.
async fn names_tags_and_metadata_with_a_nul_come_back(store: Store<'_>) {
    let payload = Payload::seal(Manifest::new("na\0me", 1), CodecId(1), vec![0, 1, 0]);
    let event = Event {
        payload,
        tags: vec!["ta\0g".into(), "\0".into()],
        metadata: metadata([("na\0me", "val\0ue\0"), ("na", "\0")]),
    };
    let found = round_trip(&store, event.clone()).await;
    assert_eq!((found.payload, found.tags, found.metadata), (event.payload, event.tags, event.metadata));
}

async fn tags_come_back_in_their_order(store: Store<'_>) {
    assert_eq!(round_trip(&store, explained()).await.tags, explained().tags);
    let id = id("plain");
    store.commit(store.writer(&id).events(1)).await;
    assert!(store.events(&id, ReadRange::ALL).await[0].tags.is_empty());
}

async fn time_comes_back(store: Store<'_>) {
    let id = id("time");
    let mut writer = store.writer(&id);
    let times = [0, 1, -1, 1_700_000_000_123_456, i64::MAX, i64::MIN].map(Timestamp::from_micros);
    let writes = times.map(|written_at| Write { written_at, ..writer.events(1) });
    store.commit_all(writes.into()).await;
    let found: Vec<_> = store.events(&id, ReadRange::ALL).await.iter().map(|it| it.written_at).collect();
    assert_eq!(found, times);
}

async fn payloads_metadata_and_tags_survive_reopening(mut store: Store<'_>) {
    let before = round_trip(&store, explained()).await;
    store.reopen().await;
    assert_eq!(store.events(&id("round-trip"), ReadRange::ALL).await, [before]);
}

async fn event_over_the_limit_is_too_large_and_nothing_of_its_write_is_stored(store: Store<'_>) {
    let id = id("large");
    let mut writer = store.fill(&id, 2).await;
    let huge = payload(vec![0; store.max_payload_bytes() + 1]);
    let events = vec![event_payload(&id, 3).into(), huge.into(), event_payload(&id, 5).into()];
    let write = Write { outcome: Some(crate::conformance::kit::kept("k")), ..writer.write_of(events) };
    check::too_large(&store.write(write).await, &Subject::Event(id.clone(), nr(4)));
    assert_eq!(store.read(&id, ReadRange::ALL).await.len(), 2);
    assert_eq!(store.highest(&id).await, 2);
}

async fn state_over_the_limit_is_too_large_and_changes_nothing(store: Store<'_>) {
    let id = id("large");
    let mut writer = store.writer(&id);
    store.commit(writer.save(0, "one")).await;
    let before = store.states().load(&id).await.expect("it can be loaded");
    let huge = payload(vec![0; store.max_payload_bytes() + 1]);
    let result = store.write(writer.state(1, StateChange::Save(huge))).await;
    check::too_large(&result, &Subject::State(id.clone()));
    assert_eq!(store.states().load(&id).await.expect("it can be loaded"), before);
}

async fn activation_goes_on_after_a_write_that_was_too_large(store: Store<'_>) {
    let id = id("goes-on");
    let mut writer = store.fill(&id, 2).await;
    let huge = payload(vec![0; store.max_payload_bytes() + 1]);
    let refused = Write { ..writer.clone().event(huge) };
    assert!(matches!(&refused.change, Change::Events { events, .. } if events.len() == 1));
    check::too_large(&store.write(refused).await, &Subject::Event(id.clone(), nr(3)));
    store.commit(writer.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}

//! Rows of `journal` as the port gives them out. Nothing in a row is trusted: what cannot be read is an error
//! that names the event or the key.

use crate::encoding;
use crate::manifests::ManifestNames;
use annals::storage::{KeyedOutcome, Outcome, StorageError, StoredEvent, Subject};
use annals::{
    CodecId, CommandDigest, Key, Metadata, Payload, PersistenceId, Position, SequenceNr, Timestamp,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// The columns that [`event`] and [`kept`] read, after row, sequence_nr and prev_row.
macro_rules! journal_columns {
    ($rest:literal) => {
        concat!(
            "SELECT row, sequence_nr, prev_row, position, written_at, manifest, codec, checksum, kind, \
             out_manifest, out_codec, out_checksum, command, key, labels, payload, out_payload FROM journal ",
            $rest
        )
    };
}
pub(crate) use journal_columns;

/// Something that can be read or not, or SQLite fails.
type Parsed<T> = Result<Result<T, String>, rusqlite::Error>;

impl ManifestNames {
    /// The payload in the columns manifest, codec, checksum, bytes; none where there is no manifest.
    pub(crate) fn payload(
        &mut self,
        conn: &Connection,
        row: &Row<'_>,
        [manifest, codec, checksum, bytes]: [usize; 4],
    ) -> Parsed<Option<Payload>> {
        let number = match row.get_ref(manifest)? {
            ValueRef::Null => return Ok(Ok(None)),
            ValueRef::Integer(number) => number,
            _ => return Ok(Err("its manifest is not a number".into())),
        };
        let Some(manifest) = self.manifest(conn, number)? else {
            return Ok(Err(format!("its manifest {number} is not known")));
        };
        let codec = row.get_ref(codec)?.as_i64().ok().and_then(|codec| u8::try_from(codec).ok());
        let checksum = row.get_ref(checksum)?.as_i64();
        let bytes = row.get_ref(bytes)?.as_blob();
        Ok(match (codec, checksum, bytes) {
            (Some(codec), Ok(checksum), Ok(bytes)) => Ok(Some(Payload::from_stored(
                manifest,
                CodecId(codec),
                checksum.cast_unsigned(),
                bytes.to_vec(),
            ))),
            _ => Err("codec, checksum or payload cannot be read".into()),
        })
    }
}

/// Whether the row holds an event.
pub(crate) fn has_event(row: &Row<'_>) -> Result<bool, rusqlite::Error> {
    Ok(row.get_ref(5)? != ValueRef::Null)
}

/// The event in a row that holds one.
pub(crate) fn event(
    conn: &Connection,
    names: &mut ManifestNames,
    row: &Row<'_>,
    id: &PersistenceId,
    sequence_nr: SequenceNr,
) -> Result<Result<StoredEvent, StorageError>, rusqlite::Error> {
    let corrupt = |detail: String| StorageError::corrupt(Subject::Event(id.clone(), sequence_nr), detail);
    let payload = match names.payload(conn, row, [5, 6, 7, 15])? {
        Ok(Some(payload)) => payload,
        Ok(None) => return Ok(Err(corrupt("it has no manifest".into()))),
        Err(detail) => return Ok(Err(corrupt(detail))),
    };
    let position = row.get_ref(3)?.as_i64().ok().and_then(|position| u64::try_from(position).ok());
    let written_at = row.get_ref(4)?.as_i64();
    let labels = match row.get_ref(14)? {
        ValueRef::Null => Some((Vec::new(), Metadata::new())),
        value => value.as_blob().ok().and_then(encoding::parse_labels),
    };
    let (Some(position), Ok(written_at), Some((tags, metadata))) = (position, written_at, labels) else {
        return Ok(Err(corrupt("position, time, tags or metadata cannot be read".into())));
    };
    let (position, written_at) = (Position::new(position), Timestamp::from_micros(written_at));
    Ok(Ok(StoredEvent { sequence_nr, position, written_at, payload, tags, metadata }))
}

/// The outcome in a row, if it holds one.
pub(crate) fn kept(
    conn: &Connection,
    names: &mut ManifestNames,
    row: &Row<'_>,
    id: &PersistenceId,
) -> Result<Result<Option<KeyedOutcome>, StorageError>, rusqlite::Error> {
    let key = match row.get_ref(13)? {
        ValueRef::Null => return Ok(Ok(None)),
        value => value.as_str().ok().and_then(|key| Key::new(key).ok()),
    };
    let Some(key) = key else {
        let subject = Subject::Entity(id.clone());
        return Ok(Err(StorageError::corrupt(
            subject,
            format!("the key in row {} cannot be read", row.get::<_, i64>(0)?),
        )));
    };
    let corrupt = |key: Key, detail: String| StorageError::corrupt(Subject::Outcome(id.clone(), key), detail);
    let payload = match names.payload(conn, row, [9, 10, 11, 16])? {
        Ok(Some(payload)) => payload,
        Ok(None) => return Ok(Err(corrupt(key, "it has no manifest".into()))),
        Err(detail) => return Ok(Err(corrupt(key, detail))),
    };
    let kind = row.get_ref(8)?.as_i64().ok().and_then(encoding::kind_of);
    let command: Option<[u8; 16]> = row.get_ref(12)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
    let (Some(kind), Some(command)) = (kind, command) else {
        return Ok(Err(corrupt(key, "its kind or its command's digest cannot be read".into())));
    };
    let command = CommandDigest::from_stored(u128::from_be_bytes(command));
    Ok(Ok(Some(KeyedOutcome { key, command, outcome: Outcome { kind, payload } })))
}

//! Names and versions of payloads, stored once; rows hold the small number. As what the events and states of an
//! entity type were ever stored is recorded for good. Programs have few of all that, so what was met stays in
//! memory.

use crate::error::Fault;
use crate::reader::Reader;
use annals::{Manifest, Name};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};

/// From manifest to number, for the writer.
#[derive(Debug, Default)]
pub(crate) struct ManifestNumbers {
    index: HashMap<Manifest, usize>,
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    number: i64,
    /// The entity types of which it is recorded. Nearly always one.
    recorded: Vec<Name>,
}

impl ManifestNumbers {
    /// The number of `manifest`, given out now if it is new.
    pub(crate) fn number(&mut self, conn: &Connection, manifest: &Manifest) -> Result<i64, rusqlite::Error> {
        self.known(conn, manifest).map(|known| known.number)
    }

    /// The same, for an event or a state of this entity type.
    pub(crate) fn record(
        &mut self,
        conn: &Connection,
        entity_type: &Name,
        manifest: &Manifest,
    ) -> Result<i64, rusqlite::Error> {
        let known = self.known(conn, manifest)?;
        if !known.recorded.contains(entity_type) {
            conn.prepare_cached("INSERT OR IGNORE INTO written VALUES (?1, ?2)")?
                .execute(params![entity_type.as_str(), known.number])?;
            known.recorded.push(entity_type.clone());
        }
        Ok(known.number)
    }

    fn known(&mut self, conn: &Connection, manifest: &Manifest) -> Result<&mut Known, rusqlite::Error> {
        let at = match self.index.get(manifest) {
            Some(&at) => at,
            None => {
                self.known.push(Known { number: stored_number(conn, manifest)?, recorded: Vec::new() });
                self.index.insert(manifest.clone(), self.known.len() - 1);
                self.known.len() - 1
            }
        };
        Ok(&mut self.known[at])
    }
}

fn stored_number(conn: &Connection, manifest: &Manifest) -> Result<i64, rusqlite::Error> {
    let values = params![manifest.name.as_str(), manifest.version];
    let known = conn
        .prepare_cached("SELECT manifest FROM manifest WHERE name = ?1 AND version = ?2")?
        .query_row(values, |row| row.get(0))
        .optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    conn.prepare_cached("INSERT INTO manifest (name, version) VALUES (?1, ?2)")?.execute(values)?;
    Ok(conn.last_insert_rowid())
}

/// As what the events and states of this entity type were ever stored.
pub(crate) fn written(reader: &mut Reader, entity_type: &str) -> Result<Vec<Manifest>, Fault> {
    const SQL: &str = "SELECT name, version FROM written LEFT JOIN manifest USING (manifest)
        WHERE entity_type = ?1";
    reader.snapshot(|conn, _| {
        let mut statement = conn.prepare_cached(SQL)?;
        let manifests = statement.query_map([entity_type], |row| {
            Ok(Manifest { name: Name::from(row.get::<_, String>(0)?), version: row.get(1)? })
        })?;
        Ok(manifests.collect::<Result<_, _>>()?)
    })
}

/// From number to manifest, for one reader. Stored manifests never change, so nothing here goes stale.
#[derive(Debug, Default)]
pub(crate) struct ManifestNames(BTreeMap<i64, Manifest>);

impl ManifestNames {
    /// The manifest with that number, if there is one.
    pub(crate) fn manifest(
        &mut self,
        conn: &Connection,
        number: i64,
    ) -> Result<Option<Manifest>, rusqlite::Error> {
        if let Some(manifest) = self.0.get(&number) {
            return Ok(Some(manifest.clone()));
        }
        let found = conn
            .prepare_cached("SELECT name, version FROM manifest WHERE manifest = ?1")?
            .query_row([number], |row| Ok((row.get::<_, String>(0).ok(), row.get::<_, u32>(1).ok())))
            .optional()?;
        let Some((Some(name), Some(version))) = found else { return Ok(None) };
        let manifest = Manifest { name: Name::from(name), version };
        self.0.insert(number, manifest.clone());
        Ok(Some(manifest))
    }
}

//! Names and versions of payloads, stored once; rows hold the small number. Programs have few of them, so all
//! that were met stay in memory.

use annals::{Manifest, Name};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};

/// From manifest to number, for the writer.
#[derive(Debug, Default)]
pub(crate) struct ManifestNumbers(HashMap<Manifest, i64>);

impl ManifestNumbers {
    /// The number of `manifest`, given out now if it is new.
    pub(crate) fn number(&mut self, conn: &Connection, manifest: &Manifest) -> Result<i64, rusqlite::Error> {
        if let Some(&number) = self.0.get(manifest) {
            return Ok(number);
        }
        let values = params![manifest.name.as_str(), manifest.version];
        let known = conn
            .prepare_cached("SELECT manifest FROM manifest WHERE name = ?1 AND version = ?2")?
            .query_row(values, |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                conn.prepare_cached("INSERT INTO manifest (name, version) VALUES (?1, ?2)")?
                    .execute(values)?;
                conn.last_insert_rowid()
            }
        };
        self.0.insert(manifest.clone(), number);
        Ok(number)
    }
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

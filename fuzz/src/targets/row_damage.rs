//! Changes of single columns and rows of an SQLite file, made with SQL.

use super::answers::Asked;
use crate::bytes::Bytes;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _};
use std::path::Path;

/// The tables, and the columns that tell their rows apart.
const TABLES: [(&str, &str); 13] = [
    ("journal", "row"),
    ("head", "entity"),
    ("entity", "entity"),
    ("manifest", "manifest"),
    ("block", "entity, sequence_nr, row"),
    ("snapshot", "snapshot"),
    ("state", "entity"),
    ("shard", "shard"),
    ("store", "one"),
    ("run", "run"),
    ("kept", "run, entity, key_hash, row"),
    ("written", "entity_type, manifest"),
    ("trim", "entity"),
];

/// Of these the loss of a row shows, or does not matter.
const LOSS_SHOWS: [&str; 4] = ["journal", "head", "manifest", "state"];

/// What cannot be found there is an entity or a key that never was. Their types are checked when a file is opened.
const INDEXES: [&str; 3] = ["entity", "run", "kept"];

/// What a checksum covers, or what is of one length: every change of these shows.
const COVERED: [&str; 4] = ["payload", "out_payload", "outcomes", "outcomes_checksum"];

const MAX_CHANGES: usize = 4;

/// Some changes.
pub(crate) struct Damage(Vec<Harm>);

struct Harm {
    table: &'static str,
    key: &'static str,
    row: u8,
    column: u8,
    /// None: the row goes.
    value: Option<Value>,
}

impl Damage {
    pub(crate) fn read(mut input: Bytes<'_>) -> Self {
        let mut harms = Vec::new();
        while harms.len() < MAX_CHANGES && !input.is_empty() {
            let (table, key) = TABLES[usize::from(input.choice(TABLES.len() as u8))];
            let (row, column) = (input.byte(), input.byte());
            let value = match input.choice(6) {
                0 => Some(Value::Integer(input.number())),
                1 => Some(Value::Null),
                2 => Some(Value::Real(input.number() as f64 + 0.5)),
                3 => Some(Value::Text(String::from_utf8_lossy(input.some()).into_owned())),
                4 => Some(Value::Blob(input.some().to_vec())),
                _ => None,
            };
            harms.push(Harm { table, key, row, column, value });
        }
        Self(harms)
    }

    /// Makes the changes that SQLite can be brought to make at all. The answer is what can be asked of the file then.
    pub(crate) fn apply(&self, file: &Path) -> Asked {
        let strict = loosen(file);
        let conn = Connection::open(file).expect("it can be opened");
        let mut asked = Asked::Exact;
        for harm in &self.0 {
            if let Some(Asked::Plausible) = harm.apply(&conn) {
                asked = Asked::Plausible;
            }
        }
        drop(conn);
        tighten(file, &strict);
        asked
    }
}

impl Harm {
    /// None if it was not made.
    fn apply(&self, conn: &Connection) -> Option<Asked> {
        let Self { table, key, .. } = self;
        let rows: u32 =
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).ok()?;
        let row = u32::from(self.row).checked_rem(rows)?;
        let place = format!("({key}) = (SELECT {key} FROM {table} LIMIT 1 OFFSET {row})");
        let Some(value) = &self.value else {
            conn.execute(&format!("DELETE FROM {table} WHERE {place}"), []).ok()?;
            return Some(if LOSS_SHOWS.contains(table) { Asked::Exact } else { Asked::Plausible });
        };
        let (column, is_required) = self.column(conn)?;
        let select = format!("SELECT {column} FROM {table} WHERE {place}");
        let before: Value = conn.query_row(&select, [], |row| row.get(0)).optional().ok()??;
        let changed =
            conn.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE {place}"), [value]).ok()?;
        if changed != 1 || key.contains(&column) {
            return Some(Asked::Plausible);
        }
        let after: Value = conn.query_row(&select, [], |row| row.get(0)).expect("it is there");
        let shows = is_other_type(&before, &after, is_required) && !INDEXES.contains(table);
        let covered = COVERED.contains(&column.as_str()) && before != Value::Null && after != Value::Null;
        Some(if before == after || shows || covered { Asked::Exact } else { Asked::Plausible })
    }

    fn column(&self, conn: &Connection) -> Option<(String, bool)> {
        let sql = format!("SELECT name FROM pragma_table_info('{}')", self.table);
        let mut statement = conn.prepare(&sql).ok()?;
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).ok()?.collect::<Result<_, _>>().ok()?;
        let name = names.get(usize::from(self.column).checked_rem(names.len())?)?.clone();
        const OPTIONAL: [&str; 11] = [
            "manifest",
            "codec",
            "checksum",
            "kind",
            "out_manifest",
            "out_codec",
            "out_checksum",
            "command",
            "key",
            "labels",
            "payload",
        ];
        let is_required = !OPTIONAL.contains(&name.as_str()) && name != "out_payload";
        Some((name, is_required))
    }
}

/// Whether it is of a type that the program never writes there.
fn is_other_type(before: &Value, after: &Value, is_required: bool) -> bool {
    let (before, after) = (ValueRef::from(before), ValueRef::from(after));
    let is_null = after == ValueRef::Null;
    before.data_type() != after.data_type() && before != ValueRef::Null && (!is_null || is_required)
}

/// Takes types and constraints out of the tables. The answer is what they were.
fn loosen(file: &Path) -> Vec<(String, String)> {
    let conn = Connection::open(file).expect("it can be opened");
    let mut statement =
        conn.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").expect("it is a file");
    let tables: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("it can be read")
        .collect::<Result<_, _>>()
        .expect("it can be read");
    drop(statement);
    let loose = tables.iter().map(|(name, sql)| {
        let sql = sql.replace("STRICT, ", "").replace(" STRICT", "").replace(" NOT NULL", "");
        (name.clone(), sql.replace("CHECK (one = 1)", ""))
    });
    set_schema(&conn, &loose.collect::<Vec<_>>());
    tables
}

fn tighten(file: &Path, strict: &[(String, String)]) {
    set_schema(&Connection::open(file).expect("it can be opened"), strict);
}

fn set_schema(conn: &Connection, tables: &[(String, String)]) {
    // The version tells other connections to read it again.
    let version: i64 = conn.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("it can be read");
    conn.execute_batch("PRAGMA writable_schema = ON; BEGIN IMMEDIATE").expect("nobody writes");
    for (name, sql) in tables {
        conn.execute("UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", [name, sql]).expect("it is there");
    }
    conn.execute_batch(&format!(
        "PRAGMA schema_version = {}; COMMIT; PRAGMA writable_schema = OFF",
        version + 1
    ))
    .expect("nobody writes");
}

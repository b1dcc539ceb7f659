//! The targets.

mod answers;
mod book;
mod damaged_pages;
mod damaged_rows;
mod encodings;
mod open_payload;
mod recover_entity;
mod recover_state;
mod row_damage;
mod sqlite_file;
mod stored;
mod usage;
mod values;

pub use damaged_pages::DAMAGED_PAGES;
pub use damaged_rows::DAMAGED_ROWS;
pub use encodings::{PARSE_LABELS, PARSE_OUTCOMES};
pub use open_payload::OPEN_PAYLOAD;
pub use recover_entity::RECOVER_ENTITY;
pub use recover_state::RECOVER_STATE;

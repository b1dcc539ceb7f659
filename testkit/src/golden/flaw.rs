//! What is wrong with golden files, or with the code that no longer reads them.

use super::form::Form;
use super::text::to_hex;
use std::fmt;
use std::path::PathBuf;

/// What is wrong with the golden files of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaws {
    /// The type of the entity.
    pub entity_type: &'static str,
    /// Where the files are.
    pub folder: PathBuf,
    /// What is wrong, in the order of the files; then what has no file.
    pub flaws: Vec<Flaw>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A form that has a sample has no file.
    #[error("{form} has no file {}: record it with ANNALS_RECORD=1", form.file())]
    Missing {
        /// The form.
        form: Form,
    },
    /// A form that today's code reads has neither file nor sample.
    #[error("{form} has no file {}, and no sample to record it from", form.file())]
    NoSample {
        /// The form.
        form: Form,
    },
    /// A file is not as it was recorded.
    #[error("{file} is damaged: {why}")]
    Damaged {
        /// The name of the file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file has the name of another.
    #[error("{file} holds {form}, which belongs into {}", form.file())]
    Misnamed {
        /// The name of the file.
        file: String,
        /// What it holds.
        form: Form,
    },
    /// Today's code does not read what was stored.
    #[error("{form} in {file} is not read any more: {why}")]
    Unread {
        /// The name of the file.
        file: String,
        /// What it holds.
        form: Form,
        /// Why it is not read.
        why: String,
    },
    /// Today's code reads something else.
    #[error(
        "{form} in {file} is read as\n{}\nand was as\n{}\nif that is meant, record it with ANNALS_RECORD=1",
        indented(today),
        indented(recorded)
    )]
    ReadDifferently {
        /// The name of the file.
        file: String,
        /// What it holds.
        form: Form,
        /// What it was read as.
        recorded: String,
        /// What it is read as.
        today: String,
    },
    /// Today's code stores something else under the name and version.
    #[error(
        "{form} in {file} would be stored as\n{}\nand was as\n{}\nif its sample is still the same, it has \
         another shape: raise the version, and write an upcaster from this one",
        indented(&to_hex(today)), indented(&to_hex(recorded))
    )]
    StoredDifferently {
        /// The name of the file.
        file: String,
        /// What it holds.
        form: Form,
        /// The bytes that were recorded.
        recorded: Vec<u8>,
        /// The bytes of the sample.
        today: Vec<u8>,
    },
    /// A sample cannot be stored.
    #[error("the sample of {form} cannot be stored: {why}")]
    Unstorable {
        /// What it is a sample of.
        form: Form,
        /// Why not.
        why: String,
    },
    /// A file or the folder cannot be read or written.
    #[error("{file}: {why}")]
    Inaccessible {
        /// The name of the file, or the folder.
        file: String,
        /// What the operating system said.
        why: String,
    },
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "golden files of {} in {}:", self.entity_type, self.folder.display())?;
        self.flaws.iter().try_for_each(|flaw| write!(f, "\n- {flaw}"))
    }
}

impl std::error::Error for Flaws {}

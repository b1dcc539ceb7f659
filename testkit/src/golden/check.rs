//! Holding today's code to what was recorded.

use super::flaw::Flaw;
use super::form::{Age, Form};
use super::samples::{Golden, Sample};
use super::text::Record;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;

/// Everything that is wrong.
pub(super) fn check<S: Debug>(golden: &Golden<S>) -> Vec<Flaw> {
    let files = match files(&golden.folder) {
        Ok(files) => files,
        Err(flaw) => return vec![flaw],
    };
    let mut flaws = Vec::new();
    for (file, text) in &files {
        match Record::parse(text) {
            Ok(record) => flaws.extend(check_record(golden, file, &record)),
            Err(why) => flaws.push(Flaw::Damaged { file: file.clone(), why }),
        }
    }
    let expected = golden.known.iter().chain(golden.samples.iter().map(|sample| &sample.form));
    let mut missing: Vec<&Form> = expected.filter(|form| !files.contains_key(&form.file())).collect();
    missing.sort();
    missing.dedup();
    flaws.extend(missing.into_iter().map(|form| match sample(golden, form) {
        Some(_) => Flaw::Missing { form: form.clone() },
        None => Flaw::NoSample { form: form.clone() },
    }));
    flaws
}

fn check_record<S: Debug>(golden: &Golden<S>, file: &str, record: &Record) -> Vec<Flaw> {
    let (file, form) = (file.to_owned(), record.form());
    let Some(age) = form.age_in(&file) else {
        return vec![Flaw::Misnamed { file, form }];
    };
    let mut flaws = Vec::new();
    if let Some(sample) = sample(golden, &form).filter(|_| age == Age::Todays) {
        flaws.extend(check_bytes(sample, &file, record).err());
    }
    match golden.read(record.kind, &record.payload) {
        Ok(today) if today == record.reads_as => {}
        Ok(today) => {
            let recorded = record.reads_as.clone();
            flaws.push(Flaw::ReadDifferently { file, form, recorded, today });
        }
        Err(why) => flaws.push(Flaw::Unread { file, form, why }),
    }
    flaws
}

/// The sample still has the recorded bytes, in the codec that they were recorded with.
fn check_bytes(sample: &Sample, file: &str, record: &Record) -> Result<(), Flaw> {
    let today = sample.seal(record.codec)?;
    if today == record.payload {
        return Ok(());
    }
    let (recorded, today) = (record.payload.bytes().to_vec(), today.bytes().to_vec());
    Err(Flaw::StoredDifferently { file: file.to_owned(), form: record.form(), recorded, today })
}

fn sample<'a, S>(golden: &'a Golden<S>, form: &Form) -> Option<&'a Sample> {
    golden.samples.iter().find(|sample| sample.form == *form)
}

/// The files of a folder by their names; none if it is not there.
fn files(folder: &Path) -> Result<BTreeMap<String, String>, Flaw> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(inaccessible(&folder.display(), &error)),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|error| inaccessible(&folder.display(), &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read(entry.path()).map_err(|error| inaccessible(&name, &error))?;
        files.insert(name, String::from_utf8_lossy(&text).into_owned());
    }
    Ok(files)
}

fn inaccessible(file: &impl ToString, error: &std::io::Error) -> Flaw {
    Flaw::Inaccessible { file: file.to_string(), why: error.to_string() }
}

/// Writes what is missing, and what files are read as. What could not be written.
pub(super) fn record<S: Debug>(golden: &Golden<S>) -> Vec<Flaw> {
    let files = match files(&golden.folder) {
        Ok(files) => files,
        // The check says it.
        Err(_) => return Vec::new(),
    };
    let known = files.iter().filter_map(|(file, text)| rerecord(golden, file, text).err());
    let missing = golden.samples.iter().filter(|sample| !files.contains_key(&sample.form.file()));
    known.chain(missing.filter_map(|sample| record_first(golden, sample).err())).collect()
}

/// Writes down what an existing file is read as; its bytes stay.
fn rerecord<S: Debug>(golden: &Golden<S>, file: &str, text: &str) -> Result<(), Flaw> {
    let Ok(mut record) = Record::parse(text) else {
        return Ok(());
    };
    let Ok(today) = golden.read(record.kind, &record.payload) else {
        return Ok(());
    };
    if today == record.reads_as {
        return Ok(());
    }
    record.reads_as = today;
    fs::write(golden.folder.join(file), record.to_string()).map_err(|error| inaccessible(&file, &error))
}

/// Writes the file of a sample; never over another.
fn record_first<S: Debug>(golden: &Golden<S>, sample: &Sample) -> Result<(), Flaw> {
    let (form, codec) = (&sample.form, golden.records_with());
    let payload = sample.seal(codec)?;
    let reads_as = golden.read(form.kind, &payload);
    let reads_as = reads_as.map_err(|why| Flaw::Unread { file: form.file(), form: form.clone(), why })?;
    let record = Record { kind: form.kind, codec, payload, reads_as };
    let written = fs::create_dir_all(&golden.folder).and_then(|()| {
        let mut file = fs::File::create_new(golden.folder.join(form.file()))?;
        std::io::Write::write_all(&mut file, record.to_string().as_bytes())
    });
    written.map_err(|error| inaccessible(&form.file(), &error))
}

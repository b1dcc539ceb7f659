//! The short run finds what it is there to find: broken decoders, each fed from a corpus in which nothing is wrong.

use annals_fuzz::{Finding, Memory, ShortRun, Target};
use std::time::Duration;

const MEMORY: Memory = Memory { bytes: 4_096, per_input_byte: 64 };

/// Texts behind their lengths, decoded as they should be.
fn decode(mut input: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while let Some((&length, rest)) = input.split_first() {
        let (text, rest) = rest.split_at_checked(length.into())?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        input = rest;
    }
    Some(texts)
}

fn encode(texts: &[String]) -> Vec<u8> {
    texts.iter().flat_map(|text| [&[text.len() as u8], text.as_bytes()].concat()).collect()
}

fn round_trips(input: &[u8], encode: fn(&[String]) -> Vec<u8>) {
    if let Some(texts) = decode(input) {
        assert_eq!(decode(&encode(&texts)), Some(texts), "what is decoded is not what is written");
    }
}

fn sound(input: &[u8]) {
    round_trips(input, encode);
}

/// Trusts the length.
fn panics(mut input: &[u8]) {
    while let Some((&length, rest)) = input.split_first() {
        input = &rest[usize::from(length)..];
    }
}

/// Makes room for as many bytes as are claimed.
fn allocates(input: &[u8]) {
    if let Some(claim) = input.first_chunk() {
        let room: Vec<u8> = Vec::with_capacity(u32::from_be_bytes(*claim).min(1 << 24) as usize);
        assert!(room.is_empty());
    }
}

/// Writes short texts wrong.
fn loses_a_byte(input: &[u8]) {
    round_trips(input, |texts| match encode(texts) {
        bytes if texts.iter().any(|text| text.contains('~')) => bytes[..bytes.len() - 1].to_vec(),
        bytes => bytes,
    });
}

/// Never moves on over a text of no length. It ends with the process.
fn hangs(mut input: &[u8]) {
    while let Some((&length, rest)) = input.split_first() {
        match length {
            0 => std::thread::park(),
            _ => input = rest.get(usize::from(length)..).unwrap_or_default(),
        }
    }
}

fn run(name: &'static str, decoder: fn(&[u8])) -> Option<Box<Finding>> {
    let target = Target { name, run: decoder, memory: MEMORY };
    let (seed, mutations) = (7, 20_000);
    let run = ShortRun { seed, mutations, budget: Duration::from_secs(60), patience: Duration::from_secs(2) };
    let kept = vec![b"\x03abc\x01x".to_vec(), b"\x05hello".to_vec()];
    run.run(target, kept).err()
}

fn said(finding: Option<Box<Finding>>) -> String {
    let finding = finding.expect("it is found");
    assert!(!finding.input.is_empty() && finding.to_string().contains("seed 7"));
    finding.panic.unwrap_or_else(|| "it hangs".into())
}

#[test]
fn a_sound_decoder_passes() {
    assert!(run("sound", sound).is_none());
}

#[test]
fn a_decoder_that_panics_is_found() {
    assert!(said(run("panics", panics)).contains("out of range"));
}

#[test]
fn a_decoder_that_makes_room_for_a_claim_is_found() {
    assert!(said(run("allocates", allocates)).contains("allocated"));
}

#[test]
fn a_decoder_whose_values_do_not_survive_is_found() {
    assert!(said(run("loses_a_byte", loses_a_byte)).contains("not what is written"));
}

#[test]
fn a_decoder_that_hangs_is_found() {
    assert_eq!(said(run("hangs", hangs)), "it hangs");
}

#[test]
fn a_seed_draws_the_same_inputs_again() {
    let drawn = |seed| {
        let mutator = annals_fuzz::Mutator::new(seed, vec![b"\x03abc".to_vec()]);
        (0..100).map(|_| mutator.draw()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

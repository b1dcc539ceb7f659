//! `annals_fuzz::PARSE_LABELS` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::PARSE_LABELS.check(input));

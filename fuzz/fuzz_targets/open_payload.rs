//! `annals_fuzz::OPEN_PAYLOAD` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::OPEN_PAYLOAD.check(input));

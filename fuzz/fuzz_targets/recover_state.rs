//! `annals_fuzz::RECOVER_STATE` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::RECOVER_STATE.check(input));

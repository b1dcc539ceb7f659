//! `annals_fuzz::DAMAGED_PAGES` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| annals_fuzz::DAMAGED_PAGES.check(input));

//! Runs the check `forwarded` on what the fuzzer thinks of.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::check("forwarded", bytes));

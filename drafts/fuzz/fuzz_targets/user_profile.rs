#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    causeway_drafts_fuzz::run("user_profile", bytes);
});

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    causeway_drafts_fuzz::run("partial_group_info", bytes);
});

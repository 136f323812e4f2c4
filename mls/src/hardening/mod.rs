//! The optional hardening of groups whose parents are kept (SPEC §14.11): a PSK from a punctured PRF.
#![cfg_attr(not(test), expect(dead_code, reason = "the engine does not use it yet"))]

mod pprf;

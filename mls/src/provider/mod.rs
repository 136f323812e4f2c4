//! The cryptography under openmls: RustCrypto's, and, where the simulation is built, the same with randomness that comes from
//! a seed when one is set.

#[cfg(feature = "planted-bugs")]
mod seeded;

#[cfg(not(feature = "planted-bugs"))]
pub(crate) use openmls_rust_crypto::RustCrypto as Crypto;
#[cfg(feature = "planted-bugs")]
pub use seeded::seed;
#[cfg(feature = "planted-bugs")]
pub(crate) use seeded::{Seeded as Crypto, lifetime};

/// The lifetime of a leaf that is made now, and lives so many seconds.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) fn lifetime(seconds: u64) -> openmls::prelude::Lifetime {
    openmls::prelude::Lifetime::new(seconds)
}

//! Bugs that are planted in what this crate stands for: the store, and whoever drives the engine.

/// `planted!(Bug)`: as the macro of the same name in `causeway-mls`.
#[cfg(feature = "planted-bugs")]
macro_rules! planted {
    ($bug:ident) => {
        causeway_mls::planted::is_planted(causeway_mls::planted::Bug::$bug)
    };
}
#[cfg(not(feature = "planted-bugs"))]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
}
pub(crate) use planted;

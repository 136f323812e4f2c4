//! Places where a test may have the process die, as `kill -9` would have it: no destructor runs, nothing is flushed.
//! Compiled in with the feature `crash-points` only.
//!
//! A place is named `<when>/<what>`: `before-commit/notify` dies with the transaction open, `after-commit/notify`
//! before anybody has heard that it was stored, `after-request/submit` with the peer's answer in hand.
//!
//! The file that `CAUSEWAY_CRASH_PLAN` names has one line per death that is wanted: `<when>/<what> <passes>`, where so
//! many passes are survived before. Whoever dies takes the line out first, so that the next life goes on.

#[cfg(feature = "crash-points")]
mod plan {
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock, PoisonError};

    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    /// One place at a time changes the plan.
    static TURN: Mutex<()> = Mutex::new(());

    /// Whether the plan is to die here; it is one pass shorter afterwards.
    pub(super) fn is_here(place: &str) -> bool {
        let Some(file) = FILE.get_or_init(|| std::env::var_os("CAUSEWAY_CRASH_PLAN").map(PathBuf::from)) else { return false };
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(plan) = std::fs::read_to_string(file) else { return false };
        let mut lines: Vec<String> = plan.lines().map(str::to_owned).collect();
        let passes_of = |line: &String| line.rsplit_once(' ').filter(|(named, _)| *named == place)?.1.parse::<u64>().ok();
        let Some((at, passes)) = lines.iter().enumerate().find_map(|(at, line)| Some((at, passes_of(line)?))) else { return false };
        match passes.checked_sub(1) {
            Some(left) => lines[at] = format!("{place} {left}"),
            None => drop(lines.remove(at)),
        }
        write(file, &lines) && passes == 0
    }

    /// In one step: the test may look at any moment.
    fn write(file: &Path, lines: &[String]) -> bool {
        let beside = file.with_extension("new");
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file)).is_ok()
    }
}

/// Dies, if this is the place.
#[cfg(feature = "crash-points")]
pub(crate) fn point(when: &str, what: &str) {
    if plan::is_here(&format!("{when}/{what}")) {
        std::process::abort();
    }
}

/// Nothing, outside tests.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) fn point(_: &str, _: &str) {}

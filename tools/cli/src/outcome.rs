//! What came of a command, and the exit code that says so.

/// The command did what it should.
pub(crate) const OK: u8 = 0;
/// It found something wrong, or failed.
pub(crate) const FINDING: u8 = 1;
/// It was called wrongly. The parser of the command line uses the same.
pub(crate) const USAGE: u8 = 2;
/// Database or gateway cannot be reached.
pub(crate) const UNREACHABLE: u8 = 3;

/// For the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done, nothing wrong
  1  something is wrong: a finding, or the reason on standard error
  2  wrong usage
  3  the database, or the gateway's admin listener, cannot be reached";

/// What a command prints, and whether it found something wrong.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// For standard output.
    pub(crate) text: String,
    /// Whether the exit code has to say that something is wrong.
    pub(crate) is_finding: bool,
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self { text, is_finding: false }
    }
}

/// Marks errors that mean: not reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// Marks errors that mean: wrongly called.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The exit code of an error.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    match () {
        () if error.is::<Unreachable>() => UNREACHABLE,
        () if error.is::<Usage>() => USAGE,
        () => FINDING,
    }
}

//! Stable codes `CW-nnnn`: one for each way in which something is refused, lost or fails. The code is the same in logs,
//! in answers to peers, in the database and in the operator's tools, and never changes its meaning.
//!
//! The families are files of this folder, and the only source: the constants, the table, `causewayctl explain` and the
//! pages in `docs/errors` all come from there. An error says its code by [`Coded`].

mod coded;
mod conversation;
mod faults;
mod loss;
mod matrix;
mod mimi;
mod mls;
mod page;
mod storage;
mod transport;

use std::fmt;
use std::str::FromStr;

pub use coded::Coded;
pub use conversation::*;
pub use faults::*;
pub use loss::*;
pub use matrix::*;
pub use mimi::*;
pub use mls::*;
pub use storage::*;
pub use transport::*;

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// Whose fault it is, hence who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The gateway's.
    Ours,
    /// The homeserver's or provider's on the other end.
    Peer,
    /// Of the user who wanted it; or nobody's, where the other side has no such thing.
    User,
    /// Of who runs the gateway: its configuration, files, database.
    Operator,
}

impl Fault {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
            Self::User => "user",
            Self::Operator => "operator",
        }
    }
}

/// What is to be known of a code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// The constant's name.
    pub name: &'static str,
    /// Whose fault.
    pub fault: Fault,
    /// Whether the same thing may succeed later, unchanged.
    pub retryable: bool,
    /// The requirement, or the section of a specification.
    pub section: &'static str,
    /// In one line.
    pub summary: &'static str,
    /// What the gateway does.
    pub what: &'static str,
    /// How it comes about.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const AGAIN: bool = true;
const FINAL: bool = false;

/// Defines a family: `NAME = number (fault, retryable) "section" "summary" what "…" why "…" remedy "…";`
macro_rules! codes {
    ($($name:ident = $number:literal ($fault:ident, $retryable:ident) $section:literal $summary:literal
        what $what:literal why $why:literal remedy $remedy:literal;)*) => {
        $(#[doc = $summary] pub const $name: $crate::code::Code = $crate::code::Code($number);)*

        pub(super) const ENTRIES: &[$crate::code::Entry] = &[$($crate::code::Entry {
            code: $name,
            name: stringify!($name),
            fault: $crate::code::Fault::$fault,
            retryable: $crate::code::$retryable,
            section: $section,
            summary: $summary,
            what: $what,
            why: $why,
            remedy: $remedy,
        }),*];
    };
}
use codes;

/// Every code, by number.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    let families = [
        transport::ENTRIES,
        matrix::ENTRIES,
        mimi::ENTRIES,
        mls::ENTRIES,
        conversation::ENTRIES,
        loss::ENTRIES,
        storage::ENTRIES,
        faults::ENTRIES,
    ];
    families.into_iter().flatten()
}

impl Code {
    /// What is to be known of it.
    pub fn entry(self) -> &'static Entry {
        // Only this module makes codes, each with its entry.
        all().find(|entry| entry.code == self).unwrap_or(&faults::ENTRIES[0])
    }

    /// Whose fault.
    pub fn fault(self) -> Fault {
        self.entry().fault
    }

    /// Before a text: `CW-nnnn text`.
    pub fn with(self, text: impl fmt::Display) -> String {
        format!("{self} {text}")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CW-{:04}", self.0)
    }
}

/// No such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such code: codes look like CW-2005")]
pub struct UnknownCode;

impl FromStr for Code {
    type Err = UnknownCode;

    /// With or without `CW-`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let text = text.trim();
        let digits = text.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("cw-")).map_or(text, |_| &text[3..]);
        let number: u16 = digits.parse().map_err(|_| UnknownCode)?;
        all().map(|entry| entry.code).find(|code| code.0 == number).ok_or(UnknownCode)
    }
}

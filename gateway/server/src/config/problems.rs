//! Everything that is wrong with a configuration, together.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the file, at a line and a column, both from 1.
    Line(usize, usize),
    /// In the file, nowhere in particular.
    File,
    /// In a variable of the environment.
    Environment(String),
    /// In a systemd credential.
    Credential(String),
}

/// Whether the gateway starts nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It does not.
    Error,
    /// It does.
    Warning,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    severity: Severity,
    place: Place,
    text: String,
    hint: Option<String>,
}

impl Problem {
    /// The gateway cannot start like this.
    pub(crate) fn error(place: Place, text: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place, text: text.into(), hint: None }
    }

    /// Somebody should look at this.
    pub(crate) fn warning(place: Place, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, text) }
    }

    /// With what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// All that is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    file: PathBuf,
    list: Vec<Problem>,
}

impl Problems {
    /// None yet, of a file.
    pub(crate) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), list: Vec::new() }
    }

    /// One more.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// In the order of the file.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by(|a, b| (&a.place, a.severity).cmp(&(&b.place, b.severity)));
    }

    /// What each says, in a line.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|problem| problem.text.as_str())
    }

    /// How many errors.
    pub(crate) fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// How many warnings.
    pub(crate) fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
            writeln!(f, "{severity}: {}", problem.text)?;
            match &problem.place {
                Place::Line(line, column) => writeln!(f, "  at {}:{line}:{column}", self.file.display())?,
                Place::File => writeln!(f, "  in {}", self.file.display())?,
                Place::Environment(name) => writeln!(f, "  in the environment variable {name}")?,
                Place::Credential(name) => writeln!(f, "  in the systemd credential {name}")?,
            }
            if let Some(hint) = &problem.hint {
                writeln!(f, "  hint: {hint}")?;
            }
        }
        let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        write!(f, "{}, {}", count(self.errors(), "error"), count(self.warnings(), "warning"))
    }
}

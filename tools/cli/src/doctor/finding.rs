//! What was found.

use std::fmt;

use serde::Serialize;

/// Where somebody would look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    Configuration,
    Files,
    Certificates,
    Clock,
    Database,
    Keys,
    Gateway,
    Peers,
    Queue,
    Losses,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Files => "files",
            Self::Certificates => "certificates",
            Self::Clock => "clock",
            Self::Database => "database",
            Self::Keys => "keys",
            Self::Gateway => "gateway",
            Self::Peers => "peers",
            Self::Queue => "queue",
            Self::Losses => "losses",
        })
    }
}

/// How bad it is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// It does not work, or will not for long.
    Problem,
    /// Worth a look.
    Warning,
    /// As it should be.
    Ok,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) category: Category,
    /// How bad.
    pub(crate) severity: Severity,
    /// What is, in one line.
    pub(crate) cause: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// Findings so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn problem(&mut self, category: Category, cause: impl Into<String>, hint: impl Into<String>) {
        self.add(category, (Severity::Problem, cause.into()), Some(hint.into()));
    }

    pub(super) fn warning(&mut self, category: Category, cause: impl Into<String>, hint: impl Into<String>) {
        self.add(category, (Severity::Warning, cause.into()), Some(hint.into()));
    }

    pub(super) fn ok(&mut self, category: Category, what: impl Into<String>) {
        self.add(category, (Severity::Ok, what.into()), None);
    }

    fn add(&mut self, category: Category, (severity, cause): (Severity, String), hint: Option<String>) {
        let cause = cause.replace(['\n', '\r'], " ");
        self.0.push(Finding { category, severity, cause, hint });
    }

    /// Whether a category has nothing worse than good findings.
    pub(super) fn is_good(&self, category: Category) -> bool {
        self.0.iter().all(|finding| finding.category != category || finding.severity == Severity::Ok)
    }

    /// How many findings a category has.
    pub(super) fn count(&self, category: Category) -> usize {
        self.0.iter().filter(|finding| finding.category == category).count()
    }

    /// Problems first; otherwise in the order of causes.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| (finding.severity, finding.category));
        self.0
    }
}

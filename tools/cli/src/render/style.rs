//! How to print.

use std::io::IsTerminal;

use crate::printing::{Color, Output};

/// Format, headers, colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The format.
    pub(crate) output: Output,
    /// Whether tables say what their columns are.
    pub(crate) headers: bool,
    /// Whether terminals' colours are used.
    color: bool,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Worth a look.
    Warning,
    /// Something has to be done.
    Bad,
    /// What the lines below are.
    Title,
}

impl Style {
    /// From the command line. Colours only for tables, by default on terminals that want them.
    pub(crate) fn new(output: Output, headers: bool, color: Color) -> Self {
        let wanted = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Self { output, headers, color: wanted && output == Output::Table }
    }

    /// The text in its colour.
    pub(crate) fn paint(&self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Title => "1",
        };
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

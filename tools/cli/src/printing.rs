//! What the command line says of how to print.

use clap::{Args, ValueEnum};

use crate::render::Style;

/// How to print.
#[derive(Debug, Args)]
pub(crate) struct Printing {
    /// The format.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    output: Format,
    /// Tables without the names of their columns.
    #[arg(long, global = true)]
    no_headers: bool,
    /// Colours; `auto` is on terminals, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

impl Printing {
    pub(crate) fn style(&self) -> Style {
        Style::new(self.output.output(), !self.no_headers, self.color)
    }

    pub(crate) fn format(&self) -> Format {
        self.output
    }
}

/// What `-o` takes. Drawings are shown in the help of the only command that draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// One YAML document.
    Yaml,
    /// For Graphviz.
    #[value(hide = true)]
    Dot,
    /// A picture.
    #[value(hide = true)]
    Svg,
}

impl Format {
    /// How what is not drawn is printed.
    fn output(self) -> Output {
        match self {
            Self::Table | Self::Dot | Self::Svg => Output::Table,
            Self::Json => Output::Json,
            Self::Ndjson => Output::Ndjson,
            Self::Yaml => Output::Yaml,
        }
    }

    /// The name of a drawing.
    pub(crate) fn drawing(self) -> Option<&'static str> {
        match self {
            Self::Dot => Some("dot"),
            Self::Svg => Some("svg"),
            _ => None,
        }
    }
}

/// What every command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// One YAML document.
    Yaml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

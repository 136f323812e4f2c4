//! What was decoded, in the order in which it stands.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::render::{Style, Tone, escaped};

/// So many octets are shown to people; programs get all.
const SHOWN: usize = 48;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Nothing,
    Bool(bool),
    Number(u64),
    Text(String),
    Octets(Vec<u8>),
    List(Vec<Tree>),
    /// Fields by their names, and what they are the fields of.
    Fields(Option<Origin>, Vec<(String, Tree)>),
}

/// A structure of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) structure: &'static str,
    pub(crate) draft: &'static str,
    pub(crate) section: &'static str,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.section.starts_with(|first: char| first.is_ascii_digit()) { " §" } else { ": " };
        write!(f, "{} [{}{sign}{}]", self.structure, self.draft, self.section)
    }
}

impl Tree {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Text, if it is some.
    pub(super) fn text_or_octets(octets: &[u8]) -> Self {
        match std::str::from_utf8(octets) {
            Ok(text) if !text.is_empty() => Self::text(text),
            _ => Self::Octets(octets.to_vec()),
        }
    }

    pub(super) fn fields<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Fields(None, fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Fields of a structure.
    pub(super) fn structure<const N: usize>(origin: Origin, fields: [(&str, Self); N]) -> Self {
        Self::fields(fields).of(origin)
    }

    /// The fields, as those of a structure.
    pub(super) fn of(self, origin: Origin) -> Self {
        match self {
            Self::Fields(_, fields) => Self::Fields(Some(origin), fields),
            other => other,
        }
    }

    /// The fields of both.
    pub(super) fn and(self, more: Self) -> Self {
        match (self, more) {
            (Self::Fields(origin, mut fields), Self::Fields(_, more)) => {
                fields.extend(more);
                Self::Fields(origin, fields)
            }
            (alone, _) => alone,
        }
    }

    /// One more field.
    pub(super) fn push(&mut self, name: &str, value: Self) {
        if let Self::Fields(_, fields) = self {
            fields.push((name.to_owned(), value));
        }
    }

    /// A field, or one of a field: `content.sender`.
    pub(super) fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |tree, name| match tree {
            Self::Fields(_, fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        })
    }

    /// The name of a value that may have its number before it: `0x0022 participant_list`.
    pub(super) fn name(&self) -> Option<&str> {
        self.as_text()?.rsplit(' ').next()
    }

    /// The number before the name.
    pub(super) fn code(&self) -> Option<u16> {
        u16::from_str_radix(self.as_text()?.strip_prefix("0x")?.split(' ').next()?, 16).ok()
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// For people: a line for each value, indented below what it belongs to.
    pub(crate) fn lines(&self, style: Style) -> String {
        // What fields are of, stands above them already.
        let mut lines = if let Self::List(_) = self { self.heading().trim_start().to_owned() } else { String::new() };
        if !lines.is_empty() {
            lines.push('\n');
        }
        self.write(0, &mut lines, style);
        lines
    }

    fn write(&self, indent: usize, lines: &mut String, style: Style) {
        let margin = " ".repeat(indent);
        match self {
            Self::Fields(_, fields) => {
                for (name, value) in fields {
                    let name = style.paint(&escaped(name), Tone::Title);
                    match value.in_one_line() {
                        Some(line) => lines.push_str(&format!("{margin}{name}: {line}\n")),
                        None => {
                            lines.push_str(&format!("{margin}{name}:{}\n", value.heading()));
                            value.write(indent + 2, lines, style);
                        }
                    }
                }
            }
            Self::List(items) => {
                for item in items {
                    let mut inner = String::new();
                    item.write(indent + 2, &mut inner, style);
                    lines.push_str(&format!("{margin}- {}", inner.trim_start_matches(' ')));
                }
            }
            _ => lines.push_str(&format!("{margin}{}\n", self.in_one_line().unwrap_or_default())),
        }
    }

    /// What structure the lines below are of, or how many of it there are.
    fn heading(&self) -> String {
        let items: &[Self] = if let Self::List(items) = self { items } else { std::slice::from_ref(self) };
        let origin = items.iter().find_map(|item| if let Self::Fields(origin, _) = item { *origin } else { None });
        match (origin, self) {
            (None, _) => String::new(),
            (Some(origin), Self::List(items)) => format!(" {} × {origin}", items.len()),
            (Some(origin), _) => format!(" {origin}"),
        }
    }

    fn in_one_line(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => "none".to_owned(),
            Self::Bool(true) => "yes".to_owned(),
            Self::Bool(false) => "no".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) if text.is_empty() => "empty".to_owned(),
            Self::Text(text) => escaped(text).into_owned(),
            Self::Octets(octets) if octets.is_empty() => "empty".to_owned(),
            Self::Octets(octets) if octets.len() <= SHOWN => hex::encode(octets),
            Self::Octets(octets) => format!("{}… ({} octets)", hex::encode(&octets[..SHOWN]), octets.len()),
            Self::List(items) if items.iter().all(|item| matches!(item, Self::Number(_) | Self::Text(_))) => {
                let items: Option<Vec<String>> = items.iter().map(Self::in_one_line).collect();
                items.filter(|items| !items.is_empty()).map_or_else(|| "none".to_owned(), |items| items.join(", "))
            }
            Self::Fields(_, fields) if fields.is_empty() => "none".to_owned(),
            Self::List(_) | Self::Fields(..) => return None,
        })
    }
}

/// Octets are hex.
impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Octets(octets) => serializer.serialize_str(&hex::encode(octets)),
            Self::List(items) => items.serialize(serializer),
            Self::Fields(_, fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

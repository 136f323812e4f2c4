//! `causewayctl explain [<code>]`

use anyhow::bail;
use causeway_core::code::{Code, Entry, all};
use serde::Serialize;

use crate::printing::Output;
use crate::render::{self, Row, Style};

/// So many other codes are named when there is no such one.
const SUGGESTIONS: usize = 3;

#[derive(Serialize)]
struct Line {
    code: String,
    name: String,
    fault: &'static str,
    retryable: bool,
    summary: &'static str,
    section: &'static str,
    what: &'static str,
    why: &'static str,
    remedy: &'static str,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["code", "fault", "retryable", "summary"];

    fn cells(&self) -> Vec<String> {
        let retryable = if self.retryable { "yes" } else { "no" };
        vec![self.code.clone(), self.fault.to_owned(), retryable.to_owned(), self.summary.to_owned()]
    }
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Self {
        let Entry { code, name, fault, retryable, section, summary, what, why, remedy } = *entry;
        let (code, name, fault) = (code.to_string(), name.to_ascii_lowercase(), fault.as_str());
        Self { code, name, fault, retryable, summary, section, what, why, remedy }
    }
}

pub(crate) fn run(code: Option<&str>, style: Style) -> anyhow::Result<String> {
    let Some(code) = code else { return render::rows(&all().map(Line::from).collect::<Vec<_>>(), style) };
    let Ok(found) = code.parse::<Code>() else { bail!("no such code: {code}; near: {}", near(code).join(", ")) };
    match style.output {
        Output::Table => Ok(found.entry().page()),
        _ => render::one(&Line::from(found.entry()), style),
    }
}

/// The codes whose numbers are nearest.
fn near(code: &str) -> Vec<String> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let wanted: i64 = digits.parse().unwrap_or_default();
    let mut codes: Vec<String> = all().map(|entry| entry.code.to_string()).collect();
    codes.sort_by_key(|code| code[3..].parse().map_or(i64::MAX, |number: i64| number.abs_diff(wanted) as i64));
    codes.truncate(SUGGESTIONS);
    codes
}

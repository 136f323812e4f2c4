//! Matrix HTML to GFM-MIMI. Whatever is not markup that GFM has becomes text, and is named; every `<` is escaped (C-057).

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use ruma::UserId;
use ruma::html::{ElementData, Html, NodeData, NodeRef, SanitizerConfig};

use super::Links;

/// Converted markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// GFM-MIMI.
    pub gfm: String,
    /// The kinds of markup that GFM does not have; what they held is there as text.
    pub lost: BTreeSet<&'static str>,
}

/// Converts a formatted body. It is sanitised as Matrix wants first, the reply fallback removed.
pub fn html_to_gfm(html: &str, links: &dyn Links) -> Converted {
    let document = Html::parse(html);
    document.sanitize_with(&SanitizerConfig::compat().remove_reply_fallback());
    let mut writer =
        Writer { links, out: String::new(), prefix: String::new(), open: Vec::new(), closed: None, lost: BTreeSet::new() };
    for node in document.children() {
        writer.node(&node);
    }
    Converted { gfm: writer.out.trim_matches('\n').trim_end().to_owned(), lost: writer.lost }
}

/// Escapes text so that GFM shows it as it is.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut line_start = true;
    for character in text.chars() {
        let special = matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '|' | '&');
        let leads = line_start && matches!(character, '#' | '-' | '+' | '=');
        if special || leads {
            escaped.push('\\');
        }
        escaped.push(character);
        // "1." at the start of a line would begin a list.
        let ends_number = matches!(character, '.' | ')') && is_number_before(&escaped);
        if ends_number {
            let dot = escaped.pop().unwrap_or('.');
            escaped.push('\\');
            escaped.push(dot);
        }
        line_start = character == '\n' || (line_start && character == ' ');
    }
    escaped
}

fn is_number_before(escaped: &str) -> bool {
    let line = escaped.rsplit('\n').next().unwrap_or_default();
    let digits = line.get(..line.len().saturating_sub(1)).unwrap_or_default().trim_start();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

const BLOCKS: [&str; 14] = ["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "pre", "table", "hr"];

struct Writer<'a> {
    links: &'a dyn Links,
    out: String,
    /// What every line of the present block begins with (quotes, list items).
    prefix: String,
    /// The marks around the present text.
    open: Vec<&'static str>,
    /// The mark that was just closed, and how long the output was then.
    closed: Option<(&'static str, usize)>,
    lost: BTreeSet<&'static str>,
}

impl Writer<'_> {
    fn node(&mut self, node: &NodeRef) {
        match node.data() {
            NodeData::Text(text) => {
                let text = escape(&collapse(&text.borrow()));
                self.out.push_str(&text);
            }
            NodeData::Element(element) => self.element(node, element),
            _ => self.children(node),
        }
    }

    fn children(&mut self, node: &NodeRef) {
        for child in node.children() {
            self.node(&child);
        }
    }

    fn inner(&mut self, node: &NodeRef) -> String {
        let outer = (std::mem::take(&mut self.out), self.closed.take());
        self.children(node);
        self.closed = outer.1;
        std::mem::replace(&mut self.out, outer.0)
    }

    fn element(&mut self, node: &NodeRef, element: &ElementData) {
        self.lost.extend(without_counterpart(element));
        match element.name.local.as_ref() {
            "strong" | "b" => self.wrapped(node, "**"),
            "em" | "i" => self.wrapped(node, "*"),
            "del" | "s" | "strike" => self.wrapped(node, "~~"),
            "br" => self.out.push_str(&format!("\\\n{}", self.prefix)),
            "hr" => self.block("---".to_owned()),
            "code" => self.code(node),
            "pre" => self.preformatted(node),
            "a" => self.link(node, element),
            "blockquote" => self.quoted(node),
            "ul" => self.list(node, None),
            "ol" => self.list(node, Some(first_number(element))),
            "table" => self.table(node),
            "p" | "div" => {
                let inner = self.inner(node);
                self.block(inner.trim().to_owned());
            }
            "img" => {
                let alt = attribute(element, "alt").unwrap_or_default();
                self.out.push_str(&escape(&alt));
            }
            name => match name.strip_prefix('h').and_then(|level| level.parse::<usize>().ok()) {
                Some(level @ 1..=6) if !holds_blocks(node) => self.heading(node, level),
                Some(1..=6) => {
                    self.lost.insert("a heading of several blocks");
                    self.children(node);
                }
                _ => self.children(node),
            },
        }
    }

    fn heading(&mut self, node: &NodeRef, level: usize) {
        let inner = self.inner(node).replace("\\\n", " ");
        if !inner.trim().is_empty() {
            self.block(format!("{} {}", "#".repeat(level), inner.trim()));
        }
    }

    fn block(&mut self, text: String) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            let breaks = if self.out.ends_with('\n') { 1 } else { 2 };
            for _ in 0..breaks {
                self.out.push('\n');
            }
        }
        self.out.push_str(&text);
        self.out.push_str("\n\n");
    }

    fn wrapped(&mut self, node: &NodeRef, mark: &'static str) {
        // Twice is no more than once, and GFM has no blocks in a mark.
        let around_blocks = holds_blocks(node);
        if around_blocks {
            self.lost.insert("emphasis around blocks");
        }
        if self.open.contains(&mark) || around_blocks {
            return self.children(node);
        }
        self.open.push(mark);
        let inner = self.inner(node);
        self.open.pop();
        let trimmed = inner.trim();
        if trimmed.is_empty() {
            self.out.push_str(&inner);
            return;
        }
        // Marks do not hold beside white space.
        let lead = &inner[..inner.len() - inner.trim_start().len()];
        let trail = &inner[inner.trim_end().len()..];
        // Side by side, closing and opening mark would be read as one: they go.
        match self.closed {
            Some((closed, length)) if closed == mark && length == self.out.len() && lead.is_empty() => {
                self.out.truncate(length - mark.len());
                self.out.push_str(&format!("{trimmed}{mark}"));
            }
            _ => self.out.push_str(&format!("{lead}{mark}{trimmed}{mark}")),
        }
        self.closed = Some((mark, self.out.len()));
        self.out.push_str(trail);
    }

    fn code(&mut self, node: &NodeRef) {
        let code = text_of(node);
        let fence = "`".repeat(longest_run(&code, '`') + 1);
        let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        self.out.push_str(&format!("{fence}{pad}{code}{pad}{fence}"));
    }

    fn preformatted(&mut self, node: &NodeRef) {
        let code = text_of(node);
        let fence = "`".repeat((longest_run(&code, '`') + 1).max(3));
        let language = language_of(node).unwrap_or_default();
        self.block(format!("{fence}{language}\n{}\n{fence}", code.trim_end_matches('\n')));
    }

    fn link(&mut self, node: &NodeRef, element: &ElementData) {
        let label = self.inner(node);
        let Some(target) = attribute(element, "href") else {
            self.out.push_str(&label);
            return;
        };
        let target = self.mimi_target(&target).unwrap_or(target);
        let target = target.replace('<', "%3C").replace('>', "%3E").replace(char::is_whitespace, "%20");
        self.out.push_str(&format!("[{}](<{target}>)", label.trim()));
    }

    /// A pill names a user: its MIMI URI is the link (C-034).
    fn mimi_target(&self, target: &str) -> Option<String> {
        let id = target.strip_prefix("https://matrix.to/#/").or_else(|| target.strip_prefix("matrix:u/"))?;
        let id = percent_decode_str(id).decode_utf8().ok()?;
        let id = if id.starts_with('@') { id.into_owned() } else { format!("@{id}") };
        let user = UserId::parse(id.split('?').next()?).ok()?;
        self.links.mimi_user(&user).map(|uri| uri.to_string())
    }

    fn quoted(&mut self, node: &NodeRef) {
        let inner = self.inner(node);
        let lines: Vec<String> = inner.trim().lines().map(|line| format!("> {line}")).collect();
        self.block(lines.join("\n"));
    }

    /// With the number of the first item, if they are numbered.
    fn list(&mut self, node: &NodeRef, first: Option<usize>) {
        let mut items = Vec::new();
        for child in node.children() {
            if child.as_element().is_some_and(|element| element.name.local.as_ref() == "li") {
                let mark = first.map_or_else(|| "- ".to_owned(), |first| format!("{}. ", first + items.len()));
                let indent = " ".repeat(mark.len());
                let inner = self.inner(&child);
                let mut lines = tight(inner.trim()).into_iter();
                let first = lines.next().unwrap_or_default();
                let rest: String = lines.map(|line| format!("\n{indent}{line}")).collect();
                items.push(format!("{mark}{first}{rest}"));
            }
        }
        self.block(items.join("\n"));
    }

    fn table(&mut self, node: &NodeRef) {
        let mut rows: Vec<Vec<String>> = Vec::new();
        self.rows(node, &mut rows);
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        if width == 0 {
            return;
        }
        let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
        let rule = format!("|{}", " --- |".repeat(width));
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        lines.insert(1, rule);
        self.block(lines.join("\n"));
    }

    fn rows(&mut self, node: &NodeRef, rows: &mut Vec<Vec<String>>) {
        for child in node.children() {
            let name = child.as_element().map(|element| element.name.local.to_string());
            match name.as_deref() {
                Some("tr") => rows.push(Vec::new()),
                Some("th" | "td") => {
                    let cell = self.inner(&child).trim().replace('\n', " ");
                    if let Some(row) = rows.last_mut() {
                        row.push(cell);
                    }
                    continue;
                }
                _ => {}
            }
            self.rows(&child, rows);
        }
    }
}

/// What GFM has nothing for [mimi-content-09 §7.1.1].
fn without_counterpart(element: &ElementData) -> Vec<&'static str> {
    let of_attribute = |name: &str| match name {
        "data-mx-spoiler" => Some("a spoiler"),
        "data-mx-color" | "data-mx-bg-color" | "color" => Some("colours"),
        "data-mx-maths" => Some("mathematics"),
        _ => None,
    };
    let of_name = match element.name.local.as_ref() {
        "u" => Some("underlining"),
        "sup" => Some("superscript"),
        "sub" => Some("subscript"),
        "img" => Some("an image in text"),
        "details" | "summary" => Some("what unfolds"),
        "caption" => Some("a table's caption"),
        _ => None,
    };
    let attributes = element.attrs.borrow();
    of_name.into_iter().chain(attributes.iter().filter_map(|attribute| of_attribute(attribute.name.local.as_ref()))).collect()
}

fn first_number(list: &ElementData) -> usize {
    // GFM reads at most nine digits.
    attribute(list, "start").and_then(|start| start.parse().ok()).filter(|start| *start <= 999_999_999).unwrap_or(1)
}

/// The language of the code in a `pre`, if its name has no character that means something to GFM.
fn language_of(pre: &NodeRef) -> Option<String> {
    let code = pre.children().find_map(|child| child.as_element().and_then(|element| attribute(element, "class")))?;
    let language = code.strip_prefix("language-")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-#._".contains(&byte);
    language.bytes().all(is_plain).then(|| language.to_owned())
}

fn holds_blocks(node: &NodeRef) -> bool {
    node.children().any(|child| {
        let name = child.as_element().map(|element| element.name.local.to_string());
        let is_block = name.is_some_and(|name| BLOCKS.contains(&name.as_str()));
        is_block || holds_blocks(&child)
    })
}

/// The lines of a list item without blank ones between its blocks; those in code are code.
fn tight(item: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in item.lines() {
        let text = line.trim();
        match fence {
            Some(open) if text == open => fence = None,
            Some(_) => {}
            None if text.is_empty() => continue,
            None if text.starts_with("```") => fence = Some(text),
            None => {}
        }
        lines.push(line);
    }
    lines
}

fn attribute(element: &ElementData, name: &str) -> Option<String> {
    element
        .attrs
        .borrow()
        .iter()
        .find(|attribute| attribute.name.local.as_ref() == name)
        .map(|attribute| attribute.value.to_string())
}

fn text_of(node: &NodeRef) -> String {
    match node.data() {
        NodeData::Text(text) => text.borrow().to_string(),
        _ => node.children().map(|child| text_of(&child)).collect(),
    }
}

fn longest_run(text: &str, character: char) -> usize {
    text.split(|other| other != character).map(str::len).max().unwrap_or(0)
}

/// HTML shows white space as one space.
fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for character in text.chars() {
        let character = if character.is_ascii_whitespace() { ' ' } else { character };
        if character != ' ' || !collapsed.ends_with(' ') {
            collapsed.push(character);
        }
    }
    collapsed
}

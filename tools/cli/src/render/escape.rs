//! What peers wrote does not move the operator's cursor, and does not turn the line around.

use std::borrow::Cow;

/// Control characters, and those that change the direction of writing.
fn is_dangerous(character: char) -> bool {
    character.is_control() || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line for people: such characters as `\u{1b}`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    match text.contains(is_dangerous) {
        true => Cow::Owned(text.chars().map(|character| shown(character, "")).collect()),
        false => Cow::Borrowed(text),
    }
}

/// The same for several lines.
pub(crate) fn escaped_lines(text: &str) -> String {
    text.chars().map(|character| shown(character, "\n")).collect()
}

fn shown(character: char, allowed: &str) -> String {
    match is_dangerous(character) && !allowed.contains(character) {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    }
}

/// JSON allows most of them inside strings as they are; and elsewhere there are none but the ends of lines.
pub(super) fn escaped_json(text: &str) -> String {
    let shown = |character: char| match is_dangerous(character) && character != '\n' {
        true => format!("\\u{:04x}", u32::from(character)),
        false => character.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{escaped, escaped_json, escaped_lines};

    #[test]
    fn u09_what_moves_the_cursor_is_written_out() {
        assert_eq!(escaped("a\u{1b}]0;b\u{7}\u{9b}31m\nc\u{202e}d"), "a\\u{1b}]0;b\\u{7}\\u{9b}31m\\u{a}c\\u{202e}d");
        assert_eq!(escaped_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
        assert_eq!(escaped("Grüße 👍"), "Grüße 👍");
        let json = serde_json::to_string("\u{1b}\u{9b}\u{7f}\u{202e}").unwrap_or_default();
        let escaped = escaped_json(&json);
        assert!(escaped.is_ascii(), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).ok().as_deref(), Some("\u{1b}\u{9b}\u{7f}\u{202e}"));
    }
}

//! What is left of markup where there is none: a Matrix event's `body`, which notifications show.

use comrak::nodes::{AstNode, ListType, NodeValue};

/// The text of parsed GFM: as its source where that reads well, without marks and escapes.
pub(super) fn plain_text<'a>(root: &'a AstNode<'a>) -> String {
    let blocks: Vec<String> = root.children().map(block).collect();
    blocks.join("\n\n")
}

fn block<'a>(node: &'a AstNode<'a>) -> String {
    match &node.data.borrow().value {
        NodeValue::List(list) => {
            let numbered = list.list_type == ListType::Ordered;
            let mark = |index: usize| if numbered { format!("{}. ", list.start + index) } else { "- ".to_owned() };
            let items = node.children().enumerate().map(|(index, item)| indented(&mark(index), &joined(item, "\n")));
            items.collect::<Vec<_>>().join("\n")
        }
        NodeValue::BlockQuote => joined(node, "\n\n").lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
        NodeValue::CodeBlock(code) => code.literal.trim_end_matches('\n').to_owned(),
        NodeValue::HtmlBlock(html) => html.literal.trim_end_matches('\n').to_owned(),
        NodeValue::ThematicBreak => "---".to_owned(),
        NodeValue::Table(_) => joined(node, "\n"),
        NodeValue::TableRow(_) => joined(node, " | "),
        _ => node.children().map(inline).collect(),
    }
}

/// The blocks of a container.
fn joined<'a>(node: &'a AstNode<'a>, between: &str) -> String {
    node.children().map(block).collect::<Vec<_>>().join(between)
}

/// An item below its mark.
fn indented(mark: &str, item: &str) -> String {
    let indent = format!("\n{}", " ".repeat(mark.len()));
    format!("{mark}{}", item.replace('\n', &indent))
}

fn inline<'a>(node: &'a AstNode<'a>) -> String {
    let inner = || node.children().map(inline).collect::<String>();
    match &node.data.borrow().value {
        NodeValue::Text(text) => text.to_string(),
        NodeValue::Code(code) => code.literal.clone(),
        NodeValue::HtmlInline(html) => html.clone(),
        // Without its marks it would say what its sender took back.
        NodeValue::Strikethrough => format!("~~{}~~", inner()),
        NodeValue::SoftBreak | NodeValue::LineBreak => "\n".to_owned(),
        // A mention reads as its name; any other link says where it leads.
        NodeValue::Link(link) => match inner() {
            label if link.url == label || link.url.starts_with("https://matrix.to/#/@") => label,
            label => format!("{label} ({})", link.url),
        },
        _ => inner(),
    }
}

//! The graph for Graphviz.

use super::drawing::{Drawing, Node};
use super::{History, Place};
use crate::render::{escaped, or_dash, short};

/// A graph in the language DOT.
pub(crate) fn dot(history: &History, room: &str, all: bool) -> String {
    let drawing = Drawing::new(history, all);
    let title = format!("Epochs of {room}: {}", history.summary());
    let mut text = format!("digraph epochs {{\n  label={};\n  node [shape=circle, style=filled];\n", quoted(&title));
    for node in &drawing.nodes {
        text.push_str(&format!("  {} [{}];\n", name(&drawing, node), attributes(&drawing, node)));
    }
    for node in &drawing.nodes {
        let Some(parent) = node.parent.map(|parent| &drawing.nodes[parent]) else { continue };
        let style = if drawing.place(node) == Place::Lost { " [style=dashed]" } else { "" };
        text.push_str(&format!("  {} -> {}{style};\n", name(&drawing, parent), name(&drawing, node)));
    }
    text + "}\n"
}

/// A node is named by its first epoch.
fn name(drawing: &Drawing<'_>, node: &Node) -> String {
    quoted(&drawing.epoch(node).epoch_id)
}

fn attributes(drawing: &Drawing<'_>, node: &Node) -> String {
    let (epoch, place) = (drawing.epoch(node), drawing.place(node));
    if let Some(words) = node.item.folded() {
        return format!("label={}, shape=plaintext, style=solid", quoted(&words));
    }
    let colour = match place {
        Place::Head => "palegreen",
        Place::OnTheWay => "lightblue",
        Place::Lost => "mistyrose",
        Place::Apart => "lightgrey",
    };
    let tooltip = format!("{}, {}, {}", place.words(), or_dash(&epoch.committer), epoch.created_at);
    // The only backslash that is meant as one: a new line.
    let label = format!("\"{}\\n{}\"", epoch.number, short(&epoch.epoch_id));
    format!("label={label}, fillcolor={colour}, tooltip={}", quoted(&tooltip))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('\\', "\\\\").replace('"', "\\\""))
}

//! The graph as text: the head's way straight down, what has lost beside it.

use serde::Serialize;

use super::drawing::{Drawing, Node};
use super::{History, Place};
use crate::render::{self, Row, Style, Tone, or_dash, short};

#[derive(Default, Serialize)]
struct Line {
    graph: String,
    number: String,
    epoch: String,
    committer: String,
    what: &'static str,
    when: String,
    #[serde(skip)]
    tone: Option<Tone>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["graph", "number", "epoch", "committer", "what", "when"];

    fn cells(&self) -> Vec<String> {
        let Self { graph, number, epoch, committer, what, when, .. } = self;
        vec![graph.clone(), number.clone(), epoch.clone(), committer.clone(), (*what).to_owned(), when.clone()]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        self.tone.map(|tone| (4, tone))
    }
}

/// The newest epoch last, and how many forks there are.
pub(crate) fn tree(history: &History, all: bool, style: Style) -> String {
    let drawing = Drawing::new(history, all);
    let mut lines = Vec::new();
    for (index, node) in drawing.nodes.iter().enumerate() {
        let is_straight_on = node.parent.is_some_and(|parent| drawing.nodes[parent].depth == node.depth);
        match node.parent {
            None if index > 0 => lines.push(Line::default()),
            Some(parent) if !is_straight_on => {
                lines.push(Line { graph: format!("{}|\\", bars(drawing.nodes[parent].depth)), ..Line::default() });
            }
            _ => {}
        }
        lines.push(line(&drawing, node));
    }
    format!("{}{}\n", render::lines(&lines, style), history.summary())
}

fn bars(depth: usize) -> String {
    "| ".repeat(depth)
}

fn line(drawing: &Drawing<'_>, node: &Node) -> Line {
    let (epoch, place) = (drawing.epoch(node), drawing.place(node));
    let bars = bars(node.depth);
    if let Some(words) = node.item.folded() {
        return Line { graph: format!("{bars}:"), epoch: words, ..Line::default() };
    }
    let (mark, tone) = match place {
        Place::Head => ("@", Some(Tone::Good)),
        Place::OnTheWay | Place::Apart => ("*", None),
        Place::Lost => ("x", Some(Tone::Warning)),
    };
    Line {
        graph: format!("{bars}{mark}"),
        number: epoch.number.to_string(),
        epoch: short(&epoch.epoch_id),
        committer: or_dash(&epoch.committer),
        what: place.words(),
        when: epoch.created_at.clone(),
        tone,
    }
}

//! The graph as a picture: a column for each branch, an epoch's siblings beside it.

use super::drawing::{Drawing, Node};
use super::{Epoch, History, Place};
use crate::render::{escaped, or_dash, short};

const COLUMN: usize = 240;
const ROW: usize = 56;
const LEFT: usize = 40;
const TOP: usize = 110;
const RADIUS: usize = 16;
/// So many characters of a committer fit beside a circle.
const COMMITTER: usize = 30;

const STYLE: &str = "text{font:12px sans-serif;fill:#1f2328}.id{font-family:monospace}.small{font-size:10px;fill:#59636e}\
    .title{font-size:16px;font-weight:bold}.n{text-anchor:middle}path{fill:none;stroke-width:2}circle{stroke-width:2}";

/// The whole picture.
pub(crate) fn svg(history: &History, room: &str, all: bool) -> String {
    let drawing = Drawing::new(history, all);
    let columns = drawing.nodes.iter().map(|node| node.column + 1).max().unwrap_or(1);
    let rows = drawing.nodes.iter().map(|node| node.row + 1).max().unwrap_or(1);
    let (width, height) = ((LEFT + columns * COLUMN).max(640), TOP + rows * ROW);
    let title = xml(&format!("Epochs of {room}"));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text class=\"title\" x=\"24\" y=\"30\">{title}</text>\n<text x=\"24\" y=\"50\">{}</text>\n",
        xml(&history.summary())
    );
    text.push_str(&legend());
    text.extend(drawing.nodes.iter().filter_map(|node| edge(&drawing, node)));
    text.extend(drawing.nodes.iter().map(|node| drawn(&drawing, node)));
    text + "</svg>\n"
}

/// What is inside, and around.
fn colours(place: Place) -> (&'static str, &'static str) {
    match place {
        Place::Head => ("#2da44e", "#116329"),
        Place::OnTheWay => ("#ddf4ff", "#0969da"),
        Place::Lost => ("#ffebe9", "#cf222e"),
        Place::Apart => ("#eaeef2", "#6e7781"),
    }
}

fn legend() -> String {
    let places = [Place::Head, Place::OnTheWay, Place::Lost, Place::Apart];
    let entry = |(index, place): (usize, Place)| {
        let ((fill, stroke), x) = (colours(place), 32 + index * 150);
        let words = xml(place.words());
        format!(
            "<circle cx=\"{x}\" cy=\"72\" r=\"7\" fill=\"{fill}\" stroke=\"{stroke}\"/><text x=\"{}\" y=\"76\">{words}</text>\n",
            x + 14
        )
    };
    places.into_iter().enumerate().map(entry).collect()
}

fn centre(node: &Node) -> (usize, usize) {
    (LEFT + node.column * COLUMN, TOP + node.row * ROW)
}

fn edge(drawing: &Drawing<'_>, node: &Node) -> Option<String> {
    let ((from_x, from_y), (x, y)) = (centre(&drawing.nodes[node.parent?]), centre(node));
    let (_, stroke) = colours(drawing.place(node));
    // Sideways between the rows, where nothing is written.
    let (turn, slope) = (from_y + 20, from_y + 36);
    let path = match from_x == x {
        true => format!("M{from_x} {from_y}V{y}"),
        false => format!("M{from_x} {from_y}V{turn}C{from_x} {slope} {x} {turn} {x} {y}"),
    };
    Some(format!("<path d=\"{path}\" stroke=\"{stroke}\"/>\n"))
}

fn drawn(drawing: &Drawing<'_>, node: &Node) -> String {
    let (x, y) = centre(node);
    let (fill, stroke) = colours(drawing.place(node));
    if let Some(words) = node.item.folded() {
        return format!(
            "<rect x=\"{}\" y=\"{}\" width=\"20\" height=\"24\" fill=\"#ffffff\"/><circle cx=\"{x}\" cy=\"{y}\" r=\"5\" \
             fill=\"{fill}\" stroke=\"{stroke}\" stroke-dasharray=\"2 2\"/><text x=\"{}\" y=\"{}\">{}</text>\n",
            x - 10,
            y - 12,
            x + RADIUS + 8,
            y + 4,
            xml(&words)
        );
    }
    let epoch = drawing.epoch(node);
    let number = if drawing.place(node) == Place::Head { "#ffffff" } else { "#1f2328" };
    format!(
        "<g><title>{}</title><circle cx=\"{x}\" cy=\"{y}\" r=\"{RADIUS}\" fill=\"{fill}\" stroke=\"{stroke}\"/>\
         <text class=\"n\" x=\"{x}\" y=\"{}\" style=\"fill:{number}\">{}</text>\
         <text class=\"id\" x=\"{}\" y=\"{}\">{}</text><text class=\"small\" x=\"{}\" y=\"{}\">{}</text></g>\n",
        xml(&described(epoch)),
        y + 4,
        epoch.number,
        x + RADIUS + 8,
        y - 2,
        xml(&short(&epoch.epoch_id)),
        x + RADIUS + 8,
        y + 12,
        xml(&shortened(&or_dash(&epoch.committer)))
    )
}

fn described(epoch: &Epoch) -> String {
    format!("{}, {}, {}, {}", epoch.epoch_id, epoch.place.words(), or_dash(&epoch.committer), epoch.created_at)
}

/// The end of a URI says most.
fn shortened(committer: &str) -> String {
    let length = committer.chars().count();
    match length > COMMITTER {
        true => format!("…{}", committer.chars().skip(length + 1 - COMMITTER).collect::<String>()),
        false => committer.to_owned(),
    }
}

/// XML 1.0 has no place for control characters, escaped or not: they are written out first.
fn xml(text: &str) -> String {
    let escape = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        // These two are not characters of XML either.
        '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_owned(),
        character => character.to_string(),
    };
    escaped(text).chars().map(escape).collect()
}

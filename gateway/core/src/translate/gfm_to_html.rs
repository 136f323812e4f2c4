//! GFM-MIMI to Matrix HTML: no raw HTML gets through, no autolink is made (C-056 to C-059), no image is loaded, and
//! links lead where Matrix lets them lead.

use causeway_drafts::mimi_uri::UserUri;
use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, format_html, parse_document};
use ruma::OwnedUserId;

use super::Links;
use super::plain_text::plain_text;

/// Rendered markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// HTML of the kind that Matrix clients show.
    pub html: String,
    /// The same without markup.
    pub text: String,
    /// The Matrix users that it mentions (C-034).
    pub mentions: Vec<OwnedUserId>,
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    // C-058: tags are shown as the text that they are.
    options.render.escape = true;
    options
}

/// Renders GFM-MIMI. Links to MIMI users become links to their Matrix users.
pub fn gfm_to_html(source: &str, links: &dyn Links) -> Rendered {
    let arena = Arena::new();
    let options = options();
    let root = parse_document(&arena, source, &options);
    let (mut mentions, mut astray) = (Vec::new(), Vec::new());
    for node in root.descendants() {
        let value = &mut node.data.borrow_mut().value;
        // An image that a client loads tells its server who reads: it becomes a link.
        if let NodeValue::Image(image) = value {
            *value = NodeValue::Link(image.clone());
        }
        let NodeValue::Link(link) = value else { continue };
        match link.url.parse::<UserUri>().ok().and_then(|user| links.matrix_user(&user)) {
            Some(user) => {
                link.url = format!("https://matrix.to/#/{user}");
                if !mentions.contains(&user) {
                    mentions.push(user);
                }
            }
            None if may_lead(&link.url) => {}
            None => astray.push(node),
        }
    }
    astray.into_iter().for_each(dissolve);
    let mut html = String::new();
    if format_html(root, &options, &mut html).is_err() {
        html.clear();
    }
    Rendered { html: tidy(&html), text: plain_text(root), mentions }
}

/// Leaves what stands in a node in the node's place.
fn dissolve<'a>(node: &'a AstNode<'a>) {
    for child in node.children().collect::<Vec<_>>() {
        node.insert_before(child);
    }
    node.detach();
}

/// The schemes that Matrix allows in links [Matrix: m.room.message msgtypes], and our own.
const SCHEMES: [&str; 7] = ["https", "http", "ftp", "mailto", "magnet", "matrix", "mimi"];

fn may_lead(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.as_str()))
}

/// One paragraph needs no paragraph marks.
fn tidy(html: &str) -> String {
    let html = html.trim_end();
    match html.strip_prefix("<p>").and_then(|inner| inner.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => html.to_owned(),
    }
}

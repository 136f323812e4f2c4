//! GFM-MIMI to Matrix HTML: no raw HTML gets through, no autolink is made (C-056 to C-059).

use causeway_drafts::mimi_uri::UserUri;
use comrak::nodes::NodeValue;
use comrak::{Arena, Options, format_html, parse_document};
use ruma::OwnedUserId;

use super::Links;

/// Rendered markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// HTML of the kind that Matrix clients show.
    pub html: String,
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
    let mut mentions = Vec::new();
    for node in root.descendants() {
        if let NodeValue::Link(link) = &mut node.data.borrow_mut().value
            && let Ok(user) = link.url.parse::<UserUri>()
            && let Some(user) = links.matrix_user(&user)
        {
            link.url = format!("https://matrix.to/#/{user}");
            if !mentions.contains(&user) {
                mentions.push(user);
            }
        }
    }
    let mut html = String::new();
    if format_html(root, &options, &mut html).is_err() {
        html.clear();
    }
    Rendered { html: tidy(&html), mentions }
}

/// One paragraph needs no paragraph marks.
fn tidy(html: &str) -> String {
    let html = html.trim_end();
    match html.strip_prefix("<p>").and_then(|inner| inner.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => html.to_owned(),
    }
}

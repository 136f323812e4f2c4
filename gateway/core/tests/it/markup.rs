use causeway_core::translate::{gfm_to_html, html_to_gfm};
use proptest::prelude::*;

use crate::support::links::links;

fn to_gfm(html: &str) -> String {
    html_to_gfm(html, &links())
}

fn there_and_back(html: &str) -> String {
    gfm_to_html(&to_gfm(html), &links()).html
}

#[test]
fn html_to_gfm_by_example() {
    for (html, gfm) in [
        ("<strong>a</strong> <i>b</i> <del>c</del>", "**a** *b* ~~c~~"),
        ("a<b> bold </b>b", "a **bold** b"),
        ("<code>x = `y`</code>", "`` x = `y` ``"),
        ("<pre><code>a\n  b\n</code></pre>", "```\na\n  b\n```"),
        ("<pre><code>```</code></pre>", "````\n```\n````"),
        ("<h2>Title</h2><p>text</p>", "## Title\n\ntext"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b", "a\\\nb"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b"),
        ("<a href=\"https://example.test/a b\">x</a>", "[x](<https://example.test/a%20b>)"),
        ("<a href=\"https://matrix.to/#/@bob:hs.test\">Bob</a>", "[Bob](<mimi://gw.test/u/bob%3Ahs.test>)"),
        ("<a href=\"https://matrix.to/#/%40_mimi_a.test%2Fcarol%3Agw.test\">Carol</a>", "[Carol](<mimi://a.test/u/carol>)"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("1. no list", "1\\. no list"),
        ("# no heading", "\\# no heading"),
        ("a * b _ c &lt;b&gt;", "a \\* b \\_ c \\<b\\>"),
        ("<font color=\"red\">red</font>", "red"),
    ] {
        assert_eq!(to_gfm(html), gfm, "{html}");
    }
}

/// What GFM has comes back as it was.
#[test]
fn markup_survives_the_round_trip() {
    for html in [
        "<strong>a</strong> and <em>b</em> and <del>c</del>",
        "<strong>a <em>b</em></strong>",
        "<code>x &lt; `y`</code>",
        "<h1>Title</h1>\n<p>text</p>",
        "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>",
        "<ol>\n<li>a</li>\n<li>b</li>\n</ol>",
        "<blockquote>\n<p>a</p>\n</blockquote>",
        "<pre><code>a\n\n  b &amp; c\n</code></pre>",
        "<a href=\"https://example.test/\">x</a>",
        "<a href=\"https://matrix.to/#/@bob:hs.test\">Bob</a>",
        "a<br />\nb",
    ] {
        assert_eq!(there_and_back(html), html);
    }
}

/// Blank lines in code are code, also in a list.
#[test]
fn code_in_a_list_keeps_its_lines() {
    let html = there_and_back("<ul><li>see<pre><code>a\n\nb</code></pre></li></ul>");
    assert!(html.contains("<code>a\n\nb\n</code>"), "{html}");
}

/// Neighbours of different weight stay apart.
#[test]
fn marks_side_by_side_do_not_mix() {
    for html in ["<em>a</em><strong>b</strong>", "<strong>a</strong><em>b</em>", "<strong>a</strong><strong>b</strong>"] {
        assert_eq!(text(&there_and_back(html)), "ab", "{html}");
    }
}

/// Text as a client shows it.
fn text(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<').enumerate() {
        match piece {
            (0, piece) => text.push_str(piece),
            (_, piece) => text.push_str(piece.split_once('>').map_or("", |(_, rest)| rest)),
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

proptest! {
    /// Whatever somebody writes as text is the same text on the other side.
    #[test]
    fn text_survives_the_round_trip(words in "[ -~\u{e4}\u{2764}]{0,40}") {
        let expected = words.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(text(&there_and_back(&escaped(&words))), expected);
    }

    #[test]
    fn text_in_markup_survives_the_round_trip(
        words in "[ -~]{0,20}",
        tags in proptest::collection::vec(proptest::sample::select(vec!["strong", "em", "del", "p", "blockquote", "h3"]), 0..3),
    ) {
        let mut html = escaped(&words);
        for tag in tags {
            html = format!("<{tag}>{html}</{tag}>");
        }
        let expected = words.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(text(&there_and_back(&html)), expected, "{}", html);
    }

    #[test]
    fn code_survives_the_round_trip(code in "[!-~]([ -~]{0,20}[!-~])?") {
        prop_assert_eq!(text(&there_and_back(&format!("<code>{}</code>", escaped(&code)))), code.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

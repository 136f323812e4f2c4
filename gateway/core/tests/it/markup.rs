use causeway_core::translate::{gfm_to_html, html_to_gfm};
use proptest::prelude::*;

use crate::support::links::links;

fn to_gfm(html: &str) -> String {
    html_to_gfm(html, &links()).gfm
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

#[test]
fn what_gfm_has_nothing_for_is_named_and_its_text_kept() {
    for (html, gfm, lost) in [
        ("<u>a</u>", "a", vec!["underlining"]),
        ("x<sup>2</sup> x<sub>i</sub>", "x2 xi", vec!["subscript", "superscript"]),
        ("<font color=\"red\">a</font> <span data-mx-bg-color=\"#fff\">b</span>", "a b", vec!["colours"]),
        ("<span data-mx-spoiler=\"why\">he did it</span>", "he did it", vec!["a spoiler"]),
        ("<span data-mx-maths=\"x^2\">x²</span>", "x²", vec!["mathematics"]),
        ("see <img src=\"mxc://hs.test/a\" alt=\"a cat\">", "see a cat", vec!["an image in text"]),
        ("<details><summary>more</summary>text</details>", "moretext", vec!["what unfolds"]),
        ("<strong><p>a</p><p>b</p></strong>", "a\n\nb", vec!["emphasis around blocks"]),
        ("<h1><p>a</p></h1>", "a", vec!["a heading of several blocks"]),
        ("<strong>a</strong> <pre><code class=\"language-rust\">b</code></pre>", "**a** \n\n```rust\nb\n```", vec![]),
    ] {
        let converted = html_to_gfm(html, &links());
        assert_eq!((converted.gfm.as_str(), converted.lost.into_iter().collect::<Vec<_>>()), (gfm, lost), "{html}");
    }
}

#[test]
fn a_name_of_a_language_that_would_end_its_line_is_not_carried() {
    for language in ["a`b", "x\ny", "<b>"] {
        let html = format!("<pre><code class=\"language-{language}\">z</code></pre>");
        assert!(!to_gfm(&html).contains(language), "{language:?}");
    }
}

/// C-059: tables, task lists and strikethrough; what else some dialects have stays text.
#[test]
fn c_059_other_extensions_stay_text() {
    for source in ["a^2^", "==marked==", "x[^1]\n\n[^1]: note", ":smile:", "$x^2$", "||hidden||", "www.example.test", "__a__^b^"] {
        let html = gfm_to_html(source, &links()).html;
        let allowed = ["<p>", "</p>", "<strong>", "</strong>"];
        let rest = allowed.iter().fold(html.clone(), |html, tag| html.replace(tag, ""));
        assert!(!rest.contains('<'), "{source}: {html}");
    }
    let html = gfm_to_html("- [x] done\n- [ ] open", &links()).html;
    assert_eq!(html.matches("checkbox").count(), 2, "{html}");
    assert!(gfm_to_html("| a |\n| --- |\n| b |", &links()).html.contains("<table>"));
}

#[test]
fn plain_text_by_example() {
    for (gfm, text) in [
        ("**bold** and *so* on", "bold and so on"),
        ("1\\. no list", "1. no list"),
        ("a\n\nb\\\nc", "a\n\nb\nc"),
        ("- a\n- b\n  - c", "- a\n- b\n  - c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> a\n>\n> b", "> a\n> \n> b"),
        ("```rust\nlet x = 1;\n```", "let x = 1;"),
        ("`x` and ~~y~~", "x and ~~y~~"),
        ("[x](https://example.test/)", "x (https://example.test/)"),
        ("[Bob](mimi://gw.test/u/bob%3Ahs.test)", "Bob"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "a | b\n1 | 2"),
        ("a <b>c</b>", "a <b>c</b>"),
        ("# Title\n\ntext", "Title\n\ntext"),
        ("---", "---"),
    ] {
        assert_eq!(gfm_to_html(gfm, &links()).text, text, "{gfm}");
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
        "<pre><code class=\"language-c++\">a\n</code></pre>",
        "<ol start=\"7\">\n<li>a</li>\n<li>b</li>\n</ol>",
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

/// A piece of a document in the form in which GFM is rendered: words with marks, and blocks of them.
fn inline() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,6}".prop_map(|word| word);
    let leaf = prop_oneof![
        word.clone(),
        word.clone().prop_map(|word| format!("<code>{word}</code>")),
        word.clone().prop_map(|word| format!("<a href=\"https://example.test/{word}\">{word}</a>")),
        word.clone().prop_map(|word| format!("<del>{word}</del>")),
    ];
    let marked = prop_oneof![
        leaf.clone(),
        leaf.clone().prop_map(|inner| format!("<strong>{inner}</strong>")),
        leaf.prop_map(|inner| format!("<em>{inner}</em>")),
    ];
    proptest::collection::vec(marked, 1..4).prop_map(|words| words.join(" "))
}

fn block() -> impl Strategy<Value = String> {
    let items = || proptest::collection::vec(inline(), 1..4);
    let listed = |items: Vec<String>| items.iter().map(|item| format!("<li>{item}</li>\n")).collect::<String>();
    prop_oneof![
        inline().prop_map(|words| format!("<p>{words}</p>")),
        (1..=6u8, inline()).prop_map(|(level, words)| format!("<h{level}>{words}</h{level}>")),
        inline().prop_map(|words| format!("<blockquote>\n<p>{words}</p>\n</blockquote>")),
        "[a-z <&]{1,20}".prop_map(|code| format!("<pre><code>{}\n</code></pre>", escaped(&code))),
        items().prop_map(move |items| format!("<ul>\n{}</ul>", listed(items))),
        (2..50u8, items()).prop_map(move |(start, items)| format!("<ol start=\"{start}\">\n{}</ol>", listed(items))),
    ]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

proptest! {
    /// What GFM has a mark for comes back as it was, and nothing is called lost.
    #[test]
    fn documents_of_gfm_survive_the_round_trip(blocks in proptest::collection::vec(block(), 1..5)) {
        // Two lists in a row would be one.
        let mut blocks = blocks;
        blocks.dedup_by(|next, last| next.contains("<li>") && last.contains("<li>"));
        let html = blocks.join("\n");
        let alone = blocks.len() == 1 && html.starts_with("<p>");
        let expected = if alone { html.replace("<p>", "").replace("</p>", "") } else { html.clone() };
        let converted = html_to_gfm(&html, &links());
        prop_assert!(converted.lost.is_empty(), "{:?}", converted);
        prop_assert_eq!(gfm_to_html(&converted.gfm, &links()).html, expected, "{}", converted.gfm);
    }

    /// What it has none for is named, and its text is there.
    #[test]
    fn what_is_lost_is_named(words in "[a-z]{1,8}", lossy in proptest::sample::select(vec![
        ("<u>", "</u>"), ("<sup>", "</sup>"), ("<sub>", "</sub>"), ("<span data-mx-spoiler>", "</span>"),
        ("<font color=\"#f00\">", "</font>"), ("<span data-mx-bg-color=\"#f00\">", "</span>"),
    ])) {
        let converted = html_to_gfm(&format!("<p>a <em>{}{words}{}</em></p>", lossy.0, lossy.1), &links());
        prop_assert_eq!(converted.lost.len(), 1);
        prop_assert_eq!(converted.gfm, format!("a *{words}*"));
    }

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

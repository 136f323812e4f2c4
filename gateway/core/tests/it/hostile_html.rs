//! Whatever a sender writes, what reaches a Matrix client is the small set of tags that GFM has.

use causeway_core::translate::{gfm_to_html, html_to_gfm};
use proptest::prelude::*;

use crate::support::links::links;

const TAGS: &[&str] = &[
    "p",
    "strong",
    "em",
    "del",
    "a",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "br",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "input",
];
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<style>*{display:none}</style>",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<b onclick=alert(1)>x</b>",
    "<mx-reply>forged</mx-reply>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](<java\u{9}script:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](https://tracker.test/pixel.png)",
    "![x](javascript:alert(1))",
    "[x](https://ok.test \"\\\" onmouseover=alert(1) \\\"\")",
    "<https://ok.test/\"onmouseover=alert(1)>",
    "`</code><script>alert(1)</script>`",
    "```\n</pre><script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "| <script>alert(1)</script> |\n| --- |\n| <img src=x onerror=alert(1)> |",
];

/// Every tag of the HTML with its attributes, read as a browser's tokeniser would.
fn tags(html: &str) -> Vec<(String, String)> {
    html.split('<')
        .skip(1)
        .map(|rest| {
            let inside = rest.split_once('>').map_or(rest, |(inside, _)| inside);
            let inside = inside.trim_start_matches('/');
            let (name, attributes) = inside.split_once([' ', '\n', '/']).unwrap_or((inside, ""));
            (name.to_ascii_lowercase(), attributes.to_owned())
        })
        .collect()
}

fn assert_harmless(html: &str) {
    for (name, attributes) in tags(html) {
        assert!(TAGS.contains(&name.as_str()), "<{name}> in {html}");
        let outside_quotes: String = attributes.split('"').step_by(2).collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        assert!(!outside_quotes.split([' ', '=']).any(|word| word.starts_with("on") || word == "style" || word == "src"), "{html}");
        if let Some((_, target)) = attributes.split_once("href=\"") {
            let target = target.split('"').next().unwrap_or_default().to_ascii_lowercase();
            let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
            assert!(["", "http", "https", "mailto", "mimi", "matrix", "ftp", "magnet"].contains(&scheme), "{html}");
        }
    }
}

/// C-058: tags are shown as the text that they are.
#[test]
fn c_058_hostile_markdown_is_harmless() {
    for source in HOSTILE {
        assert_harmless(&gfm_to_html(source, &links()).html);
        assert_harmless(&gfm_to_html(&format!("- a\n  > {source}"), &links()).html);
    }
}

/// C-057: hostile HTML of a Matrix client leaves as text, and stays text.
#[test]
fn c_057_hostile_html_leaves_without_tags() {
    for html in HOSTILE {
        let gfm = html_to_gfm(html, &links()).gfm;
        let unescaped = gfm.match_indices('<').filter(|(at, _)| !gfm[..*at].ends_with(['\\', '(', '`']));
        for (at, _) in unescaped {
            assert!(in_code(&gfm, at), "{gfm}");
        }
        assert_harmless(&gfm_to_html(&gfm, &links()).html);
    }
}

fn in_code(gfm: &str, at: usize) -> bool {
    gfm[..at].matches('`').count() % 2 == 1 || gfm.contains("```")
}

/// C-056: a bare address stays text.
#[test]
fn c_056_no_autolinks() {
    for source in ["see https://example.test/x", "www.example.test", "mail me@example.test"] {
        let html = gfm_to_html(source, &links()).html;
        assert!(!html.contains("<a"), "{html}");
    }
}

#[test]
fn a_reply_fallback_is_removed() {
    let html = "<mx-reply><blockquote>old <a href=\"https://matrix.to/#/@bob:hs.test\">Bob</a></blockquote></mx-reply>new";
    assert_eq!(html_to_gfm(html, &links()).gfm, "new");
}

proptest! {
    #[test]
    fn c_058_any_markdown_is_harmless(pieces in proptest::collection::vec(prop_oneof![
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "[<>/\"'`=a-z\\[\\]()!:\n *_#|~-]{0,20}",
    ], 0..6)) {
        assert_harmless(&gfm_to_html(&pieces.concat(), &links()).html);
    }

    #[test]
    fn c_057_any_html_is_harmless(pieces in proptest::collection::vec(prop_oneof![
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "[<>/\"'`=a-z\\[\\]()!:\n *_#|~-]{0,20}",
        proptest::sample::select(vec!["<ul><li>", "<pre>", "<code>", "<table><tr><td>", "</td>", "<a href=\"", "\">", "<blockquote>"])
            .prop_map(str::to_owned),
    ], 0..8)) {
        assert_harmless(&gfm_to_html(&html_to_gfm(&pieces.concat(), &links()).gfm, &links()).html);
    }
}

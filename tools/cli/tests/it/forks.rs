//! `group forks`: a graph from the table of epochs alone.

use crate::forked;
use crate::seed::{self, Seeded};
use crate::support::*;

async fn both(name: &str) -> Vec<Seeded> {
    vec![forked::sqlite().await, forked::postgres(name).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_s_way_is_straight_and_what_has_lost_beside_it() {
    for seeded in both("forks_tree").await {
        let text = stdout(&seeded.url, &["group", "forks", "!lost:hs.test", "--no-headers"]);
        let graph: Vec<String> = text.lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect();
        let expected = ["*", "*", "", "*", ":", "*", "|\\", "| x", "| x", "| |\\", "| | x", "| x", "|\\", "| x", "*", ":", "@"];
        assert_eq!(graph[..expected.len()], expected, "{text}");
        assert_eq!(graph.last().unwrap(), "2 forks, 5 epochs lost, 2 epochs apart from the head");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_stretches_are_folded_unless_all_is_wanted() {
    let seeded = forked::sqlite().await;
    let folded = stdout(&seeded.url, &["group", "forks", "1"]);
    assert!(folded.contains("… 11 epochs …") && !folded.contains("07070707"), "{folded}");
    for format in ["table", "dot", "svg"] {
        let all = stdout(&seeded.url, &["group", "forks", "1", "--all", "-o", format]);
        assert!(!all.contains('…') || format == "svg", "{all}");
        assert!((0..=30).all(|number| all.contains(&hex::encode([number; 4]))), "{all}");
    }
}

/// Programs get all of it.
#[tokio::test(flavor = "multi_thread")]
async fn json_has_every_epoch_and_every_fork() {
    for seeded in both("forks_json").await {
        let document: serde_json::Value =
            serde_json::from_str(&stdout(&seeded.url, &["group", "forks", "2", "-o", "json"])).unwrap();
        let epochs = document["epochs"].as_array().unwrap();
        let places = |place: &str| epochs.iter().filter(|epoch| epoch["place"] == place).count();
        assert_eq!([places("head"), places("on_the_way"), places("lost"), places("apart")], [1, 3, 2, 0], "{document}");
        let forks = document["forks"].as_array().unwrap();
        assert_eq!(forks.len(), 1);
        assert_eq!((forks[0]["number"].as_i64(), forks[0]["children"].as_array().unwrap().len()), (Some(1), 2));
        let head = epochs.iter().find(|epoch| epoch["place"] == "head").unwrap();
        assert_eq!(head["epoch_id"], document["head"]);
    }
}

/// Graphviz takes a backslash for an escape, and a quotation mark for the end.
#[tokio::test(flavor = "multi_thread")]
async fn dot_quotes_what_it_has_from_peers() {
    let seeded = forked::sqlite().await;
    let dot = stdout(&seeded.url, &["group", "forks", "1", "-o", "dot"]);
    assert!(dot.contains(r#"[label="14\nc1c1c1c1", "#) && dot.contains(r#"bob/<\"one\" & 'two'>, "#), "{dot}");
    let edge = format!("  \"{}\" -> \"{}\" [style=dashed];\n", "c0".repeat(32), "c1".repeat(32));
    assert!(dot.contains(&edge) && dot.ends_with("}\n"), "{dot}");
}

/// What stands in a picture is text: it parses as XML, and every circle has its epoch.
#[tokio::test(flavor = "multi_thread")]
async fn an_svg_is_xml_with_every_epoch() {
    let seeded = forked::sqlite().await;
    let svg = stdout(&seeded.url, &["group", "forks", "1", "--all", "-o", "svg"]);
    assert!(svg.contains("bob/&lt;&quot;one&quot; &amp; &apos;two&apos;&gt;") && !svg.contains("<\"one\""), "{svg}");
    // A circle for each epoch, and four in the legend.
    assert_eq!(svg.matches("<circle").count(), 38 + 4);
    assert_eq!(svg.matches("<path").count(), 38 - 2);
    assert_eq!(svg, stdout(&seeded.url, &["group", "forks", "1", "--all", "-o", "svg"]), "the same each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_forks_are_drawn() {
    let seeded = seed::sqlite().await;
    for format in ["dot", "svg"] {
        let ran = causewayctl(&["--database", &seeded.url, "group", "epochs", "1", "-o", format]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(&format!("-o {format}: only `group forks` draws")), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_without_forks_says_so() {
    let seeded = seed::sqlite().await;
    let text = stdout(&seeded.url, &["group", "forks", "1"]);
    assert!(text.ends_with("\nno forks\n") && text.lines().count() == 5, "{text}");
    let ran = causewayctl(&["--database", &seeded.url, "group", "forks", "2"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "causewayctl: conversation 2 has no group yet (status: paused)\n"));
}

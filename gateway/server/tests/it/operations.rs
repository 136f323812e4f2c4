//! What ships for monitoring uses metrics that exist, with labels that they have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::process::Running;
use crate::tls::{Client, request};

fn documentation(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every documented metric with its labels; histograms by the names of their series.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let mut metrics = BTreeMap::new();
    for row in documentation("metrics.md").lines().filter(|line| line.starts_with("| `causeway_")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let mut labels: BTreeSet<String> = cells[3].split(',').map(|label| label.trim().trim_matches('`').to_owned()).collect();
        match cells[2] {
            "histogram" => {
                labels.insert("le".to_owned());
                for series in ["bucket", "count", "sum"] {
                    metrics.insert(format!("{name}_{series}"), labels.clone());
                }
            }
            _ => _ = metrics.insert(name.to_owned(), labels),
        }
    }
    metrics
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_')).filter(|word| !word.is_empty())
}

/// Checks an expression of PromQL as far as names go: balanced brackets, metrics that exist, labels that one of them has.
fn check(expression: &str, metrics: &BTreeMap<String, BTreeSet<String>>) {
    for (open, close) in ["()", "[]", "{}"].map(|pair| pair.split_at(1)) {
        assert_eq!(expression.matches(open).count(), expression.matches(close).count(), "{expression}");
    }
    let used: Vec<&str> = words(expression).filter(|word| word.starts_with("causeway_")).collect();
    assert!(!used.is_empty(), "{expression}");
    let mut labels = BTreeSet::new();
    for name in used {
        labels.extend(metrics.get(name).unwrap_or_else(|| panic!("there is no metric {name}: {expression}")));
    }
    for grouping in expression.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        for label in words(grouping) {
            assert!(labels.contains(&label.to_owned()), "no metric has the label {label}: {expression}");
        }
    }
    for selector in expression.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
        let label = words(selector).next().unwrap();
        assert!(labels.contains(&label.to_owned()), "no metric has the label {label}: {expression}");
    }
}

/// Prometheus' own tool, on an input.
fn promtool(arguments: &[&str], input: &str) -> (bool, String) {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(|deps| deps.ancestors().nth(2)).unwrap();
    let (installed, ours) = (PathBuf::from("promtool"), target.join("tools/bin/promtool"));
    let program = if ours.exists() { ours } else { installed };
    let child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("promtool is missing: `cargo xtask test` gets it; or apt-get install prometheus");
    // It may have seen enough before the end.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn prometheus_accepts_the_alert_rules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ops/alerts.yaml");
    let (is_accepted, said) = promtool(&["check", "rules", "--lint-fatal", path], "");
    assert!(is_accepted && said.contains("rules found"), "{said}");
}

/// Names, types and descriptions, after requests of both sides.
#[test]
fn prometheus_accepts_what_is_exposed() {
    let gateway = Running::start();
    let client = Client::new(&gateway.folder.path("ca.pem"));
    request(&mut client.connect(gateway.matrix, "localhost"), "/_matrix/federation/v1/version");
    request(&mut client.connect(gateway.mimi, "gateway.localhost"), "/no/such/endpoint");
    let (is_accepted, said) = promtool(&["check", "metrics"], &gateway.get("/metrics").body);
    assert!(is_accepted && said.is_empty(), "{said}");
    let (is_accepted, _) = promtool(&["check", "metrics"], "no metric at all {");
    assert!(!is_accepted);
}

#[test]
fn the_dashboard_uses_metrics_that_exist_and_shows_all() {
    let metrics = metrics();
    let dashboard: serde_json::Value = serde_json::from_str(&documentation("ops/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut shown = String::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_i64().unwrap()), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            check(expression, &metrics);
            shown.push_str(expression);
        }
    }
    for row in documentation("metrics.md").lines().filter(|line| line.starts_with("| `causeway_")) {
        let name = row.split('`').nth(1).unwrap();
        assert!(shown.contains(name), "no panel shows {name}");
    }
}

/// The rules by name: expression, severity, summary, action. Reads the part of YAML that the file uses.
fn rules(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut rules: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut last = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix("- alert: ") {
            rules.push((name.to_owned(), BTreeMap::new()));
            last.clear();
            continue;
        }
        let Some((_, fields)) = rules.last_mut() else { continue };
        match trimmed.split_once(": ").filter(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase())) {
            Some((key, value)) => {
                last = key.to_owned();
                fields.insert(last.clone(), value.trim_start_matches(">-").trim_matches('"').to_owned());
            }
            None if trimmed.ends_with(':') => last.clear(),
            None => {
                assert!(!last.is_empty(), "{line}");
                let value = fields.entry(last.clone()).or_default();
                *value = format!("{value} {trimmed}");
            }
        }
    }
    rules
}

#[test]
fn alert_rules_use_metrics_that_exist_and_say_what_to_do() {
    let (metrics, text) = (metrics(), documentation("ops/alerts.yaml"));
    assert!(!text.contains('\t') && text.starts_with("# "), "YAML has no tabs");
    let rules = rules(&text);
    assert!(rules.len() >= 10);
    let mut names = BTreeSet::new();
    for (name, fields) in &rules {
        assert!(name.starts_with("Causeway") && names.insert(name), "{name}");
        check(&fields["expr"], &metrics);
        assert!(
            ["info", "warning", "critical"].iter().any(|severity| fields["labels"] == format!("{{ severity: {severity} }}")),
            "{name}"
        );
        assert!(!fields["summary"].is_empty() && !fields["action"].is_empty(), "{name}");
        assert!(fields.get("for").is_none_or(|span| span.ends_with('m')), "{name}");
    }
}

//! Whole files. What is wrong with certificates is tested with the program itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::path::Path;

use super::sample::Chosen;
use super::{Loaded, sample};

const WHOLE: &str = r#"data_directory = "data"
[matrix]
server_name = "localhost:8448"
listen = "127.0.0.1:8448"
certificate = "matrix.pem"
private_key = "matrix.key"
[mimi]
provider = "gw.example"
listen = "127.0.0.1:443"
certificate = "mimi.pem"
private_key = "mimi.key"
"#;

fn problems(text: &str) -> String {
    Loaded::of(Path::new("/nowhere/causeway.toml"), text, &[]).unwrap().problems.to_string()
}

/// Those problems that are not about files that are missing.
fn count_of_errors(text: &str) -> usize {
    problems(text).lines().filter(|line| line.starts_with("error:") && !line.contains("No such file")).count()
}

#[test]
fn a_whole_file_lacks_only_the_certificates() {
    assert_eq!(count_of_errors(WHOLE), 0, "{}", problems(WHOLE));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = WHOLE.replace("provider = ", "provder = ").replace("listen = \"127.0.0.1:8448\"", "listen = 8448");
    let text = format!("{text}\n[database]\nurl = \"postgres://a:b@c/d\"\nendpoint_mode = true\n[brige]\n");
    let told = problems(&text);
    for expected in [
        "error: there is no key provder in [mimi]\n  at /nowhere/causeway.toml:8:1\n  hint: did you mean provider?",
        "error: matrix.listen is an integer where an IP address with a port such as \"0.0.0.0:8448\" belongs\n  at /nowhere/causeway.toml:4:10",
        "error: provider is missing in [mimi]\n  in /nowhere/causeway.toml\n  hint: for example provider = \"gateway.example\", or set CAUSEWAY_MIMI__PROVIDER",
        "error: database.url holds a password\n  at /nowhere/causeway.toml:14:1",
        "error: there is no key endpoint_mode in [database]\n  at /nowhere/causeway.toml:15:1\n  hint: it belongs into [bridge]",
        "error: there is no section brige\n  at /nowhere/causeway.toml:16:2\n  hint: did you mean bridge?",
    ] {
        assert!(told.contains(expected), "{expected}\n\nis not in\n\n{told}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_everything_else() {
    let text = WHOLE.replace("certificate = \"matrix.pem\"", "certificate = \"matrix.pem").replace("provider", "provder");
    let told = problems(&text);
    assert!(told.contains("this is no TOML") && told.contains("causeway.toml:5:"), "{told}");
    assert!(told.contains("did you mean provider?"), "{told}");
    assert!(!told.contains("missing"), "{told}");
}

#[test]
fn values_that_do_not_fit_together_are_told() {
    for (changed, by, expected) in [
        ("127.0.0.1:443", "127.0.0.1:8448", "mimi.listen is the address of matrix.listen"),
        ("localhost:8448", &format!("{}.example", "a".repeat(100)), "longer than 100 octets"),
        ("[mimi]", "[mimi]\nown_homeservers = [\"gw.example\"]", "names the provider's own domain"),
        ("[mimi]", "[admin]\nlisten = \"0.0.0.0:9180\"\n[mimi]", "0.0.0.0 is not loopback"),
        ("[mimi]", "[peers.\"a.example\"]\n[mimi]", "[peers.\"a.example\"] lacks address"),
        ("[mimi]", "peers = 1\n[mimi]", "there is no key peers in [matrix]"),
    ] {
        let text = WHOLE.replacen(changed, by, 1);
        let told = problems(&text);
        assert!(told.contains(expected), "{expected}\n\n{told}");
        assert_eq!(count_of_errors(&text), 1, "{told}");
    }
}

#[test]
fn two_hundred_misspelt_keys_are_recognised() {
    let keys: Vec<_> = super::keys::plain_keys().collect();
    let (mut seen, mut found) = (0, 0);
    for (section, key) in keys.iter().filter(|(_, key)| key.name.len() > 3) {
        for at in 0..key.name.len() {
            let mut name = key.name.to_owned();
            match at % 3 {
                0 => _ = name.remove(at),
                1 => name.insert(at, 'x'),
                _ => name.replace_range(at..=at, "q"),
            }
            let known = section.keys.iter().map(|key| key.name);
            seen += 1;
            found += usize::from(super::nearest::nearest(&name, known) == Some(key.name));
        }
    }
    assert!(seen >= 190 && found * 100 >= seen * 95, "{found} of {seen}");
}

fn documented(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `causeway config schema > docs/config.schema.json`
#[test]
fn the_schema_in_the_documentation_is_this_one() {
    assert_eq!(documented("config.schema.json"), super::schema::render());
}

/// `causeway config sample > docs/causeway.example.toml`
#[test]
fn the_sample_in_the_documentation_is_this_one() {
    assert_eq!(documented("causeway.example.toml"), sample::render(&Chosen::new()));
}

#[test]
fn the_sample_parses_and_says_the_defaults() {
    let sample = sample::render(&Chosen::new());
    assert_eq!(count_of_errors(&sample), 0, "{}", problems(&sample));
    let of = |text: &str| Loaded::of(Path::new("/nowhere/causeway.toml"), text, &[]).unwrap().values.document();
    // With every default spelt out it is the same configuration.
    let mut explicit = String::new();
    let mut is_example = false;
    for line in sample.lines() {
        match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && !is_example && !key.starts_with('[') && !key.starts_with("address") => {
                explicit.push_str(key)
            }
            _ => explicit.push_str(line),
        }
        is_example = line == "# No default; for example:";
        explicit.push('\n');
    }
    assert!(explicit.contains("\nendpoint_mode = false\n"), "{explicit}");
    assert_eq!(of(&explicit), of(&sample));
}

#[test]
fn a_dump_says_where_values_come_from() {
    let variables = [("CAUSEWAY_BRIDGE__ENDPOINT_MODE".to_owned(), "true".to_owned())];
    let file = Path::new("/nowhere/causeway.toml");
    let loaded = Loaded::of(file, WHOLE, &variables).unwrap();
    let dump = super::dump::render(&loaded.values, file, true);
    for (value, origin) in [
        ("provider = \"gw.example\"", "/nowhere/causeway.toml:8"),
        ("endpoint_mode = true", "environment CAUSEWAY_BRIDGE__ENDPOINT_MODE"),
        ("trusted_roots = []", "default"),
    ] {
        assert!(dump.lines().any(|line| line.starts_with(value) && line.ends_with(&format!("# {origin}"))), "{value}\n{dump}");
    }
    let again = Loaded::of(file, &super::dump::render(&loaded.values, file, false), &[]).unwrap();
    assert_eq!(again.values.document(), loaded.values.document());
}

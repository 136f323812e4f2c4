//! The decoders beside two independent readers of the drafts' own schemas: the crates `cddl` and `cddl-cat`, on the examples
//! and on mutants of them. Wherever the three do not say the same, [`DIFFERENCES`] says why.
#![allow(clippy::print_stdout, reason = "the figures of the run")]

use std::collections::BTreeMap;

use causeway_drafts::cbor::{CborErrorKind, DocumentError};
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_message_status_01::MessageStatusReport;
use serde_cbor::Value;

use crate::content_decoding::map;
use crate::content_vectors::vectors;

const CONTENT: &str = include_str!("cddl/mimi-content.cddl");
const EXTENSIONS: &str = include_str!("cddl/more-extensions.cddl");
const STATUS: &str = include_str!("cddl/message-status.cddl");

/// A document, and how it was made.
struct Case {
    made: String,
    bytes: Vec<u8>,
}

/// Whether each of the three accepts a document.
struct Verdicts {
    ours: Option<DocumentError>,
    cddl: bool,
    cddl_cat: bool,
}

/// A reason why the three differ.
struct Difference {
    name: &'static str,
    /// Who is right, and why.
    reason: &'static str,
    applies: fn(&Case, &Verdicts) -> bool,
}

fn rule(verdicts: &Verdicts) -> &'static str {
    match verdicts.ours {
        Some(DocumentError::Field { rule, .. } | DocumentError::Limit { rule, .. }) => rule,
        _ => "",
    }
}

fn kind(verdicts: &Verdicts) -> Option<CborErrorKind> {
    match verdicts.ours {
        Some(DocumentError::Cbor(error)) => Some(error.kind),
        _ => None,
    }
}

/// Only `cddl` is of another opinion, and its opinion is this.
fn cddl_alone(verdicts: &Verdicts, accepts: bool) -> bool {
    verdicts.cddl == accepts && verdicts.cddl_cat != accepts && verdicts.ours.is_none() != accepts
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "one form",
        reason: "The draft wants deterministic encoding (§6.1); a schema speaks of values, not of their encoding. \
                 `cddl` refuses some of these for the sake of another difference, unknown extensions.",
        applies: |_, verdicts| {
            use CborErrorKind::{Bignum, Indefinite, NotShortest, Unsorted};
            matches!(kind(verdicts), Some(Bignum | Indefinite | NotShortest | Unsorted)) && verdicts.cddl_cat
        },
    },
    Difference {
        name: "nothing follows",
        reason: "Both crates read the first item of what they are given.",
        applies: |_, verdicts| kind(verdicts) == Some(CborErrorKind::Trailing) && verdicts.cddl && verdicts.cddl_cat,
    },
    Difference {
        name: "keys stand once",
        reason: "The draft forbids a key twice (§4.3), and RFC 8949 §5.6 in any map; `cddl-cat` takes the last of them.",
        applies: |_, verdicts| kind(verdicts) == Some(CborErrorKind::DuplicateKey) && verdicts.cddl_cat,
    },
    Difference {
        name: "data model",
        reason: "The draft's text restricts integer keys and NaN (§6.2); its schema says `int` and `any`.",
        applies: |_, verdicts| matches!(kind(verdicts), Some(CborErrorKind::KeyRange | CborErrorKind::Nan)) && verdicts.cddl_cat,
    },
    Difference {
        name: "levels",
        reason: "The draft's text allows four levels of an extension (§6.3); its schema says `any`.",
        applies: |_, verdicts| rule(verdicts) == "C-050" && verdicts.cddl_cat,
    },
    Difference {
        name: "hash algorithm of an id",
        reason: "The draft's text discards ids of an unknown algorithm (§9.1); its schema says 32 octets.",
        applies: |_, verdicts| rule(verdicts) == "C-062" && verdicts.cddl && verdicts.cddl_cat,
    },
    Difference {
        name: "a key without an algorithm",
        reason: "The draft's text leaves key, nonce and aad empty without encAlg (§4.5); a schema has no such condition.",
        applies: |_, verdicts| rule(verdicts) == "C-029" && verdicts.cddl && verdicts.cddl_cat,
    },
    Difference {
        name: "cddl: parts of parts",
        reason: "`cddl` counts the elements of `[2* NestedPart]` in a group choice, and does not look at them.",
        applies: |case, verdicts| case.made.contains(" [6, 4, ") && cddl_alone(verdicts, true),
    },
    Difference {
        name: "cddl: octets as enumeration",
        reason: "`cddl` takes a byte string for a number of an enumeration's range (`9..255`, `7..255`) by its length.",
        applies: |case, verdicts| case.made.contains("= Bytes(") && cddl_alone(verdicts, true),
    },
    Difference {
        name: "cddl: choices of a group",
        reason: "Of `? fractional`, a choice of three entries, `cddl` tries the first, and does not look at its value.",
        applies: |case, verdicts| case.made.starts_with("timestamp") && (cddl_alone(verdicts, true) || cddl_alone(verdicts, false)),
    },
    Difference {
        name: "cddl: unknown extensions",
        reason: "`cddl` does not find `* unknownExtension`, a group of `name => value` whose name is a choice.",
        applies: |case, verdicts| case.made.starts_with("unknown ") && cddl_alone(verdicts, false),
    },
    Difference {
        name: "cddl: tags",
        reason: "`cddl` takes any tagged text for `uri`, which is tag 32 [RFC 8610 appendix D].",
        applies: |case, verdicts| case.made == "external id of another tag" && cddl_alone(verdicts, true),
    },
    Difference {
        name: "cddl-cat: tags",
        reason: "`cddl-cat` knows no tags, and refuses the tagged URI that the schema allows.",
        applies: |case, verdicts| {
            case.made == "external id of a URI" && verdicts.ours.is_none() && verdicts.cddl && !verdicts.cddl_cat
        },
    },
];

/// The content schema with its companion's extensions in the place of the socket that they extend: as optional entries,
/// because `cddl` demands all of a group socket's choices, and `cddl-cat` knows no sockets.
fn content_schema() -> String {
    let (mut known, mut rules) = (String::new(), String::new());
    for block in EXTENSIONS.split("$$otherKnownExtensions //= (").skip(1) {
        let (entry, rest) = block.split_once("\n)").unwrap();
        known.push_str(&format!("  ? {},\n", entry.trim()));
        rules.push_str(rest);
    }
    // `cddl` takes a key for a number only where it stands itself.
    for number in rules.lines().filter(|line| line.starts_with("TBD")) {
        let (name, value) = number.split_once(" = ").unwrap();
        known = known.replace(&format!("{name})"), &format!("{value})"));
    }
    assert_eq!((known.matches("=>").count(), known.matches("TBD").count()), (4, 0));
    let content = CONTENT.replace("  * $$otherKnownExtensions,\n", &known).replace(" / $extDispos", "");
    format!("{content}\n{rules}\n")
}

fn judge(case: &Case, schema: &str, root: &str, ours: Option<DocumentError>) -> Verdicts {
    let cddl = cddl::validate_cbor_from_slice(schema, &case.bytes, None).is_ok();
    let cddl_cat = cddl_cat::validate_cbor_bytes(root, schema, &case.bytes).is_ok();
    Verdicts { ours, cddl, cddl_cat }
}

/// What all cases together gave.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Accepted by all three.
    accepted: usize,
    /// Refused by all three.
    refused: usize,
    /// Differences, and how often each.
    differences: BTreeMap<&'static str, usize>,
}

/// Compares all cases. Every difference has a reason.
fn compare(cases: &[Case], judge: impl Fn(&Case) -> Verdicts) -> Outcome {
    let mut outcome = Outcome::default();
    let mut unexplained = Vec::new();
    for case in cases {
        let verdicts = judge(case);
        match (verdicts.ours.is_none(), verdicts.cddl, verdicts.cddl_cat) {
            (true, true, true) => outcome.accepted += 1,
            (false, false, false) => outcome.refused += 1,
            (ours, cddl, cat) => match DIFFERENCES.iter().find(|difference| (difference.applies)(case, &verdicts)) {
                Some(difference) => *outcome.differences.entry(difference.name).or_default() += 1,
                None => unexplained.push(format!("{}: ours {ours} ({:?}), cddl {cddl}, cddl-cat {cat}", case.made, verdicts.ours)),
            },
        }
    }
    println!("{} cases: {} accepted and {} refused by all three", cases.len(), outcome.accepted, outcome.refused);
    for Difference { name, reason, .. } in DIFFERENCES {
        println!("{:5} {name}: {reason}", outcome.differences.get(name).unwrap_or(&0));
    }
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), unexplained.join("\n"));
    outcome
}

/// Every item of a document, by its path.
fn paths(value: &Value, path: &[usize], all: &mut Vec<Vec<usize>>) {
    all.push(path.to_vec());
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Map(entries) => entries.values().collect(),
        Value::Tag(_, inner) => vec![inner],
        _ => Vec::new(),
    };
    for (index, child) in children.into_iter().enumerate() {
        paths(child, &[path, &[index]].concat(), all);
    }
}

fn at<'a>(value: &'a mut Value, path: &[usize]) -> &'a mut Value {
    let Some((first, rest)) = path.split_first() else { return value };
    match value {
        Value::Array(items) => at(&mut items[*first], rest),
        Value::Map(entries) => at(entries.values_mut().nth(*first).unwrap(), rest),
        Value::Tag(_, inner) => at(inner, rest),
        _ => unreachable!("a path of this document"),
    }
}

/// What an item is replaced by: one or more of each type, and the borders of the ranges that the schemas name.
fn replacements() -> Vec<Value> {
    let numbers = [0, 1, 3, 9, -1, 255, 256, 65_535, 65_536, u32::MAX.into(), 1 << 32, u64::MAX.into()];
    let mut values: Vec<Value> = numbers.map(Value::Integer).into();
    values.extend([Value::Null, Value::Bool(true), Value::Float(1.5), Value::Text(String::new()), Value::Text("x".to_owned())]);
    values.extend([0, 15, 16, 17, 31, 32, 33].map(|length| Value::Bytes(vec![1; length])));
    values.extend([Value::Array(vec![]), Value::Map(BTreeMap::new()), Value::Tag(32, Box::new(Value::Text("a:b".to_owned())))]);
    values
}

/// Replaces every item by everything, and makes every array shorter and longer.
fn mutants(name: &str, bytes: &[u8]) -> Vec<Case> {
    let document: Value = serde_cbor::from_slice(bytes).unwrap();
    let mut all = Vec::new();
    paths(&document, &[], &mut all);
    let mut cases = Vec::new();
    let mut add = |made: String, document: &Value| cases.push(Case { made, bytes: serde_cbor::to_vec(document).unwrap() });
    for path in all {
        for replacement in replacements() {
            let mut mutant = document.clone();
            *at(&mut mutant, &path) = replacement.clone();
            add(format!("{name} {path:?} = {replacement:?}"), &mutant);
        }
        let mut mutant = document.clone();
        if let Value::Array(items) = at(&mut mutant, &path) {
            let last = items.pop();
            add(format!("{name} {path:?} shorter"), &mutant);
            if let (Value::Array(items), Some(last)) = (at(&mut mutant, &path), last) {
                items.extend([last.clone(), last]);
            }
            add(format!("{name} {path:?} longer"), &mutant);
        }
    }
    cases
}

/// Documents that have something that a schema cannot express, or that the examples lack. Extension maps in hex.
fn made_by_hand() -> Vec<Case> {
    let id = format!("5820{}", "01".repeat(32));
    let maps: [(&str, &[&str]); 36] = [
        ("no extension", &[]),
        ("timestamp", &["03", "a2011a691196b9251a0007103d"]),
        ("timestamp of milliseconds", &["03", "a20100221903e7"]),
        ("timestamp of too many milliseconds", &["03", "a20100221903e8"]),
        ("timestamp of nanoseconds", &["03", "a20100281a3b9ac9ff"]),
        ("timestamp of two fractions", &["03", "a3010022012501"]),
        ("timestamp without seconds", &["03", "a12201"]),
        ("timestamp of something else", &["03", "a201000200"]),
        ("external id of a number", &["04", "8241ff190137"]),
        ("external id of a domain", &["04", "824066612e74657374"]),
        ("external id of a URI", &["04", "8240d82063613a62"]),
        ("external id of number 0", &["04", "824000"]),
        ("external id of another tag", &["04", "8240d82163613a62"]),
        ("external id of three", &["04", "8340616100"]),
        ("subject", &["05", "6161"]),
        ("empty subject", &["05", "60"]),
        ("last seen nothing", &["190100", "80"]),
        ("last seen a message", &["190100", "@1"]),
        ("last seen two", &["190100", "@2"]),
        ("last seen an external id", &["190100", "8182406161"]),
        ("last seen of both kinds", &["190100", "@x"]),
        ("last seen of an unknown hash", &["190100", "@h"]),
        ("unknown number", &["07", "f6"]),
        ("unknown negative number", &["20", "a0"]),
        ("unknown text", &["6161", "81f5"]),
        ("empty text key", &["60", "f5"]),
        ("bytes as key", &["4161", "f5"]),
        ("null as key", &["f6", "f5"]),
        ("great key", &["1b0020000000000000", "f6"]),
        ("keys out of order", &["02", "6161", "01", "6161"]),
        ("a key twice", &["07", "01", "07", "01"]),
        ("an inner key twice", &["07", "a201000100"]),
        ("five levels", &["07", "8181818101"]),
        ("a long NaN", &["07", "fb7ff8000000000000"]),
        ("a long 1.5", &["07", "fb3ff8000000000000"]),
        ("a small bignum", &["07", "c24101"]),
    ];
    let filled = |value: &str| match value {
        "@1" => format!("81{id}"),
        "@2" => format!("82{id}{id}"),
        "@x" => format!("82{id}82406161"),
        "@h" => format!("81{}", id.replacen("582001", "582002", 1)),
        other => other.to_owned(),
    };
    let case = |(made, entries): (&str, &[&str])| {
        let entries: Vec<String> = entries.iter().map(|entry| filled(entry)).collect();
        Case { made: made.to_owned(), bytes: map(&entries.iter().map(String::as_str).collect::<Vec<_>>()) }
    };
    maps.into_iter().map(case).collect()
}

/// Other forms of the same values.
fn other_forms(name: &str, bytes: &[u8]) -> Vec<Case> {
    let hex = hex::encode(bytes);
    let replaced = |made: &str, from: &str, to: &str| {
        let changed = hex.replacen(from, to, 1);
        assert_ne!(changed, hex, "{from}");
        Case { made: format!("{name}: {made}"), bytes: hex::decode(changed).unwrap() }
    };
    vec![
        replaced("a long length", "8750", "875810"),
        replaced("a long null", "f640", "f84040"),
        replaced("an indefinite string", "f640", "f65fff"),
        Case { made: format!("{name}: an indefinite array"), bytes: [&[0x9f], &bytes[1..], &[0xff]].concat() },
        Case { made: format!("{name}: a byte more"), bytes: [bytes, &[0]].concat() },
        Case { made: format!("{name}: a byte less"), bytes: bytes[..bytes.len() - 1].to_vec() },
        replaced("bad UTF-8", "6d696d69", "6d69ff69"),
    ]
}

#[test]
fn content_is_what_the_schema_says() {
    let schema = content_schema();
    let judge = |case: &Case| judge(case, &schema, "mimiContent", MimiContent::decode(&case.bytes).err());
    // The examples themselves, without any difference.
    let examples: Vec<Case> =
        vectors().into_iter().map(|(name, bytes, _)| Case { made: name.to_owned(), bytes: bytes.to_vec() }).collect();
    assert_eq!(compare(&examples, judge), Outcome { accepted: 14, ..Outcome::default() });
    let of = |wanted: &[&str]| vectors().into_iter().filter(|(name, _, _)| wanted.contains(name)).collect::<Vec<_>>();
    let mut cases = made_by_hand();
    for (name, bytes, _) in of(&["reply", "expiring", "attachment", "multipart-1"]) {
        cases.extend(mutants(name, bytes));
    }
    cases.extend(other_forms("reply", of(&["reply"])[0].1));
    let outcome = compare(&cases, judge);
    assert!(cases.len() >= 2000 && outcome.accepted >= 200 && outcome.refused >= 1000, "{outcome:?}");
    // Each reason has its case: what a new release of a crate does better is taken off the list.
    assert_eq!(outcome.differences.len(), DIFFERENCES.len(), "{outcome:?}");
}

#[test]
fn reports_are_what_the_schema_says() {
    let entry = |id: &str, status: &str| format!("82{id}{status}");
    let id = format!("5820{}", "02".repeat(32));
    let report = hex::decode(format!("82{}{}", entry(&id, "02"), entry(&id, "18ff"))).unwrap();
    let schema = STATUS.replace(" / $extStatus", "");
    let mut cases = mutants("a report", &report);
    cases.push(Case { made: "no entry".to_owned(), bytes: vec![0x80] });
    cases.push(Case { made: "the report".to_owned(), bytes: report });
    let judge = |case: &Case| judge(case, &schema, "MessageStatusReport", MessageStatusReport::decode(&case.bytes).err());
    let outcome = compare(&cases, judge);
    assert!(outcome.accepted >= 10 && outcome.refused >= 100, "{outcome:?}");
}

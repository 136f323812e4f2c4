//! The vectors of `drafts/vectors`, which an encoder wrote that shares no code with this crate (`tools/vectors`).

mod cbor;
mod checks;
mod computed;
mod content;
mod files;
mod inputs;
mod mls;
mod policy;
mod protocol;

mod verdict;
mod verdicts;

use std::collections::BTreeSet;
use std::hint::black_box;

use causeway_drafts::cbor::validate;
use causeway_drafts::mimi_content_09::MimiContent;
use checks::{CHECKS, NOT_YET, OPEN};
use files::{Case, File};
use verdict::Verdict;

use crate::content_vectors::ORIGINAL;
use crate::samples::kinds;

/// Each file is checked here or said not to be, and nothing is said of files that are not there.
#[test]
fn every_file_is_checked_or_not_yet() {
    let files: BTreeSet<String> = File::all().into_iter().map(|file| file.name).collect();
    let checked: BTreeSet<String> =
        CHECKS.iter().map(|(name, _)| *name).chain(computed::FILES.iter().copied()).map(str::to_owned).collect();
    let not_yet: BTreeSet<String> = NOT_YET.iter().map(|name| (*name).to_owned()).collect();
    assert!(checked.is_disjoint(&not_yet), "checked, and in NOT_YET: {:?}", checked.intersection(&not_yet));
    let known: BTreeSet<String> = checked.union(&not_yet).cloned().collect();
    let odd: Vec<_> = files.symmetric_difference(&known).collect();
    assert!(odd.is_empty(), "a file without a check, or a check without a file: {odd:?}");
}

/// Every structure has a file with something valid, and three ways to be wrong at least; every other file has them, too.
#[test]
fn every_structure_has_valid_and_invalid_cases() {
    let files = File::all();
    for kind in kinds() {
        let has_vectors = |file: &File| file.name.split_once('/').is_some_and(|(_, structure)| structure == kind.name);
        assert!(files.iter().any(has_vectors), "{} has no vectors", kind.name);
    }
    for file in files.iter().filter(|file| file.json["encoding"] != "computation") {
        let (valid, all) = (file.valid().len(), file.cases().count());
        assert!(valid >= 1 && all - valid >= 3, "{}: {valid} valid, {} invalid", file.name, all - valid);
    }
}

/// What is valid has the fields that its vector says, and is encoded as it was; what is invalid is refused, for the reason
/// and at the octet that its vector says.
#[test]
fn every_case_is_judged_as_its_vector_says() {
    let mut failures = Vec::new();
    each(|file, check, case, octets| {
        let is_open = OPEN.contains(&(file.name.as_str(), case.name.as_str()));
        match (disagreement(case, octets, check(octets)), is_open) {
            (Some(text), false) => failures.push(format!("{} {}: {text}", file.name, case.name)),
            (None, true) => failures.push(format!("{} {}: in OPEN, and as its vector says", file.name, case.name)),
            _ => {}
        }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether a document is in its one form is told without any memory, be it valid or not.
#[test]
fn the_validator_allocates_nothing() {
    let files = File::all().into_iter().filter(|file| file.json["encoding"] == "cbor");
    let documents: Vec<Vec<u8>> = files.flat_map(|file| file.cases().map(Case::octets).collect::<Vec<_>>()).collect();
    assert!(documents.len() > 150, "{}", documents.len());
    for document in &documents {
        let used = allocation_counter::measure(|| {
            black_box(validate(black_box(document))).ok();
        });
        assert_eq!((used.count_total, used.bytes_total), (0, 0), "{}", hex::encode(document));
    }
    // The counter does count: decoding takes memory.
    let decoding = allocation_counter::measure(|| drop(black_box(MimiContent::decode(ORIGINAL))));
    assert!(decoding.count_total > 0);
}

/// Names in the tables are names of cases.
#[test]
fn tables_name_cases() {
    let mut known = BTreeSet::new();
    each(|file, _, case, _| {
        known.insert((file.name.clone(), case.name.clone()));
    });
    let unknown: Vec<_> = OPEN.iter().filter(|(file, case)| !known.contains(&((*file).to_owned(), (*case).to_owned()))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// How the crate's verdict differs from the vector's.
fn disagreement(case: &Case, octets: &[u8], verdict: Verdict) -> Option<String> {
    match (verdict, case.fields(), case.error()) {
        (Err(refused), Some(_), _) => Some(refused.text),
        (Ok(decoded), Some(fields), _) if decoded.fields != *fields => Some(format!("{}\nis not\n{fields}", decoded.fields)),
        (Ok(decoded), Some(_), _) => (decoded.octets != octets).then(|| format!("encoded as {}", hex::encode(decoded.octets))),
        (Ok(decoded), None, _) => Some(format!("accepted as {}", decoded.fields)),
        (Err(refused), None, Some(error)) => (!refused.agrees_with(error)).then(|| format!("{error:?}, but {refused:?}")),
        (Err(_), None, None) => Some("neither fields nor an error".to_owned()),
    }
}

/// Calls `visit` with each case that can be checked.
fn each(mut visit: impl FnMut(&File, checks::Check, &Case, &[u8])) {
    for file in File::all() {
        let Some((_, check)) = CHECKS.iter().find(|(name, _)| *name == file.name) else { continue };
        file.cases().for_each(|case| visit(&file, *check, case, &case.octets()));
    }
}

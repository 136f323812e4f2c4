//! What this crate makes of the vectors and of thousands of damaged ones, for the encoder of the vectors to judge: it
//! accepts the same ones, reads the same fields in them, and would have encoded them the same. `cargo xtask vectors --check`
//! asks for them by `CAUSEWAY_VERDICTS`, the name of a file.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::checks::{CHECKS, OPEN};
use super::files::File;
use super::inputs;
use super::verdict::Verdict;

/// So many damaged encodings of each.
const DAMAGED: u64 = 24;

/// Whatever is accepted has one encoding.
#[test]
fn what_is_accepted_of_damaged_vectors_has_one_encoding() {
    let verdicts: Vec<Value> = File::all().iter().flat_map(verdicts).collect();
    assert!(verdicts.len() > 10_000, "{}", verdicts.len());
    let accepted: Vec<&Value> = verdicts.iter().filter(|verdict| verdict.get("fields").is_some()).collect();
    assert!(accepted.len() > 1000, "{}", accepted.len());
    for verdict in accepted {
        assert_eq!(verdict["encoded"], verdict["hex"], "{}", verdict["file"]);
    }
    if let Some(path) = std::env::var_os("CAUSEWAY_VERDICTS") {
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, json!(verdicts).to_string()).unwrap();
    }
}

/// The verdicts on the cases of a file; of a draft with open cases there is nothing to judge yet, and text has no octets.
fn verdicts(file: &File) -> Vec<Value> {
    let Some((_, check)) = CHECKS.iter().find(|(name, _)| *name == file.name) else { return Vec::new() };
    let draft = file.name.split_once('/').map_or("", |(draft, _)| draft);
    let is_open = OPEN.iter().any(|(name, _)| name.starts_with(draft));
    if is_open || file.json["encoding"] == "text" {
        return Vec::new();
    }
    let encodings = file.cases().flat_map(|case| {
        let octets = case.octets();
        let damaged = (0..DAMAGED).filter_map(|seed| damage(&octets, seed)).collect::<Vec<_>>();
        std::iter::once(octets).chain(damaged)
    });
    let judged = encodings.map(|octets| (check(&octets), octets)).filter(|(verdict, _)| !is_left_to_the_mls_library(verdict));
    judged.map(|(verdict, octets)| written(&file.name, &octets, verdict)).collect()
}

/// The MLS library takes a credential with certificates apart only when it verifies it: here [`super::mls::credential`] found
/// an error in the place of the list.
fn is_left_to_the_mls_library(verdict: &Verdict) -> bool {
    verdict.as_ref().is_ok_and(|decoded| decoded.fields.to_string().contains(r#""certificates":""#))
}

fn written(file: &str, octets: &[u8], verdict: Verdict) -> Value {
    let octets = hex::encode(octets);
    match verdict {
        Ok(decoded) => json!({"file": file, "hex": octets, "fields": decoded.fields, "encoded": hex::encode(decoded.octets)}),
        Err(refused) => json!({"file": file, "hex": octets, "refused": refused.text}),
    }
}

/// Damages one octet outside of MLS objects, which this crate leaves to the MLS library.
fn damage(octets: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mls: Vec<(usize, usize)> = inputs::objects().iter().flat_map(|object| places(octets, object)).collect();
    let outside: Vec<usize> = (0..octets.len()).filter(|at| !mls.iter().any(|(start, end)| (start..end).contains(&at))).collect();
    // Knuth's multiplicative hash: any spread will do.
    let random = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    let at = *outside.get((random as usize).checked_rem(outside.len())?)?;
    let mut damaged = octets.to_vec();
    match seed % 4 {
        0 => damaged[at] ^= 1 << (random >> 32 & 7),
        1 => damaged[at] = (random >> 24) as u8,
        2 => drop(damaged.remove(at)),
        _ => damaged.insert(at, (random >> 24) as u8),
    }
    Some(damaged)
}

/// Where an object stands.
fn places(octets: &[u8], object: &[u8]) -> Vec<(usize, usize)> {
    let found = octets.windows(object.len()).enumerate().filter(|(_, window)| *window == object);
    found.map(|(start, _)| (start, start + object.len())).collect()
}

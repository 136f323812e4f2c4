//! Decodes what peers send, without a database: the gateway's own decoder judges it; where it refuses, the place is said.

mod components;
mod content;
mod franking;
mod input;
mod kind;
mod kinds;
mod layout;
mod mls;
mod names;
mod pdu;
mod people;
mod policy;
mod protocol;
mod reader;
mod refused;
mod room;
mod status;
mod tree;
#[cfg(test)]
mod vectors;

pub(crate) use input::octets;
pub(crate) use kind::Kind;
pub(crate) use refused::Refused;
pub(crate) use tree::Tree;

use kinds::KINDS;

/// All kinds, in the order in which they are guessed.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter()
}

/// Those that go by a name: their own, a media type, or what the draft calls the structure or its update.
fn named(name: &str) -> Vec<&'static Kind> {
    let own = all().filter(|kind| kind.name == name);
    let others = all().filter(|kind| kind.names().any(|known| known.eq_ignore_ascii_case(name)));
    let own: Vec<_> = own.collect();
    if own.is_empty() { others.collect() } else { own }
}

/// What octets may be: of what was asked for, if something was, what looks so.
pub(crate) fn candidates(wanted: Option<&str>, octets: &[u8]) -> Vec<&'static Kind> {
    let guessed = guessed(octets);
    let Some(wanted) = wanted.map(named) else { return guessed };
    let likely: Vec<_> = wanted.iter().copied().filter(|kind| guessed.iter().any(|other| other.name == kind.name)).collect();
    if likely.is_empty() { wanted } else { likely }
}

/// What octets may be without having been asked for.
fn guessed(octets: &[u8]) -> Vec<&'static Kind> {
    let text = octets.trim_ascii_start();
    let is_directory = octets.windows(KEY_MATERIAL.len()).any(|window| window == KEY_MATERIAL);
    match text.first() {
        Some(b'{') if is_directory => named("directory"),
        Some(b'{') => named("pdu"),
        _ if text.starts_with(b"mimi:") => named("uri"),
        _ => all().filter(|kind| !kind.is_part && !matches!(kind.name, "pdu" | "directory" | "uri")).collect(),
    }
}

/// In every directory, and in no event.
const KEY_MATERIAL: &[u8] = b"\"keyMaterial\"";

/// What octets turned out to be.
pub(crate) struct Told {
    /// The first kind that fits; where none does, the one that reads furthest.
    pub(crate) kind: &'static Kind,
    /// What it says.
    pub(crate) read: Result<Tree, Refused>,
    /// Others that fit.
    pub(crate) also: Vec<&'static str>,
}

/// Which of several kinds octets are, by what they decode as; `None` of none.
pub(crate) fn tell(kinds: &[&'static Kind], octets: &[u8], room_version: Option<&str>) -> Option<Told> {
    let mut told: Option<Told> = None;
    for kind in kinds.iter().copied() {
        match (kind.read(octets, room_version), &mut told) {
            // The same structure by other rules is nothing else.
            (Ok(_), Some(Told { kind: first, read: Ok(_), also })) if first.origin != kind.origin => also.push(kind.name),
            (_, Some(Told { read: Ok(_), .. })) => {}
            (Err(refused), Some(Told { read: Err(best), .. })) if refused.read() <= best.read() => {}
            (read, told) => *told = Some(Told { kind, read, also: Vec::new() }),
        }
    }
    told
}

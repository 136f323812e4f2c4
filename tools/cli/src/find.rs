//! Rooms by any of their names, and what else somebody may have meant.

use anyhow::bail;
use causeway_store::operator::RoomLine;

/// So many suggestions are given.
const SUGGESTIONS: usize = 3;

/// The conversation that `name` names: a Matrix room id, a MIMI room URI or a conversation id.
pub(crate) fn find<'a>(rooms: &'a [RoomLine], name: &str) -> anyhow::Result<&'a RoomLine> {
    let named = |room: &&RoomLine| names(room).iter().any(|known| known == name);
    match rooms.iter().find(named) {
        Some(room) => Ok(room),
        None if rooms.is_empty() => bail!("no such room: {name}; there are no rooms yet"),
        None => bail!("no such room: {name}{}", near(rooms.iter().flat_map(names).collect(), name)),
    }
}

/// How a conversation is called, best name first.
pub(crate) fn names(room: &RoomLine) -> Vec<String> {
    let names = [room.matrix_room_id.clone(), room.mimi_room.clone(), Some(room.id.to_string())];
    names.into_iter().flatten().collect()
}

/// The nearest of the known names, as an error's ending; empty if nothing is known.
pub(crate) fn near(mut known: Vec<String>, name: &str) -> String {
    known.sort_by_key(|known| distance(known, name));
    known.dedup();
    known.truncate(SUGGESTIONS);
    if known.is_empty() { String::new() } else { format!("; near: {}", known.join(", ")) }
}

/// Levenshtein's distance.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for column in 0..right.len() {
            let replaced = diagonal + usize::from(right[column] != character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

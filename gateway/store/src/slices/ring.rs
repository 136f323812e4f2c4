//! A ring of slices in memory, and as text: the incarnation first, then one slice a line.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Incarnation, SliceError, SliceId};
use crate::keyring::{Place, SealingKey, new_key};

/// What wrapped keys begin with, then comes their slice.
const MAGIC: [u8; 4] = *b"cwk\x01";

#[derive(Clone)]
pub(super) struct Ring {
    pub(super) incarnation: Incarnation,
    slices: BTreeMap<SliceId, SealingKey>,
}

impl Ring {
    pub(super) fn new(incarnation: Incarnation, first: SliceId) -> Self {
        Self { incarnation, slices: BTreeMap::from([(first, SealingKey::new(new_key()))]) }
    }

    pub(super) fn ids(&self) -> Vec<SliceId> {
        self.slices.keys().copied().collect()
    }

    pub(super) fn add(&mut self) -> SliceId {
        let next = SliceId(self.slices.last_key_value().map_or(1, |(id, _)| id.0.saturating_add(1)));
        self.slices.insert(next, SealingKey::new(new_key()));
        next
    }

    pub(super) fn destroy(&mut self, slices: &[SliceId]) {
        let newest = self.slices.last_key_value().map(|(id, _)| *id);
        self.slices.retain(|id, _| Some(*id) == newest || !slices.contains(id));
    }

    pub(super) fn wrap(&self, slice: SliceId, place: &[u8], key: &[u8]) -> Result<Vec<u8>, SliceError> {
        let sealing = self.slices.get(&slice).ok_or(SliceError::Unknown(slice))?;
        let header = header(slice);
        Ok([&header[..], &sealing.seal((&header, bound(place)), key)].concat())
    }

    pub(super) fn unwrap(&self, slice: SliceId, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SliceError> {
        let sealing = self.slices.get(&slice).ok_or(SliceError::Unknown(slice))?;
        let header = header(slice);
        let opened = wrapped.strip_prefix(&header).and_then(|sealed| sealing.open((&header, bound(place)), sealed));
        opened.map(Zeroizing::new).ok_or(SliceError::DoesNotOpen(slice))
    }

    pub(super) fn render(&self) -> Zeroizing<String> {
        let Incarnation { name, counter } = self.incarnation;
        let mut text = Zeroizing::new(format!("incarnation {} {counter}\n", hex::encode(name)));
        for (id, key) in &self.slices {
            let digits = Zeroizing::new(hex::encode(key.master().as_slice()));
            text.push_str(&format!("slice {id} "));
            text.push_str(&digits);
            text.push('\n');
        }
        text
    }

    /// From a text; else the line, from 1, and what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut incarnation = None;
        let mut slices = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace();
            let read = match (words.next(), words.next(), words.next(), words.next()) {
                (None, ..) => Ok(()),
                (Some(word), ..) if word.starts_with('#') => Ok(()),
                (Some("incarnation"), Some(name), Some(counter), None) if incarnation.is_none() => {
                    parse_incarnation(name, counter).map(|read| incarnation = Some(read))
                }
                (Some("slice"), Some(id), Some(key), None) => add_slice(&mut slices, id, key),
                _ => Err("it is neither the incarnation nor a slice"),
            };
            read.map_err(|why| (index + 1, why))?;
        }
        match incarnation {
            Some(incarnation) if !slices.is_empty() => Ok(Self { incarnation, slices }),
            _ => Err((1, "there is no incarnation in it, or no slice")),
        }
    }
}

fn parse_incarnation(name: &str, counter: &str) -> Result<Incarnation, &'static str> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(name, &mut bytes).map_err(|_| "an incarnation has 32 hex digits")?;
    let counter = counter.parse().map_err(|_| "the incarnation's counter is none")?;
    Ok(Incarnation { name: bytes, counter })
}

fn add_slice(slices: &mut BTreeMap<SliceId, SealingKey>, id: &str, digits: &str) -> Result<(), &'static str> {
    let id = SliceId(id.parse().map_err(|_| "the slice's number is none")?);
    if slices.last_key_value().is_some_and(|(last, _)| *last >= id) {
        return Err("numbers have to grow from line to line");
    }
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, key.as_mut_slice()).map_err(|_| "a slice has 64 hex digits")?;
    slices.insert(id, SealingKey::new(key));
    Ok(())
}

fn header(slice: SliceId) -> [u8; 8] {
    let mut header = [0; 8];
    header[..4].copy_from_slice(&MAGIC);
    header[4..].copy_from_slice(&slice.0.to_be_bytes());
    header
}

fn bound(place: &[u8]) -> Place<'_> {
    Place { table: "epoch_keys", row: place, column: "wrapped" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "000102030405060708090a0b0c0d0e0f";

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let mut ring = Ring::new(Incarnation { name: [7; 16], counter: 3 }, SliceId(4));
        ring.add();
        let read = Ring::parse(&ring.render()).ok().map(|read| (read.incarnation, read.ids(), read.render().to_string()));
        assert_eq!(read, Some((ring.incarnation, vec![SliceId(4), SliceId(5)], ring.render().to_string())));
    }

    /// The newest slice stays, and a number that was destroyed is not used again.
    #[test]
    fn slices_go_but_the_newest() {
        let mut ring = Ring::new(Incarnation { name: [7; 16], counter: 3 }, SliceId(1));
        ring.add();
        ring.destroy(&[SliceId(1), SliceId(2), SliceId(9)]);
        assert_eq!(ring.ids(), [SliceId(2)]);
        assert_eq!(ring.add(), SliceId(3));
        assert!(matches!(ring.wrap(SliceId(1), b"place", &[1; 32]), Err(SliceError::Unknown(SliceId(1)))));
    }

    /// Which line it is; never what it says.
    #[test]
    fn what_is_no_ring_is_refused() {
        let key = "cd".repeat(32);
        for (text, line) in [
            (String::new(), 1),
            (format!("incarnation {NAME} 1\n"), 1),
            (format!("slice 1 {key}\n"), 1),
            (format!("incarnation {NAME} one\nslice 1 {key}\n"), 1),
            (format!("incarnation {NAME} 1\nincarnation {NAME} 1\nslice 1 {key}\n"), 2),
            (format!("incarnation {NAME} 1\nslice 1 {key}\nslice 1 {key}\n"), 3),
            (format!("incarnation {NAME} 1\nslice 1 {key}cd\n"), 2),
            (format!("incarnation {NAME} 1\nslice 1 {key} more\n"), 2),
            ("\0".repeat(90), 1),
        ] {
            let why = Ring::parse(&text).err();
            assert!(why.is_some_and(|(found, why)| found == line && !why.contains("cdcd")), "{text:?}");
        }
    }
}

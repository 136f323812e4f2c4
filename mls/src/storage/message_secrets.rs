//! The secrets of an epoch's messages as rows: those of the secret tree that are not used up in pages of a few levels, and a
//! row for each sender.
//!
//! A message changes its sender's row, the first one of a sender the pages above it as well; what was used up is in no row.

use std::collections::BTreeMap;

use super::spans::{Unreadable, array, elements, exactly};
use super::values::{decode, encode, key};
use crate::rows::Rows;

const NIL: &[u8] = &[0xc0];
/// Labels of rows: a page of the secret tree, a sender's two ratchets.
pub(super) const PAGE: &str = "S";
pub(super) const RATCHETS: &str = "R";
/// A page has so many levels of the tree, of two subtrees side by side: what one path changes in it, and at most four
/// secrets, so that a page is short whoever has sent.
const PAGE_LEVELS: u32 = 3;

/// Where a node of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Leaves are on level 0.
    level: u32,
    /// From the left, on its level.
    position: u32,
}

impl Place {
    /// The page, and which one in it.
    fn in_page(self) -> (PageName, u8) {
        let up = PAGE_LEVELS - self.level % PAGE_LEVELS;
        let page = PageName { band: (self.level / PAGE_LEVELS) as u8, position: self.position >> up };
        (page, (1 << up | (self.position & ((1 << up) - 1))) as u8)
    }

    fn of(page: PageName, number: u8) -> Result<Self, Unreadable> {
        let up = number.checked_ilog2().filter(|up| (1..=PAGE_LEVELS).contains(up)).ok_or(Unreadable::Shape)?;
        let position = page.position << up | (u32::from(number) & ((1 << up) - 1));
        Ok(Self { level: u32::from(page.band) * PAGE_LEVELS + PAGE_LEVELS - up, position })
    }

    /// The node above leaves with this index among them.
    fn parent(index: usize) -> Self {
        let node = 2 * index as u32 + 1;
        let level = node.trailing_ones();
        Self { level, position: node >> (level + 1) }
    }

    /// The inverse; none for leaves.
    fn parent_index(self) -> Option<usize> {
        let node = u64::from(self.position) << (self.level + 1) | ((1 << self.level) - 1);
        (self.level > 0).then_some((node as usize) / 2)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PageName {
    band: u8,
    position: u32,
}

impl PageName {
    fn key(self) -> Vec<u8> {
        key(PAGE, &[&[self.band][..], &self.position.to_be_bytes()].concat())
    }

    fn read(name: &[u8]) -> Result<Self, Unreadable> {
        let (band, position) = name.split_first().ok_or(Unreadable::Shape)?;
        Ok(Self { band: *band, position: u32::from_be_bytes(position.try_into().map_err(|_| Unreadable::Shape)?) })
    }
}

/// openmls' `MessageSecretsStore`, encoded, as a head and rows. `context` is the epoch's GroupContext as it is signed,
/// which is stored once for all clients.
pub(super) fn split(store: &[u8], context: &[u8], rows: &mut Rows) -> Result<Vec<u8>, Unreadable> {
    let [max_epochs, past, secrets] = exactly(store)?;
    let [sender_data, membership, confirmation, own_context, tree, added_at] = exactly(secrets)?;
    let [own_index, leaves, parents, handshake, application, size] = exactly(tree)?;
    let (leaves, parents) = (elements(leaves)?, elements(parents)?);
    let (handshake, application) = (elements(handshake)?, elements(application)?);
    if handshake.len() != application.len() {
        return Err(Unreadable::Shape);
    }
    let lengths = encode(&(leaves.len(), parents.len(), handshake.len()))?;
    split_tree(&leaves, &parents, rows)?;
    for (index, pair) in handshake.into_iter().zip(application).enumerate().filter(|(_, pair)| *pair != (NIL, NIL)) {
        rows.insert(key(RATCHETS, &(index as u32).to_be_bytes()), super::as_split(&array(2, [pair.0, pair.1])));
    }
    let is_the_groups = decode::<&serde_bytes::Bytes>(own_context)?.as_ref() == context;
    let own_context = if is_the_groups { NIL } else { own_context };
    let head =
        [max_epochs, past, sender_data, membership, confirmation, own_context, own_index, lengths.as_slice(), size, added_at];
    Ok(array(head.len(), head))
}

fn split_tree(leaves: &[&[u8]], parents: &[&[u8]], rows: &mut Rows) -> Result<(), Unreadable> {
    let leaves = leaves.iter().enumerate().map(|(index, node)| (Place { level: 0, position: index as u32 }, *node));
    let parents = parents.iter().enumerate().map(|(index, node)| (Place::parent(index), *node));
    let mut pages: BTreeMap<PageName, Vec<Vec<u8>>> = BTreeMap::new();
    for (place, node) in leaves.chain(parents).filter(|(_, node)| *node != NIL) {
        let (page, number) = place.in_page();
        pages.entry(page).or_default().extend([encode(&number)?, node.to_vec()]);
    }
    for (page, nodes) in pages {
        rows.insert(page.key(), super::as_split(&array(nodes.len(), nodes.iter().map(Vec::as_slice))));
    }
    Ok(())
}

/// The inverse.
pub(super) fn join(head: &[u8], context: &[u8], rows: &Rows) -> Result<Vec<u8>, Unreadable> {
    let [max_epochs, past, sender_data, membership, confirmation, own_context, own_index, lengths, size, added_at] = exactly(head)?;
    let (leaves, parents, senders): (u32, u32, u32) = decode(lengths)?;
    let (mut leaves, mut parents) = (vec![NIL; leaves as usize], vec![NIL; parents as usize]);
    for (name, page) in under(rows, PAGE) {
        join_page(PageName::read(name)?, super::split_form(page)?, (&mut leaves, &mut parents))?;
    }
    let (mut handshake, mut application) = (vec![NIL; senders as usize], vec![NIL; senders as usize]);
    for (index, ratchets) in under(rows, RATCHETS) {
        let index = u32::from_be_bytes(index.try_into().map_err(|_| Unreadable::Shape)?) as usize;
        let slots = handshake.get_mut(index).zip(application.get_mut(index)).ok_or(Unreadable::Shape)?;
        let [first, second] = exactly(super::split_form(ratchets)?)?;
        (*slots.0, *slots.1) = (first, second);
    }
    let context = if own_context == NIL { encode(serde_bytes::Bytes::new(context))? } else { own_context.to_vec() };
    let whole = |nodes: Vec<&[u8]>| array(nodes.len(), nodes);
    let (leaves, parents, handshake, application) = (whole(leaves), whole(parents), whole(handshake), whole(application));
    let tree = array(6, [own_index, &leaves[..], &parents[..], &handshake[..], &application[..], size]);
    let secrets = array(6, [sender_data, membership, confirmation, &context[..], &tree[..], added_at]);
    Ok(array(3, [max_epochs, past, &secrets[..]]))
}

fn join_page<'a>(page: PageName, nodes: &'a [u8], (leaves, parents): (&mut [&'a [u8]], &mut [&'a [u8]])) -> Result<(), Unreadable> {
    for node in elements(nodes)?.chunks(2) {
        let [number, node] = node else { return Err(Unreadable::Shape) };
        let place = Place::of(page, decode(number)?)?;
        let slot = match place.parent_index() {
            Some(index) => parents.get_mut(index),
            None => leaves.get_mut(place.position as usize),
        };
        *slot.ok_or(Unreadable::Shape)? = node;
    }
    Ok(())
}

/// Rows with a label: what follows it in the key, and the value.
fn under<'a>(rows: &'a Rows, label: &str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let prefix = key(label, &[]);
    rows.range(prefix.clone()..).map_while(move |(key, value)| Some((key.strip_prefix(&prefix[..])?, value.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn every_node_has_its_place_in_a_page() {
        for index in 0..5000 {
            for place in [Place { level: 0, position: index as u32 }, Place::parent(index)] {
                let (page, number) = place.in_page();
                assert_eq!(Place::of(page, number).unwrap(), place);
            }
            assert_eq!(Place::parent(index).parent_index(), Some(index));
        }
    }
}

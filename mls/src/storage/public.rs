//! The public state of an epoch: a few rows, and what they have in common with other epochs as nodes.

use std::sync::Arc;

use super::node::{Digest, Node, Nodes};
use super::openmls::{CONFIRMATION_TAG, GROUP_CONTEXT, INTERIM_TRANSCRIPT_HASH, TREE};
use super::spans::{Unreadable, array, exactly};
use super::values::{Values, key, label_of};
use super::{Form, as_split, as_whole, form_of};
use super::{blob, tree};
use crate::rows::Rows;

/// Labels of public values; everything else is a secret of one client. Proposals are public, too, but each client keeps
/// its own queue, because openmls merges and clears it per client.
const LABELS: [&str; 4] = [TREE, GROUP_CONTEXT, INTERIM_TRANSCRIPT_HASH, CONFIRMATION_TAG];

/// Leaves by index.
type Leaves<'a> = Vec<(u32, &'a Arc<Node>)>;

/// The public state of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Public {
    pub(crate) rows: Rows,
    /// The roots that the rows refer to.
    pub(crate) nodes: Nodes,
}

/// Whether a row is public, in this version's form or the earlier one's.
pub(super) fn is_public(key: &[u8]) -> bool {
    label_of(key).map_or_else(|| LABELS.iter().any(|label| key.starts_with(label.as_bytes())), |label| LABELS.contains(&label))
}

/// The node that a row refers to.
pub(super) fn root_of(key: &[u8], value: &[u8]) -> Option<Digest> {
    let is_split = matches!(label_of(key), Some(TREE | GROUP_CONTEXT));
    match form_of(value) {
        Ok((Form::Split, head)) if is_split => head.first_chunk().copied(),
        _ => None,
    }
}

impl Public {
    /// From what openmls has written. Nodes that `before` has are the same ones.
    pub(super) fn split(values: &Values, before: Option<&Self>) -> Result<Self, Unreadable> {
        let mut public = Self::default();
        public.rows.extend(values.early.iter().filter(|(key, _)| is_public(key)).map(|(k, v)| (k.clone(), v.clone())));
        for (key, value) in values.whole.iter().filter(|(key, _)| is_public(key)) {
            let before = before.and_then(|before| before.root(key));
            let row = match label_of(key) {
                Some(TREE) => as_split(&tree::split(value, before, &mut public.nodes)?),
                Some(GROUP_CONTEXT) => as_split(&split_context(value, before, &mut public.nodes)?),
                _ => as_whole(value),
            };
            public.rows.insert(key.clone(), row);
        }
        Ok(public)
    }

    fn root(&self, key: &[u8]) -> Option<&Arc<Node>> {
        self.nodes.get(&root_of(key, self.rows.get(key)?)?).ok()
    }

    /// Back to what openmls reads.
    pub(super) fn join_into(&self, values: &mut Values) -> Result<(), Unreadable> {
        for (key, value) in &self.rows {
            let Some(label) = label_of(key) else {
                values.early.insert(key.clone(), value.clone());
                continue;
            };
            let whole = match (form_of(value)?, label) {
                ((Form::Split, head), TREE) => tree::join(head, &self.nodes)?,
                ((Form::Split, head), GROUP_CONTEXT) => join_context(head, &self.nodes)?,
                ((Form::Whole, value), _) => value.to_vec(),
                _ => return Err(Unreadable::Shape),
            };
            values.whole.insert(key.clone(), whole);
        }
        Ok(())
    }

    /// The leaves of the tree, by index; none if it is of the earlier version.
    pub(crate) fn leaves(&self) -> Result<Option<Leaves<'_>>, Unreadable> {
        let Some(row) = self.rows.get(&key(TREE, &[])) else { return Ok(None) };
        match form_of(row)? {
            (Form::Split, head) => tree::leaves(head, &self.nodes).map(Some),
            _ => Ok(None),
        }
    }

    /// The GroupContext, encoded; none if it is of the earlier version.
    pub(super) fn context(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        let Some(row) = self.rows.get(&key(GROUP_CONTEXT, &[])) else { return Ok(None) };
        match form_of(row)? {
            (Form::Split, head) => join_context(head, &self.nodes).map(Some),
            _ => Ok(None),
        }
    }
}

/// What of a GroupContext changes with every epoch, and its extensions, which are long and mostly stay.
fn split_context(context: &[u8], before: Option<&Arc<Node>>, nodes: &mut Nodes) -> Result<Vec<u8>, Unreadable> {
    let [version, suite, group_id, epoch, tree_hash, transcript_hash, extensions] = exactly(context)?;
    let root = nodes.add(blob::split(extensions, before));
    Ok([&root[..], &array(6, [version, suite, group_id, epoch, tree_hash, transcript_hash])].concat())
}

fn join_context(head: &[u8], nodes: &Nodes) -> Result<Vec<u8>, Unreadable> {
    let (root, head) = head.split_first_chunk().ok_or(Unreadable::Shape)?;
    let [version, suite, group_id, epoch, tree_hash, transcript_hash] = exactly(head)?;
    let extensions = blob::join(nodes.get(root)?);
    Ok(array(7, [version, suite, group_id, epoch, tree_hash, transcript_hash, &extensions[..]]))
}

//! Nodes: pieces of public state that epochs and branches have in common.
//!
//! A node is named by the digest of what it holds and of the nodes below it. So an epoch is a few roots, two epochs share
//! what they have in common, and what a commit changes is a path.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::{Credential, LeafNode};
use sha2::{Digest as _, Sha256};

use super::spans::Unreadable;
use super::values::decode;
use crate::MlsError;
use crate::rows::{RowChanges, Rows};

/// A node's name.
pub(crate) type Digest = [u8; 32];

const LABEL: &[u8] = b"causeway group node 1";
/// Stands where there is no child.
const NONE: Digest = [0; 32];

/// What it holds, and the nodes below it.
pub struct Node {
    digest: Digest,
    content: Vec<u8>,
    children: Vec<Option<Arc<Node>>>,
    /// Whose leaf it is, once somebody has asked.
    named: OnceLock<(ClientUri, UserUri)>,
}

impl fmt::Debug for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Node({}, {} octets)", hex::encode(self.digest), self.content.len())
    }
}

impl Node {
    pub(super) fn new(content: Vec<u8>, children: Vec<Option<Arc<Self>>>) -> Arc<Self> {
        let digest = Sha256::new().chain_update(LABEL).chain_update(body(&content, &children)).finalize().into();
        Arc::new(Self { digest, content, children, named: OnceLock::new() })
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Whose leaf it is, by what `name` reads from its credential.
    pub(crate) fn named_by(
        &self,
        name: impl Fn(&Credential) -> Result<(ClientUri, UserUri), MlsError>,
    ) -> Result<&(ClientUri, UserUri), MlsError> {
        if let Some(named) = self.named.get() {
            return Ok(named);
        }
        let (leaf,): (LeafNode,) = decode(&self.content)?;
        let named = name(leaf.credential())?;
        Ok(self.named.get_or_init(|| named))
    }

    pub(super) fn children(&self) -> &[Option<Arc<Self>>] {
        &self.children
    }
}

/// As it is stored: how many children, their digests, the content.
fn body(content: &[u8], children: &[Option<Arc<Node>>]) -> Vec<u8> {
    let mut body = Vec::with_capacity(1 + 32 * children.len() + content.len());
    body.push(children.len() as u8);
    children.iter().for_each(|child| body.extend(child.as_ref().map_or(NONE, |child| child.digest)));
    body.extend(content);
    body
}

/// Nodes by their digests, each with all that is below it.
#[derive(Clone, Debug, Default)]
pub struct Nodes(BTreeMap<Digest, Arc<Node>>);

impl PartialEq for Nodes {
    fn eq(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

impl Eq for Nodes {}

impl Nodes {
    /// From rows, as [`GroupChanges::nodes`](crate::GroupChanges::nodes) gave them, digest and body; of any number of
    /// epochs. A node that is not what its digest says is left out, and so is what is above it.
    pub fn from_rows(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let bodies: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        let mut nodes = Self::default();
        for digest in bodies.keys() {
            nodes.build(digest, &bodies, 0);
        }
        nodes
    }

    /// All of them as rows, digest and body.
    pub fn to_rows(&self) -> Rows {
        let mut rows = Rows::new();
        self.walk(&mut |node| rows.insert(node.digest.to_vec(), body(&node.content, &node.children)).is_none());
        rows
    }

    fn build(&mut self, digest: &[u8], bodies: &BTreeMap<Vec<u8>, Vec<u8>>, depth: u8) -> Option<Arc<Node>> {
        let digest: Digest = digest.try_into().ok()?;
        if let Some(known) = self.0.get(&digest) {
            return Some(Arc::clone(known));
        }
        let (count, rest) = bodies.get(digest.as_slice())?.split_first()?;
        let (digests, content) = rest.split_at_checked(32 * usize::from(*count))?;
        let mut children = Vec::with_capacity(usize::from(*count));
        for child in digests.chunks(32) {
            children.push(match child == NONE {
                true => None,
                // A digest cannot be below itself; a body that says so is not what its digest says.
                false => Some(self.build(child, bodies, depth.checked_add(1)?)?),
            });
        }
        let node = Node::new(content.to_vec(), children);
        (node.digest == digest).then(|| self.0.insert(digest, Arc::clone(&node)));
        (node.digest == digest).then_some(node)
    }

    pub(super) fn add(&mut self, node: Arc<Node>) -> Digest {
        let digest = node.digest;
        self.0.insert(digest, node);
        digest
    }

    pub(super) fn get(&self, digest: &Digest) -> Result<&Arc<Node>, Unreadable> {
        self.0.get(digest).ok_or(Unreadable::Missing)
    }

    /// Those that public rows refer to.
    pub(crate) fn roots_of(&self, public: &Rows) -> Self {
        let roots = public.iter().filter_map(|(key, value)| super::public::root_of(key, value));
        Self(roots.filter_map(|digest| Some((digest, Arc::clone(self.0.get(&digest)?)))).collect())
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(digest, node)| (*digest, Arc::clone(node))));
    }

    /// All nodes from here down.
    pub(crate) fn digests(&self) -> HashSet<Digest> {
        let mut found = HashSet::new();
        self.walk(&mut |node| found.insert(node.digest));
        found
    }

    /// Goes down as far as `enter` says that it is worth it.
    fn walk(&self, enter: &mut impl FnMut(&Arc<Node>) -> bool) {
        let mut open: Vec<&Arc<Node>> = self.0.values().collect();
        while let Some(node) = open.pop() {
            if enter(node) {
                open.extend(node.children.iter().flatten());
            }
        }
    }
}

/// Which nodes are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredNodes {
    roots: Nodes,
    /// With a node, all below it is stored.
    digests: HashSet<Digest>,
}

impl StoredNodes {
    /// All of these, of which all below the roots are in use.
    pub(crate) fn of(nodes: &Nodes, roots: Nodes) -> Self {
        let digests = nodes.digests();
        let is_all = roots.digests().len() == digests.len();
        Self { roots: if is_all { roots } else { nodes.clone() }, digests }
    }

    /// What has to be stored, and what goes, so that from these roots everything is there and nothing else is. What is new
    /// is found by going down from the roots as far as nothing is stored yet.
    pub(crate) fn change_to(&mut self, roots: Nodes) -> RowChanges {
        if self.roots == roots {
            return RowChanges::default();
        }
        let mut put = Rows::new();
        let stored = &mut self.digests;
        roots.walk(&mut |node| {
            let is_new = stored.insert(node.digest);
            if is_new {
                put.insert(node.digest.to_vec(), body(&node.content, &node.children));
            }
            is_new
        });
        let reached = roots.digests();
        let delete = stored.iter().filter(|digest| !reached.contains(*digest)).map(|digest| digest.to_vec()).collect();
        (self.digests, self.roots) = (reached, roots);
        RowChanges { put, delete }
    }
}

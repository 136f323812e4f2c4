//! RFC 9420's presentation language by hand: what has to be put together without the library that is tested.

use openmls::prelude::{OpenMlsCrypto, OpenMlsProvider};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::SignatureScheme;
use sha2::{Digest, Sha256};

/// A vector<V> [RFC 9420 §2.1.2].
pub(crate) fn vector(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u32;
    let prefix = match length {
        0..=0x3F => vec![length as u8],
        0x40..=0x3FFF => (length as u16 | 0x4000).to_be_bytes().to_vec(),
        _ => (length | 0x8000_0000).to_be_bytes().to_vec(),
    };
    [prefix, content.to_vec()].concat()
}

/// SignContent, EncryptContext [RFC 9420 §5.1.2, §5.1.3].
pub(crate) fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    [vector(format!("MLS 1.0 {label}").as_bytes()), vector(content)].concat()
}

/// SignWithLabel.
pub(crate) fn sign(key: &[u8], label: &str, content: &[u8]) -> Vec<u8> {
    OpenMlsRustCrypto::default().crypto().sign(SignatureScheme::ED25519, &labelled(label, content), key).unwrap()
}

/// GroupContext without extensions [RFC 9420 §8.1].
pub(crate) fn group_context(group_id: &[u8], epoch: u64, tree_hash: &[u8], confirmed_transcript_hash: &[u8]) -> Vec<u8> {
    let (hashes, extensions) = ([vector(tree_hash), vector(confirmed_transcript_hash)].concat(), [0]);
    [&[0, 1, 0, 1][..], &vector(group_id), &epoch.to_be_bytes(), &hashes, &extensions].concat()
}

/// GroupInfo without extensions [RFC 9420 §12.4.3].
pub(crate) fn group_info(context: &[u8], confirmation_tag: &[u8], (signer, key): (u32, &[u8])) -> Vec<u8> {
    let tbs = [context, &[0], &vector(confirmation_tag), &signer.to_be_bytes()].concat();
    let signature = vector(&sign(key, "GroupInfoTBS", &tbs));
    [tbs, signature].concat()
}

/// A Commit without proposals.
pub(crate) fn path_commit(
    (group_id, epoch, context): (&[u8], u64, &[u8]),
    update_path: &[u8],
    (sender, key): (u32, &[u8]),
) -> Vec<u8> {
    let path = [&[1], update_path].concat();
    let (group_id, sender) = (group_id.to_vec(), member(sender));
    Commit { group_id, epoch, sender, authenticated_data: vec![], proposals: vec![], path }.signed(key, context)
}

/// A Commit in a PublicMessage, taken apart to be put together otherwise [RFC 9420 §6, §12.4].
#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) group_id: Vec<u8>,
    pub(crate) epoch: u64,
    /// The type, and a member's leaf.
    pub(crate) sender: Vec<u8>,
    pub(crate) authenticated_data: Vec<u8>,
    /// ProposalOrRef, each.
    pub(crate) proposals: Vec<Vec<u8>>,
    /// The octet that says whether there is a path, and the path.
    pub(crate) path: Vec<u8>,
}

/// A member as sender.
pub(crate) fn member(leaf: u32) -> Vec<u8> {
    [&[1][..], &leaf.to_be_bytes()].concat()
}

/// A Proposal by value, as ProposalOrRef.
pub(crate) fn proposal(proposal_type: u16, body: &[u8]) -> Vec<u8> {
    [&[1][..], &proposal_type.to_be_bytes(), body].concat()
}

impl Commit {
    /// Of a commit whose proposals are all of one kind of which `body` knows the length, or none.
    pub(crate) fn read(message: &[u8], read_proposal: impl Fn(&mut Reader<'_>)) -> Self {
        let mut reader = Reader(&message[4..]);
        let group_id = reader.vector().to_vec();
        let epoch = u64::from_be_bytes(reader.take(8).try_into().unwrap());
        let sender = reader.over(|reader| {
            if reader.octet() == 1 {
                reader.take(4);
            }
        });
        let authenticated_data = reader.vector().to_vec();
        assert_eq!(reader.octet(), 3, "a commit");
        let mut list = Reader(reader.vector());
        let mut proposals = Vec::new();
        while !list.0.is_empty() {
            proposals.push(list.over(&read_proposal).to_vec());
        }
        let path = reader.over(|reader| {
            if reader.octet() == 1 {
                reader.leaf_node();
                reader.vector();
            }
        });
        Self { group_id, epoch, sender: sender.to_vec(), authenticated_data, proposals, path: path.to_vec() }
    }

    /// With a signature that holds in an epoch, and tags of zeros, which nobody without secrets checks.
    pub(crate) fn signed(&self, key: &[u8], context: &[u8]) -> Vec<u8> {
        let head = [&vector(&self.group_id), &self.epoch.to_be_bytes()[..], &self.sender].concat();
        let content = [&vector(&self.authenticated_data), &[3][..], &vector(&self.proposals.concat()), &self.path].concat();
        let framed = [&[0, 1, 0, 1][..], &head, &content].concat();
        let signature = vector(&sign(key, "FramedContentTBS", &[framed.as_slice(), context].concat()));
        let tags = if self.sender[0] == 1 { vec![0; 2] } else { vec![0; 1] };
        let tags: Vec<u8> = tags.iter().flat_map(|_| vector(&[0; 32])).collect();
        [framed, signature, tags].concat()
    }
}

/// A path whose leaf has another encryption key, and a signature of its owner that holds [RFC 9420 §7.2].
pub(crate) fn path_with_key(path: &[u8], encryption_key: &[u8], (group_id, leaf): (&[u8], u32), key: &[u8]) -> Vec<u8> {
    let mut reader = Reader(&path[1..]);
    let old = reader.over(Reader::leaf_node);
    let nodes = reader.0;
    let signature = vector(&[0; 64]).len();
    let unsigned = [&vector(encryption_key), &old[33..old.len() - signature]].concat();
    let tbs = [unsigned.as_slice(), &vector(group_id), &leaf.to_be_bytes()].concat();
    [&[1], unsigned.as_slice(), &vector(&sign(key, "LeafNodeTBS", &tbs)), nodes].concat()
}

/// Octets that are read from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.take(1)[0]
    }

    pub(crate) fn vector(&mut self) -> &'a [u8] {
        let width = 1 << (self.0[0] >> 6);
        let prefix = self.take(width).iter().fold(0usize, |value, octet| value << 8 | usize::from(*octet));
        self.take(prefix & ((1 << (8 * width - 2)) - 1))
    }

    pub(crate) fn vectors(&mut self, count: usize) {
        for _ in 0..count {
            self.vector();
        }
    }

    /// What `skip` reads over.
    pub(crate) fn over(&mut self, skip: impl FnOnce(&mut Self)) -> &'a [u8] {
        let before = self.0;
        skip(self);
        &before[..before.len() - self.0.len()]
    }

    /// LeafNode [RFC 9420 §7.2].
    pub(crate) fn leaf_node(&mut self) {
        self.vectors(2);
        self.take(2);
        self.vector();
        self.vectors(5);
        match self.octet() {
            1 => drop(self.take(16)),
            3 => drop(self.vector()),
            _ => {}
        }
        self.vectors(2);
    }
}

/// A node of a tree, as it is encoded.
enum Node<'a> {
    Leaf(&'a [u8]),
    Parent(&'a [u8]),
}

/// A ratchet_tree, by node index [RFC 9420 §12.4.3.3].
pub(crate) struct Tree<'a>(Vec<Option<Node<'a>>>);

impl<'a> Tree<'a> {
    pub(crate) fn read(encoded: &'a [u8]) -> Self {
        let mut reader = Reader(Reader(encoded).vector());
        let mut nodes = Vec::new();
        while !reader.0.is_empty() {
            nodes.push((reader.octet() == 1).then(|| match reader.octet() {
                1 => Node::Leaf(reader.over(Reader::leaf_node)),
                _ => Node::Parent(reader.over(|reader| reader.vectors(3))),
            }));
        }
        // The tree is full; what is blank at its end was left out.
        let full = (nodes.len() + 1).next_power_of_two() - 1;
        nodes.resize_with(full, || None);
        Self(nodes)
    }

    /// The encryption key of a leaf.
    pub(crate) fn leaf_key(&self, leaf: usize) -> &'a [u8] {
        match &self.0[2 * leaf] {
            Some(Node::Leaf(node)) => Reader(node).vector(),
            _ => panic!("leaf {leaf} is blank"),
        }
    }

    pub(crate) fn root(&self) -> usize {
        self.0.len() / 2
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The level of a node: that many 1 bits its index ends with [RFC 9420 §C].
    fn level(index: usize) -> u32 {
        index.trailing_ones()
    }

    fn children(index: usize) -> (usize, usize) {
        let half = 1 << (Self::level(index) - 1);
        (index - half, index + half)
    }

    /// TreeHashInput, hashed [RFC 9420 §7.8].
    pub(crate) fn hash(&self, index: usize) -> Vec<u8> {
        let content = match &self.0[index] {
            Some(Node::Leaf(node) | Node::Parent(node)) => [&[1], *node].concat(),
            None => vec![0],
        };
        let input = match Self::level(index) {
            0 => [&[1][..], &(index as u32 / 2).to_be_bytes(), &content].concat(),
            _ => {
                let (left, right) = Self::children(index);
                [&[2][..], &content, &vector(&self.hash(left)), &vector(&self.hash(right))].concat()
            }
        };
        Sha256::digest(input).to_vec()
    }

    /// The resolution of a node [RFC 9420 §4.1.1].
    pub(crate) fn resolution(&self, index: usize) -> Vec<u32> {
        match &self.0[index] {
            Some(Node::Leaf(_)) => vec![index as u32],
            Some(Node::Parent(node)) => {
                let mut reader = Reader(node);
                reader.vectors(2);
                let unmerged =
                    reader.vector().chunks(4).map(|leaf| leaf.iter().fold(0, |value, octet| value << 8 | u32::from(*octet)));
                std::iter::once(index as u32).chain(unmerged.map(|leaf| 2 * leaf)).collect()
            }
            None if Self::level(index) == 0 => vec![],
            None => {
                let (left, right) = Self::children(index);
                [self.resolution(left), self.resolution(right)].concat()
            }
        }
    }
}

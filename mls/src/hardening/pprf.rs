//! A pseudorandom function whose key can be punctured: from then on it says nothing of that input, and the same of all others.
//!
//! The construction is that of Goldreich, Goldwasser and Micali: a binary tree whose nodes are secrets, each child
//! derived from its parent as in RFC 9420's secret tree. An input is the way from the root to a leaf. To puncture one, every
//! node on its way is replaced by its two children, and the leaf is let go.

use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::HashType;
use tls_codec::SecretVLBytes;
use zeroize::Zeroizing;

use crate::MlsError;
use crate::provider::Crypto;

/// Octets of a secret: KDF.Nh.
const SECRET: usize = 32;
/// Octets of an input.
pub(crate) const INPUT: usize = 8;
const DEPTH: usize = 8 * INPUT;
/// The first octets of an input name its owner.
pub(crate) const OWNER: usize = 4;
const OWNER_DEPTH: usize = 8 * OWNER;
/// So many inputs of one owner are punctured, then all that are left: so that nobody makes the tree of others grow without
/// end.
const MAX_OF_OWNER: usize = 8;

/// RFC 9420 §9.
const TREE: &str = "tree";
const SIDES: [&[u8]; 2] = [b"left", b"right"];
/// What comes of a leaf is not the leaf.
const OUTPUT: &str = "pprf";

type Secret = Zeroizing<[u8; SECRET]>;
pub(crate) type Input = [u8; INPUT];

/// The key of a punctured PRF. A secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pprf(Node);

#[derive(Clone, PartialEq, Eq)]
enum Node {
    /// Nothing below it can be derived.
    Gone,
    /// Everything below it can be.
    Whole(Secret),
    /// Something below it is gone.
    Split(Box<[Node; 2]>),
}

fn bit(input: &Input, depth: usize) -> usize {
    input.get(depth / 8).map_or(0, |octet| usize::from(octet >> (7 - depth % 8) & 1))
}

/// ExpandWithLabel(secret, label, context, KDF.Nh) [RFC 9420 §8].
fn expand(crypto: &Crypto, secret: &Secret, label: &str, context: &[u8]) -> Result<Secret, MlsError> {
    let label = ["MLS 1.0 ", label].concat();
    let lengths = [label.len() as u8, context.len() as u8];
    let info = [&[0, SECRET as u8], &lengths[..1], label.as_bytes(), &lengths[1..], context].concat();
    let expanded = crypto.hkdf_expand(HashType::Sha2_256, &**secret, &info, SECRET).map_err(MlsError::stored)?;
    secret_of(&expanded)
}

fn secret_of(octets: &SecretVLBytes) -> Result<Secret, MlsError> {
    octets.as_slice().try_into().map(Zeroizing::new).map_err(|_| MlsError::Stored("a secret of another length".to_owned()))
}

impl Pprf {
    /// A key that is not punctured yet.
    ///
    /// # Errors
    /// If the root has not KDF.Nh octets.
    pub(crate) fn rooted_in(root: &[u8]) -> Result<Self, MlsError> {
        let root = root.try_into().map_err(|_| MlsError::Stored("a root of another length".to_owned()))?;
        Ok(Self(Node::Whole(Zeroizing::new(root))))
    }

    /// The output at an input, KDF.Nh octets; none where the key is punctured.
    ///
    /// # Errors
    /// If the library fails.
    pub(crate) fn evaluate(&self, crypto: &Crypto, input: &Input) -> Result<Option<Zeroizing<Vec<u8>>>, MlsError> {
        let (mut node, mut depth) = (&self.0, 0);
        while let Node::Split(children) = node {
            node = &children[bit(input, depth)];
            depth += 1;
        }
        let Node::Whole(secret) = node else { return Ok(None) };
        let mut secret = secret.clone();
        for depth in depth..DEPTH {
            secret = expand(crypto, &secret, TREE, SIDES[bit(input, depth)])?;
        }
        Ok(Some(Zeroizing::new(expand(crypto, &secret, OUTPUT, &[])?.to_vec())))
    }

    /// Lets go of an input; of all of its owner's, if those are too many by now.
    ///
    /// # Errors
    /// If the library fails.
    pub(crate) fn puncture(&mut self, crypto: &Crypto, input: &Input) -> Result<(), MlsError> {
        self.0.puncture(crypto, input, 0)
    }

    /// As it is stored: nodes before their children, the left child first. A secret.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0.encoded_len()));
        self.0.write(&mut bytes);
        bytes
    }

    /// From what was stored.
    ///
    /// # Errors
    /// If it is something else.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Result<Self, MlsError> {
        let node = Node::read(&mut bytes, 0).filter(|_| bytes.is_empty());
        node.map(Self).ok_or_else(|| MlsError::Stored("a punctured key of an unknown form".to_owned()))
    }
}

impl Node {
    fn puncture(&mut self, crypto: &Crypto, input: &Input, depth: usize) -> Result<(), MlsError> {
        if depth == DEPTH {
            *self = Self::Gone;
            return Ok(());
        }
        if let Self::Whole(secret) = self {
            let children = [expand(crypto, secret, TREE, SIDES[0])?, expand(crypto, secret, TREE, SIDES[1])?];
            *self = Self::Split(Box::new(children.map(Self::Whole)));
        }
        let Self::Split(children) = self else { return Ok(()) };
        children[bit(input, depth)].puncture(crypto, input, depth + 1)?;
        let is_empty = children.iter().all(|child| matches!(child, Self::Gone));
        if is_empty || (depth == OWNER_DEPTH && self.punctured() >= MAX_OF_OWNER) {
            *self = Self::Gone;
        }
        Ok(())
    }

    /// How often something below was punctured.
    fn punctured(&self) -> usize {
        match self {
            Self::Gone => 1,
            Self::Whole(_) => 0,
            Self::Split(children) => children.iter().map(Self::punctured).sum(),
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Gone => 1,
            Self::Whole(_) => 1 + SECRET,
            Self::Split(children) => 1 + children.iter().map(Self::encoded_len).sum::<usize>(),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Gone => bytes.push(0),
            Self::Whole(secret) => {
                bytes.push(1);
                bytes.extend_from_slice(&**secret);
            }
            Self::Split(children) => {
                bytes.push(2);
                children.iter().for_each(|child| child.write(bytes));
            }
        }
    }

    fn read(bytes: &mut &[u8], depth: usize) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        *bytes = rest;
        match form {
            0 => Some(Self::Gone),
            1 => {
                let (secret, rest) = bytes.split_first_chunk::<SECRET>()?;
                *bytes = rest;
                Some(Self::Whole(Zeroizing::new(*secret)))
            }
            2 if depth < DEPTH => {
                let children = [Self::read(bytes, depth + 1)?, Self::read(bytes, depth + 1)?];
                Some(Self::Split(Box::new(children)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails should say where")]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn rooted(root: [u8; SECRET]) -> Pprf {
        Pprf::rooted_in(&root).unwrap()
    }

    /// Inputs that are far from each other, and next to each other.
    fn inputs() -> impl Strategy<Value = Vec<Input>> {
        let near = (any::<Input>(), 0..DEPTH).prop_map(|(input, depth)| {
            let mut other = input;
            other[depth / 8] ^= 0x80 >> (depth % 8);
            vec![input, other]
        });
        proptest::collection::vec(prop_oneof![any::<Input>().prop_map(|input| vec![input]), near], 1..6)
            .prop_map(|inputs| inputs.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn all(key: &Pprf, inputs: &[Input]) -> Vec<Option<Vec<u8>>> {
        let crypto = Crypto::default();
        inputs.iter().map(|input| key.evaluate(&crypto, input).unwrap().map(|output| output.to_vec())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_punctured_is_gone_and_all_else_is_as_before(
            root in any::<[u8; SECRET]>(),
            inputs in inputs(),
            order in any::<u64>(),
        ) {
            let (crypto, before) = (Crypto::default(), all(&rooted(root), &inputs));
            prop_assert!(before.iter().all(Option::is_some));
            let (mut punctured, mut gone) = (rooted(root), BTreeSet::new());
            for step in 0..inputs.len() {
                let index = (order as usize).wrapping_add(step) % inputs.len();
                punctured.puncture(&crypto, &inputs[index]).unwrap();
                gone.insert(index);
                let after = all(&punctured, &inputs);
                for (index, (before, after)) in before.iter().zip(&after).enumerate() {
                    prop_assert_eq!(after.as_ref(), before.as_ref().filter(|_| !gone.contains(&index)));
                }
            }
        }

        #[test]
        fn outputs_differ_by_input_and_by_root(
            one in any::<[u8; SECRET]>(),
            other in any::<[u8; SECRET]>(),
            inputs in inputs(),
        ) {
            prop_assume!(one != other);
            let outputs: BTreeSet<_> = [one, other].into_iter().flat_map(|root| all(&rooted(root), &inputs)).collect();
            prop_assert_eq!(outputs.len(), 2 * inputs.len());
        }

        #[test]
        fn the_order_of_punctures_does_not_show(root in any::<[u8; SECRET]>(), inputs in inputs()) {
            let crypto = Crypto::default();
            let (mut forth, mut back) = (rooted(root), rooted(root));
            inputs.iter().for_each(|input| forth.puncture(&crypto, input).unwrap());
            inputs.iter().rev().for_each(|input| back.puncture(&crypto, input).unwrap());
            prop_assert!(forth == back);
        }

        #[test]
        fn what_is_stored_comes_back_and_nothing_else_does(
            root in any::<[u8; SECRET]>(),
            inputs in inputs(),
            cut in any::<usize>(),
        ) {
            let crypto = Crypto::default();
            let mut key = rooted(root);
            inputs.iter().for_each(|input| key.puncture(&crypto, input).unwrap());
            let stored = key.to_bytes();
            prop_assert!(Pprf::from_bytes(&stored).unwrap() == key);
            prop_assert!(Pprf::from_bytes(&stored[..cut % stored.len()]).is_err());
            prop_assert!(Pprf::from_bytes(&[&stored[..], &[0]].concat()).is_err());
        }

        #[test]
        fn a_puncture_costs_a_secret_for_each_level_at_most(root in any::<[u8; SECRET]>(), inputs in inputs()) {
            let crypto = Crypto::default();
            let mut key = rooted(root);
            for input in inputs {
                let before = key.to_bytes().len();
                key.puncture(&crypto, &input).unwrap();
                prop_assert!(key.to_bytes().len() <= before + DEPTH * (SECRET + 2));
            }
        }
    }

    /// Somebody who commits again and again in one epoch would make the state of all others grow.
    #[test]
    fn an_owner_with_too_many_punctures_is_gone_altogether_and_others_are_not() {
        let (crypto, mut key) = (Crypto::default(), Pprf::rooted_in(&[7; SECRET]).unwrap());
        let input = |owner: u32, number: u8| -> Input {
            let mut input = [number; INPUT];
            input[..OWNER].copy_from_slice(&owner.to_be_bytes());
            input
        };
        let other = key.evaluate(&crypto, &input(4, 0)).unwrap();
        for number in 0..MAX_OF_OWNER as u8 {
            assert!(key.evaluate(&crypto, &input(5, number)).unwrap().is_some());
            key.puncture(&crypto, &input(5, number)).unwrap();
        }
        assert!(key.evaluate(&crypto, &input(5, 200)).unwrap().is_none());
        assert_eq!(key.evaluate(&crypto, &input(4, 0)).unwrap(), other);
        assert!(key.to_bytes().len() <= (OWNER_DEPTH + 1) * (SECRET + 2));
    }

    /// Computed by an implementation of HKDF that is not ours.
    #[test]
    fn an_output_is_what_the_specification_says() {
        let root: [u8; SECRET] = std::array::from_fn(|index| index as u8);
        let input = [0, 0, 0, 3, 16, 17, 18, 19];
        let output = rooted(root).evaluate(&Crypto::default(), &input).unwrap().unwrap();
        assert_eq!(hex::encode(&*output), "6635d18cc46170a4e4ffbc6dd203540681b4fcb797c6ad31f9a6d9dfb8a5976a");
    }

    /// No more than its tree may be read: a row of nothing but splits ends somewhere.
    #[test]
    fn a_tree_that_is_too_deep_is_refused() {
        assert!(Pprf::from_bytes(&[2; 4096]).is_err());
        assert!(Pprf::from_bytes(&[3]).is_err());
        assert!(Pprf::rooted_in(&[0; SECRET - 1]).is_err());
    }
}

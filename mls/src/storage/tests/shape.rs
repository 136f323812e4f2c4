//! The shape of openmls' values, by name. Rows have no names in them: if this fails after an upgrade, what is stored has
//! to be brought into the new shape, and [`Form`](super::super::Form) needs new members.

use std::collections::BTreeMap;
use std::fmt::Write;

use openmls::prelude::{KeyPackage, MlsGroup, MlsGroupCreateConfig};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::somebody;
use crate::key_package::SUITE;
use crate::storage::values::any_label_of;

/// JSON with its fields in order, and without its values.
enum Shape {
    Object(Vec<(String, Shape)>),
    Array(Vec<Shape>),
    Scalar,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

macro_rules! scalars {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Shape, E> { Ok(Shape::Scalar) })*
    };
}

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    scalars!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Shape::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        let mut found = Vec::new();
        while let Some(field) = fields.next_entry()? {
            found.push(field);
        }
        Ok(Shape::Object(found))
    }
}

impl Shape {
    fn write(&self, depth: usize, text: &mut String) {
        let items: Vec<(&str, &Self)> = match self {
            Self::Object(fields) => fields.iter().map(|(name, field)| (name.as_str(), field)).collect(),
            // The items of an array are alike; what says most of them speaks for all.
            Self::Array(items) => items.iter().max_by_key(|item| item.size()).map(|item| ("-", item)).into_iter().collect(),
            Self::Scalar => Vec::new(),
        };
        for (name, item) in items.into_iter().filter(|(name, item)| *name != "-" || item.size() > 0) {
            writeln!(text, "{:indent$}{name}", "", indent = 2 * depth).unwrap();
            item.write(depth + 1, text);
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Object(fields) => fields.len() + fields.iter().map(|(_, field)| field.size()).sum::<usize>(),
            Self::Array(items) => items.iter().map(Self::size).max().unwrap_or(0),
            Self::Scalar => 0,
        }
    }
}

/// What openmls stores of a group of two, who have talked, with a commit pending and a proposal queued.
fn shapes() -> String {
    let (provider, (signer, credential)) = (OpenMlsRustCrypto::default(), somebody("founder"));
    let config = MlsGroupCreateConfig::builder().ciphersuite(SUITE).build();
    let mut group = MlsGroup::new(&provider, &signer, &config, credential).unwrap();
    let (other, (other_signer, other_credential)) = (OpenMlsRustCrypto::default(), somebody("other"));
    let bundle = KeyPackage::builder().build(SUITE, &other, &other_signer, other_credential).unwrap();
    group.add_members(&provider, &signer, std::slice::from_ref(bundle.key_package())).unwrap();
    group.merge_pending_commit(&provider).unwrap();
    group.create_message(&provider, &signer, b"hello").unwrap();
    group.self_update(&provider, &signer, Default::default()).unwrap();
    let values = provider.storage().values.read().unwrap().clone();
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    for (key, value) in values.into_iter().chain(other.storage().values.read().unwrap().clone()) {
        let shape: Shape = serde_json::from_slice(&value).unwrap();
        shapes.insert(any_label_of(&key).to_owned(), shape);
    }
    let mut text = String::new();
    for (label, shape) in shapes {
        writeln!(text, "{label}").unwrap();
        shape.write(1, &mut text);
    }
    text
}

#[test]
fn openmls_values_have_the_shape_that_rows_rely_on() {
    assert_eq!(shapes(), include_str!("shape.txt"), "openmls stores other values than 0.9.2 did");
}

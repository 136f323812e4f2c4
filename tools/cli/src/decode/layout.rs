//! How octets are laid out, as data, in the words of the presentation language [RFC 8446 §3, RFC 9420 §2.1]: each
//! structure once, by its draft's names, with the section that it comes from. [`Part::read`] follows it.

use causeway_drafts::numbers::{self, Registry};

use super::reader::{Read, Reader};
use super::tree::{Origin, Tree};

pub(super) const PROTOCOL: &str = "mimi-protocol-06";
pub(super) const POLICY: &str = "mimi-room-policy-04";
pub(super) const CONTENT: &str = "mimi-content-09";
pub(super) const MORE_EXTENSIONS: &str = "mimi-content-more-extensions-00";
pub(super) const STATUS: &str = "mimi-message-status-01";
pub(super) const EXTENSIONS: &str = "mls-extensions-09";
pub(super) const TREE_OPTIONS: &str = "mls-ratchet-tree-options-04";
pub(super) const MLS: &str = "RFC 9420";
/// What is the gateway's own.
pub(super) const SPEC: &str = "SPEC";

/// A structure of a draft: its fields in the order of the wire.
pub(super) struct Structure {
    pub(super) origin: Origin,
    fields: &'static [Field],
}

impl Structure {
    pub(super) const fn new(origin: (&'static str, &'static str, &'static str), fields: &'static [Field]) -> Self {
        let (structure, draft, section) = origin;
        Self { origin: Origin { structure, draft, section }, fields }
    }
}

/// A field, or fields that another one before them selects.
pub(super) enum Field {
    Is(&'static str, Part),
    /// The fields of another structure, without a name before them.
    As(&'static Structure),
    /// `select (…) { case …: … }`: what is selected by, from here; the values; the fields.
    Case(&'static str, &'static [&'static str], &'static [Field]),
    /// `opaque …<V>` that holds something else; what, the fields before it say. Octets where that is not known.
    Inside(&'static str, fn(&Tree, &[u8]) -> Option<Tree>),
}

/// What stands in a field.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// An unsigned number of so many octets.
    Number(usize),
    /// A number of two octets that a registry names; others are kept.
    Code(fn(u16) -> Option<&'static str>),
    /// An enumeration of so many octets; others are refused.
    Enum(usize, &'static [(u64, &'static str)]),
    /// 0 or 1.
    Bool,
    /// `opaque …[N]`
    Fixed(usize),
    /// `opaque …<V>`
    Opaque,
    /// `opaque …<V>` that is text.
    Text,
    /// `optional<T>`
    Optional(&'static Part),
    /// `T …<V>`
    Each(&'static Part),
    /// One after the other, to the end.
    Many(&'static Part),
    Of(&'static Structure),
    /// What is read in a way of its own.
    By(fn(&mut Reader<'_>) -> Read<Tree>),
}

impl Part {
    pub(super) const U8: Self = Self::Number(1);
    pub(super) const U16: Self = Self::Number(2);
    pub(super) const U32: Self = Self::Number(4);
    pub(super) const U64: Self = Self::Number(8);
    pub(super) const CIPHER_SUITE: Self = Self::Code(cipher_suite);
    pub(super) const COMPONENT: Self = Self::Code(|value| registered(Registry::Component, value));
    pub(super) const CREDENTIAL_TYPE: Self = Self::Code(|value| registered(Registry::Credential, value));
    pub(super) const EXTENSION_TYPE: Self = Self::Code(|value| registered(Registry::Extension, value));
    pub(super) const PROPOSAL_TYPE: Self = Self::Code(|value| registered(Registry::Proposal, value));
    pub(super) const WIRE_FORMAT: Self = Self::Code(|value| registered(Registry::WireFormat, value));

    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Read<Tree> {
        match self {
            Self::Number(octets) => reader.number(*octets).map(Tree::Number),
            Self::Code(name) => {
                let value = u16::from_be_bytes(reader.fixed()?);
                Ok(Tree::text(format!("{value:#06x} {}", name(value).unwrap_or(UNKNOWN))))
            }
            Self::Enum(octets, values) => reader.one_of(*octets, values).map(Tree::text),
            Self::Bool => reader.one_of(1, &[(0, "false"), (1, "true")]).map(|value| Tree::Bool(value == "true")),
            Self::Fixed(octets) => reader.take(*octets).map(|octets| Tree::Octets(octets.to_vec())),
            Self::Opaque => reader.vector().map(|octets| Tree::Octets(octets.to_vec())),
            Self::Text => reader.vector().map(Tree::text_or_octets),
            Self::Optional(part) => match reader.one_of(1, &[(0, "absent"), (1, "present")])? {
                "present" => part.read(reader),
                _ => Ok(Tree::Nothing),
            },
            Self::Each(part) => reader.each(part),
            Self::Many(part) => reader.until_end(part),
            Self::Of(structure) => structure.read(reader),
            Self::By(read) => read(reader),
        }
    }
}

impl Structure {
    fn read(&self, reader: &mut Reader<'_>) -> Read<Tree> {
        let mut tree = Tree::Fields(Some(self.origin), Vec::new());
        read_fields(self.fields, &mut tree, reader)?;
        Ok(tree)
    }

    /// What octets are that this structure fills.
    pub(super) fn of(&'static self, octets: &[u8]) -> Option<Tree> {
        super::reader::whole(octets, &Part::Of(self)).ok()
    }
}

fn read_fields(fields: &[Field], tree: &mut Tree, reader: &mut Reader<'_>) -> Read<()> {
    for field in fields {
        match field {
            Field::Is(name, part) => {
                let value = reader.named(name, |reader| part.read(reader))?;
                tree.push(name, value);
            }
            Field::As(other) => read_fields(other.fields, tree, reader)?,
            Field::Case(by, values, selected) => {
                if tree.find(by).and_then(Tree::name).is_some_and(|name| values.contains(&name)) {
                    read_fields(selected, tree, reader)?;
                }
            }
            Field::Inside(name, look) => {
                let octets = reader.named(name, Reader::vector)?;
                let value = look(tree, octets).unwrap_or_else(|| Tree::Octets(octets.to_vec()));
                tree.push(name, value);
            }
        }
    }
    Ok(())
}

/// The name of a value that no registry has here.
pub(super) const UNKNOWN: &str = "unknown";

fn registered(registry: Registry, value: u16) -> Option<&'static str> {
    numbers::code_point(registry, value).map(|point| point.name)
}

fn cipher_suite(value: u16) -> Option<&'static str> {
    match value {
        0x0001 => Some("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"),
        0x0002 => Some("MLS_128_DHKEMP256_AES128GCM_SHA256_P256"),
        0x0003 => Some("MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"),
        0x0004 => Some("MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448"),
        0x0005 => Some("MLS_256_DHKEMP521_AES256GCM_SHA512_P521"),
        0x0006 => Some("MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448"),
        0x0007 => Some("MLS_256_DHKEMP384_AES256GCM_SHA384_P384"),
        _ => None,
    }
}

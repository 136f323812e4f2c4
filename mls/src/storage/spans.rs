//! Where the elements of an encoded array begin and end. MessagePack says so by itself; nothing here knows what they mean.

use rmp::Marker;

/// What is stored is not what it has to be.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, reason = "tests look at openmls' own view"))]
pub enum Unreadable {
    /// It is not what this version writes, nor the one before.
    #[error("a value has another shape than openmls 0.9.2 gives it")]
    Shape,
    /// A node that something refers to is not there.
    #[error("a node of the public state is missing")]
    Missing,
    /// It does not decode, or not encode.
    #[error("a value is none of openmls 0.9.2's: {0}")]
    Codec(String),
}

impl Unreadable {
    pub(super) fn codec(error: impl std::fmt::Display) -> Self {
        Self::Codec(error.to_string())
    }
}

/// The elements of an array, each as it is encoded.
pub(crate) fn elements(mut encoded: &[u8]) -> Result<Vec<&[u8]>, Unreadable> {
    let input = &mut encoded;
    let count = match Marker::from_u8(byte(input)?) {
        Marker::FixArray(count) => usize::from(count),
        Marker::Array16 => length(input, 2)?,
        Marker::Array32 => length(input, 4)?,
        _ => return Err(Unreadable::Shape),
    };
    let mut elements = Vec::with_capacity(count.min(input.len()));
    for _ in 0..count {
        elements.push(value(input)?);
    }
    if input.is_empty() { Ok(elements) } else { Err(Unreadable::Shape) }
}

/// The elements of an array that has so many.
pub(crate) fn exactly<const N: usize>(encoded: &[u8]) -> Result<[&[u8]; N], Unreadable> {
    elements(encoded)?.try_into().map_err(|_| Unreadable::Shape)
}

/// An array of what is encoded already.
pub(crate) fn array<'a>(count: usize, elements: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut encoded = Vec::new();
    push_array(&mut encoded, count, elements);
    encoded
}

pub(crate) fn push_array<'a>(encoded: &mut Vec<u8>, count: usize, elements: impl IntoIterator<Item = &'a [u8]>) {
    match (u8::try_from(count), u16::try_from(count)) {
        (Ok(count), _) if count < 16 => encoded.push(Marker::FixArray(count).to_u8()),
        (_, Ok(count)) => {
            encoded.push(Marker::Array16.to_u8());
            encoded.extend(count.to_be_bytes());
        }
        _ => {
            encoded.push(Marker::Array32.to_u8());
            encoded.extend((count as u32).to_be_bytes());
        }
    }
    elements.into_iter().for_each(|element| encoded.extend(element));
}

/// The same value with zeros for octets.
pub(crate) fn blank(encoded: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (mut blank, mut rest) = (encoded.to_vec(), encoded);
    while let Some(marker) = rest.first().copied().map(Marker::from_u8) {
        let (skip, _) = head(&mut rest)?;
        let start = encoded.len() - rest.len();
        rest = rest.get(skip..).ok_or(Unreadable::Shape)?;
        if matches!(marker, Marker::Bin8 | Marker::Bin16 | Marker::Bin32) {
            blank.iter_mut().skip(start).take(skip).for_each(|octet| *octet = 0);
        }
    }
    Ok(blank)
}

fn byte(input: &mut &[u8]) -> Result<u8, Unreadable> {
    let (first, rest) = input.split_first().ok_or(Unreadable::Shape)?;
    *input = rest;
    Ok(*first)
}

fn length(input: &mut &[u8], octets: usize) -> Result<usize, Unreadable> {
    (0..octets).try_fold(0, |length, _| Ok(length << 8 | usize::from(byte(input)?)))
}

/// One value off the front.
fn value<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let whole = *input;
    let mut left = 1usize;
    while left > 0 {
        left -= 1;
        let (skip, inside) = head(input)?;
        left = left.checked_add(inside).ok_or(Unreadable::Shape)?;
        *input = input.get(skip..).ok_or(Unreadable::Shape)?;
    }
    whole.get(..whole.len() - input.len()).ok_or(Unreadable::Shape)
}

/// How many octets and how many values follow a value's head.
fn head(input: &mut &[u8]) -> Result<(usize, usize), Unreadable> {
    Ok(match Marker::from_u8(byte(input)?) {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => (0, 0),
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 => (2, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixStr(length) => (usize::from(length), 0),
        Marker::Str8 | Marker::Bin8 => (length(input, 1)?, 0),
        Marker::Str16 | Marker::Bin16 => (length(input, 2)?, 0),
        Marker::Str32 | Marker::Bin32 => (length(input, 4)?, 0),
        Marker::FixArray(count) => (0, usize::from(count)),
        Marker::Array16 => (0, length(input, 2)?),
        Marker::Array32 => (0, length(input, 4)?),
        Marker::FixMap(count) => (0, 2 * usize::from(count)),
        Marker::Map16 => (0, 2 * length(input, 2)?),
        Marker::Map32 => (0, 2 * length(input, 4)?),
        // serde has no use for the others.
        _ => return Err(Unreadable::Shape),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{array, elements};

    fn encoded() -> impl Strategy<Value = Vec<u8>> {
        let octets = proptest::collection::vec(any::<u8>(), 0..300).prop_map(serde_bytes::ByteBuf::from);
        let map = proptest::collection::btree_map(".{0,40}", any::<Option<i64>>(), 0..20);
        (octets, map, any::<(u64, bool, f64, Option<u8>)>(), proptest::collection::vec(any::<u32>(), 0..40))
            .prop_map(|value| rmp_serde::to_vec(&value).unwrap())
    }

    proptest! {
        #[test]
        fn an_array_is_its_elements(values in proptest::collection::vec(encoded(), 0..40)) {
            let whole = array(values.len(), values.iter().map(Vec::as_slice));
            prop_assert_eq!(elements(&whole).unwrap(), values.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }

        #[test]
        fn what_is_cut_off_or_added_is_refused(value in encoded(), cut in any::<proptest::sample::Index>()) {
            let whole = array(1, [value.as_slice()]);
            prop_assert!(elements(&whole[..cut.index(whole.len())]).is_err());
            prop_assert!(elements(&[whole, vec![0]].concat()).is_err());
        }
    }
}

//! Lists of octet strings in serde's data model, where serde by itself would make lists of numbers of them: `#[serde(with = …)]`.
//! What was stored as numbers is read, too.

use serde::{Deserialize, Deserializer, Serializer};
use serde_bytes::{ByteBuf, Bytes};

pub(crate) fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|octets| Bytes::new(octets)))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    Ok(Vec::<ByteBuf>::deserialize(deserializer)?.into_iter().map(ByteBuf::into_vec).collect())
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct AsOctets(#[serde(with = "crate::octets")] Vec<Vec<u8>>);

    #[test]
    fn octets_are_written_as_such_and_numbers_are_read_too() {
        let list = vec![vec![1, 200, 255], vec![], vec![7; 300]];
        let (octets, numbers) = (rmp_serde::to_vec(&AsOctets(list.clone())).unwrap(), rmp_serde::to_vec(&list).unwrap());
        assert_eq!(octets.len(), 1 + (2 + 3) + 2 + (3 + 300));
        for stored in [octets, numbers] {
            assert_eq!(rmp_serde::from_slice::<AsOctets>(&stored).unwrap().0, list);
        }
    }
}

//! Text on the wire: the `string` of [mimi-protocol-06 §5].

use std::io::{Read, Write};
use std::str::FromStr;

use tls_codec::{Deserialize, Error, Serialize, Size, VLByteSlice, VLBytes};

use crate::decode::refuse;

/// `string`, which the drafts do not define: UTF-8 in a vector [mimi-protocol-06 §5] (G-11).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Size for Text {
    fn tls_serialized_len(&self) -> usize {
        VLByteSlice(self.0.as_bytes()).tls_serialized_len()
    }
}

impl Serialize for Text {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        VLByteSlice(self.0.as_bytes()).tls_serialize(writer)
    }
}

impl Deserialize for Text {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        String::from_utf8(VLBytes::tls_deserialize(bytes)?.into()).map(Self).map_err(|error| {
            let back = error.as_bytes().len() - error.utf8_error().valid_up_to();
            refuse(back, "not UTF-8")
        })
    }
}

/// Makes a value of text that was just read.
pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: T::Err| refuse(text.len(), error.to_string()))
}

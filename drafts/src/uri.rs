//! `Uri`: any URI, by the syntax of [RFC 3986 §3] [mimi-protocol-06 §7.6, mimi-room-policy-04 Appendix B].

use std::fmt;
use std::io::{Read, Write};
use std::str::FromStr;

use tls_codec::{Deserialize, Error, Serialize, Size, VLByteSlice};

use crate::text::{Text, parsed};

/// A URI with a scheme [RFC 3986 §3]; what the scheme makes of the rest is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(String);

/// Text that is no URI [RFC 3986 §3].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a URI with a scheme, in ASCII and correctly percent-encoded")]
pub struct NotAUri;

impl Uri {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its scheme, as written.
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

impl FromStr for Uri {
    type Err = NotAUri;

    fn from_str(text: &str) -> Result<Self, NotAUri> {
        let (scheme, rest) = text.split_once(':').ok_or(NotAUri)?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let fits = is_scheme(scheme) && has_only(authority, "[]") && has_only(path, "/?") && has_only(fragment, "/?");
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAUri) }
    }
}

fn is_scheme(scheme: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(rest)
}

/// `pchar` and some more.
fn has_only(part: &str, more: &str) -> bool {
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let is_hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        let fits = match byte {
            b'%' => is_hex(bytes.next()) && is_hex(bytes.next()),
            other => other.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&other) || more.as_bytes().contains(&other),
        };
        if !fits {
            return false;
        }
    }
    true
}

impl AsRef<str> for Uri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Size for Uri {
    fn tls_serialized_len(&self) -> usize {
        VLByteSlice(self.0.as_bytes()).tls_serialized_len()
    }
}

impl Serialize for Uri {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        VLByteSlice(self.0.as_bytes()).tls_serialize(writer)
    }
}

impl Deserialize for Uri {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        parsed(Text::tls_deserialize(bytes)?.as_str())
    }
}

//! `mimi://` URIs as validated types [mimi-protocol-06 §3].
//!
//! The draft calls its syntax notional (G-07). Here: the authority is a lower-case DNS name without port; a path
//! segment is percent-encoded UTF-8 in its one canonical form (unreserved characters literal, everything else
//! `%HH` in upper case), case-sensitive, never `.` or `..`; no userinfo, port, query or fragment.
//!
//! A URI is normalised when it is made and refused when it comes in another form, so that equality of URIs is equality
//! of bytes everywhere: in the participant list, in credentials, in message ids.
//!
//! | what | form |
//! |---|---|
//! | provider | `mimi://a.example` |
//! | user | `mimi://a.example/u/alice` |
//! | client | `mimi://a.example/d/alice/phone` |
//! | room | `mimi://a.example/r/clubhouse` |
//! | group | `mimi://a.example/g/clubhouse` |

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::text::{Text, parsed};

/// A URI [mimi-protocol-06 §3] may have this many octets. A Matrix user id has up to 255, each of them up to three when encoded, and stands
/// below a domain of up to 253: every Matrix user has to have a name here.
pub const MAX_URI_OCTETS: usize = 2048;

/// RFC 3986 unreserved characters stay literal.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name in a vector, checked when it is read.
macro_rules! on_the_wire {
    ($name:ident) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl tls_codec::Size for $name {
            fn tls_serialized_len(&self) -> usize {
                tls_codec::VLByteSlice(self.0.as_bytes()).tls_serialized_len()
            }
        }

        impl tls_codec::Serialize for $name {
            fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, tls_codec::Error> {
                tls_codec::VLByteSlice(self.0.as_bytes()).tls_serialize(writer)
            }
        }

        impl tls_codec::Deserialize for $name {
            fn tls_deserialize<R: std::io::Read>(bytes: &mut R) -> Result<Self, tls_codec::Error> {
                parsed(Text::tls_deserialize(bytes)?.as_str())
            }
        }
    };
}

/// Why text is not a URI of the wanted kind [mimi-protocol-06 §3].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Not `mimi://`.
    #[error("G-07: not a mimi:// URI")]
    Scheme,
    /// The authority is not a lower-case DNS name.
    #[error("G-07: the authority is not a lower-case DNS name without port")]
    Domain,
    /// The path is not of the wanted kind.
    #[error("G-07: the path is not {0}")]
    Path(&'static str),
    /// A segment is empty, a dot segment, not UTF-8, or not in its canonical percent-encoding.
    #[error("G-07: a path segment is empty, `.`, `..` or not canonically percent-encoded")]
    Segment,
    /// Too long.
    #[error("G-07: longer than {MAX_URI_OCTETS} octets")]
    TooLong,
}

/// A provider's domain [mimi-protocol-06 §3]: a lower-case DNS name of at least two labels, no port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderDomain(String);

impl ProviderDomain {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

impl FromStr for ProviderDomain {
    type Err = UriError;

    fn from_str(name: &str) -> Result<Self, UriError> {
        let is_name = name.len() <= 253 && name.contains('.') && name.split('.').all(is_label);
        let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
        if is_name && !is_address { Ok(Self(name.to_owned())) } else { Err(UriError::Domain) }
    }
}

impl fmt::Display for ProviderDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProviderDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for ProviderDomain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ProviderDomain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

on_the_wire!(ProviderDomain);

/// Splits and checks a URI: its domain and its decoded path segments.
fn parse(text: &str) -> Result<(ProviderDomain, Vec<String>), UriError> {
    if text.len() > MAX_URI_OCTETS {
        return Err(UriError::TooLong);
    }
    let rest = text.strip_prefix("mimi://").ok_or(UriError::Scheme)?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let domain = domain.parse()?;
    let segments = path.map(|path| path.split('/').map(decode_segment).collect()).transpose()?.unwrap_or_default();
    Ok((domain, segments))
}

fn decode_segment(segment: &str) -> Result<String, UriError> {
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| UriError::Segment)?.into_owned();
    // RFC 3986 §6.2.2.3 removes dot segments, encoded or not: as a name they would be another URI elsewhere.
    let is_dots = matches!(segment, "." | "..");
    if decoded.is_empty() || is_dots || encode_segment(&decoded) != segment {
        return Err(UriError::Segment);
    }
    Ok(decoded)
}

fn encode_segment(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// The domain of a URI that was checked when it was made, or made from a domain.
fn domain_of(uri: &str) -> ProviderDomain {
    let rest = uri.strip_prefix("mimi://").unwrap_or_default();
    ProviderDomain(rest.split('/').next().unwrap_or_default().to_owned())
}

/// A path segment of a checked URI, decoded; the kind (`u`, `d`, …) is segment 0. Total, because names that peers
/// chose pass here: no URI, however it was made, brings the process down.
fn segment_of(uri: &str, index: usize) -> String {
    let segment = uri.strip_prefix("mimi://").and_then(|rest| rest.split('/').nth(index + 1)).unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

macro_rules! uri_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:pat) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The URI.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The provider that the URI belongs to.
            pub fn provider(&self) -> ProviderDomain {
                domain_of(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = UriError;

            fn from_str(text: &str) -> Result<Self, UriError> {
                let (_, segments) = parse(text)?;
                let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                match segments.as_slice() {
                    $pattern => Ok(Self(text.into())),
                    _ => Err(UriError::Path($what)),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        on_the_wire!($name);
    };
}

uri_type!(
    /// A user.
    UserUri, "/u/<user>", ["u", _]
);
uri_type!(
    /// A client (device) of a user.
    ClientUri, "/d/<user>/<client>", ["d", _, _]
);
uri_type!(
    /// A room; its authority is the hub.
    RoomUri, "/r/<room>", ["r", _]
);
uri_type!(
    /// The MLS group of a room.
    GroupUri, "/g/<group>", ["g", _]
);
uri_type!(
    /// A provider.
    ProviderUri, "empty", []
);
uri_type!(
    /// Any of them [mimi-protocol-06 §5.2 IdentifierUri].
    IdentifierUri, "a known kind", [] | ["u" | "r" | "g", _] | ["d", _, _]
);

impl UserUri {
    /// The URI of a user, by its name at the provider (decoded). For names of our own; see [`UserUri::checked`].
    pub fn new(provider: &ProviderDomain, user: &str) -> Self {
        Self(format!("mimi://{provider}/u/{}", encode_segment(user)).into())
    }

    /// The URI of a user whose name a peer chose.
    ///
    /// # Errors
    /// If there is no URI for the name: it is empty, `.`, `..` or too long.
    pub fn checked(provider: &ProviderDomain, user: &str) -> Result<Self, UriError> {
        Self::new(provider, user).as_str().parse()
    }

    /// The user's name, decoded.
    pub fn user(&self) -> String {
        segment_of(&self.0, 1)
    }
}

impl ClientUri {
    /// The URI of a user's client.
    pub fn new(user: &UserUri, client: &str) -> Self {
        Self(format!("mimi://{}/d/{}/{}", user.provider(), encode_segment(&user.user()), encode_segment(client)).into())
    }

    /// The URI of a client whose name a peer chose.
    ///
    /// # Errors
    /// If there is no URI for the name.
    pub fn checked(user: &UserUri, client: &str) -> Result<Self, UriError> {
        Self::new(user, client).as_str().parse()
    }

    /// The user whose client it is.
    pub fn user_uri(&self) -> UserUri {
        UserUri::new(&self.provider(), &segment_of(&self.0, 1))
    }

    /// The client's name, decoded.
    pub fn client(&self) -> String {
        segment_of(&self.0, 2)
    }
}

impl RoomUri {
    /// The URI of a room at its hub.
    pub fn new(hub: &ProviderDomain, id: &str) -> Self {
        Self(format!("mimi://{hub}/r/{}", encode_segment(id)).into())
    }

    /// The room's name, decoded.
    pub fn id(&self) -> String {
        segment_of(&self.0, 1)
    }
}

impl GroupUri {
    /// The URI of a room's group.
    pub fn new(hub: &ProviderDomain, id: &str) -> Self {
        Self(format!("mimi://{hub}/g/{}", encode_segment(id)).into())
    }

    /// The group's name, decoded.
    pub fn id(&self) -> String {
        segment_of(&self.0, 1)
    }
}

impl ProviderUri {
    /// The URI of a provider.
    pub fn new(provider: &ProviderDomain) -> Self {
        Self(format!("mimi://{provider}").into())
    }
}

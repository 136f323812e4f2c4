//! How the structures of the drafts get their encoding [RFC 8446 §3, RFC 9420 §2.1]: the fields in the order of the wire, once, with the draft's name
//! where it is not ours. Errors name the fields by it.

/// `structure!(Type { field, other as "draftsName", list[], flag[octet] })`: `[]` is a vector, `[flat]` a structure
/// whose fields the draft writes without a name before them, `[codec]` a module that reads and writes the field.
macro_rules! structure {
    ($type:ident { $($field:ident $([$($codec:ident)?])? $(as $name:literal)?),* $(,)? }) => {
        impl ::tls_codec::Size for $type {
            fn tls_serialized_len(&self) -> usize {
                0 $(+ $crate::structure::wire!(len &self.$field, $([$($codec)?])?))*
            }
        }

        impl ::tls_codec::Serialize for $type {
            fn tls_serialize<W: ::std::io::Write>(&self, writer: &mut W) -> Result<usize, ::tls_codec::Error> {
                Ok(0 $(+ $crate::structure::wire!(write &self.$field, writer, $([$($codec)?])?)?)*)
            }
        }

        impl ::tls_codec::Deserialize for $type {
            fn tls_deserialize<R: ::std::io::Read>(bytes: &mut R) -> Result<Self, ::tls_codec::Error> {
                Ok(Self {
                    $($field: $crate::structure::wire!(
                        read bytes, $crate::structure::wire!(name $field $($name)?), $([$($codec)?])?
                    )?,)*
                })
            }
        }
    };
}

/// `choice!(Type as "draftsName" { 0 => One { field, list[] }, 1 => Two(inner[flat]), 2 => Three })`: an enumeration of one
/// octet with what depends on it. Where other fields stand in between, `read_code` and `read_case` are called apart.
macro_rules! choice {
    ($type:ident as $tag:literal {
        $($code:literal => $variant:ident
            $(($inner:ident $([$($inner_codec:ident)?])? $(as $inner_name:literal)?))?
            $({ $($field:ident $([$($codec:ident)?])? $(as $name:literal)?),* $(,)? })?
        ),* $(,)?
    }) => {
        #[allow(dead_code, reason = "most choices are read and written as a whole")]
        impl $type {
            /// The octet.
            pub(crate) fn code(&self) -> u8 {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }

            pub(crate) fn case_len(&self) -> usize {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        0 $(+ $crate::structure::wire!(len $inner, $([$($inner_codec)?])?))?
                        $($(+ $crate::structure::wire!(len $field, $([$($codec)?])?))*)?
                    })*
                }
            }

            pub(crate) fn write_case<W: ::std::io::Write>(&self, writer: &mut W) -> Result<usize, ::tls_codec::Error> {
                let _ = &writer;
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => Ok(
                        0 $(+ $crate::structure::wire!(write $inner, writer, $([$($inner_codec)?])?)?)?
                        $($(+ $crate::structure::wire!(write $field, writer, $([$($codec)?])?)?)*)?
                    ),)*
                }
            }

            pub(crate) fn read_code<R: ::std::io::Read>(bytes: &mut R) -> Result<u8, ::tls_codec::Error> {
                let code = $crate::decode::field($tag, bytes)?;
                match [$($code),*].contains(&code) {
                    true => Ok(code),
                    false => $crate::decode::within($tag, Err($crate::decode::unknown(code))),
                }
            }

            pub(crate) fn read_case<R: ::std::io::Read>(code: u8, bytes: &mut R) -> Result<Self, ::tls_codec::Error> {
                let _ = &bytes;
                match code {
                    $($code => {
                        $(let $inner = $crate::structure::wire!(
                            read bytes, $crate::structure::wire!(name $inner $($inner_name)?), $([$($inner_codec)?])?
                        )?;)?
                        $($(let $field = $crate::structure::wire!(
                            read bytes, $crate::structure::wire!(name $field $($name)?), $([$($codec)?])?
                        )?;)*)?
                        Ok(Self::$variant $(($inner))? $({ $($field),* })?)
                    })*
                    other => $crate::decode::within($tag, Err($crate::decode::unknown(other))),
                }
            }
        }

        impl ::tls_codec::Size for $type {
            fn tls_serialized_len(&self) -> usize {
                1 + self.case_len()
            }
        }

        impl ::tls_codec::Serialize for $type {
            fn tls_serialize<W: ::std::io::Write>(&self, writer: &mut W) -> Result<usize, ::tls_codec::Error> {
                Ok(::tls_codec::Serialize::tls_serialize(&self.code(), writer)? + self.write_case(writer)?)
            }
        }

        impl ::tls_codec::Deserialize for $type {
            fn tls_deserialize<R: ::std::io::Read>(bytes: &mut R) -> Result<Self, ::tls_codec::Error> {
                let code = Self::read_code(bytes)?;
                Self::read_case(code, bytes)
            }
        }
    };
}

/// What [`structure!`] and [`choice!`] do with one field.
macro_rules! wire {
    (len $value:expr, $([])?) => {
        ::tls_codec::Size::tls_serialized_len($value)
    };
    (len $value:expr, [flat]) => {
        ::tls_codec::Size::tls_serialized_len($value)
    };
    (len $value:expr, [$codec:ident]) => {
        $codec::tls_serialized_len($value)
    };
    (write $value:expr, $writer:ident, $([])?) => {
        ::tls_codec::Serialize::tls_serialize($value, $writer)
    };
    (write $value:expr, $writer:ident, [flat]) => {
        ::tls_codec::Serialize::tls_serialize($value, $writer)
    };
    (write $value:expr, $writer:ident, [$codec:ident]) => {
        $codec::tls_serialize($value, $writer)
    };
    (read $bytes:ident, $name:expr,) => {
        $crate::decode::field($name, $bytes)
    };
    (read $bytes:ident, $name:expr, []) => {
        $crate::decode::within($name, $crate::decode::vector($bytes))
    };
    (read $bytes:ident, $name:expr, [flat]) => {
        ::tls_codec::Deserialize::tls_deserialize($bytes)
    };
    (read $bytes:ident, $name:expr, [$codec:ident]) => {
        $crate::decode::within($name, $codec::tls_deserialize($bytes))
    };
    (name $field:ident) => {
        stringify!($field)
    };
    (name $field:ident $name:literal) => {
        $name
    };
}

pub(crate) use {choice, structure, wire};

/// `optional<T x<V>>`: a presence octet before a whole vector (G-58).
pub(crate) mod optional_vector {
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use crate::decode::{refuse, vector};

    pub(crate) fn tls_serialized_len<T: Size>(value: &Option<Vec<T>>) -> usize {
        value.tls_serialized_len()
    }

    pub(crate) fn tls_serialize<T: Serialize + std::fmt::Debug, W: Write>(
        value: &Option<Vec<T>>,
        writer: &mut W,
    ) -> Result<usize, Error> {
        value.tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<T: Deserialize, R: Read>(bytes: &mut R) -> Result<Option<Vec<T>>, Error> {
        match u8::tls_deserialize(bytes)? {
            0 => Ok(None),
            1 => vector(bytes).map(Some),
            other => Err(refuse(1, format!("{other} is no presence octet, which is 0 or 1"))),
        }
    }
}

/// `optional<T>`: a presence octet, then the value or nothing [RFC 9420 §2.1.1].
pub(crate) mod optional {
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use crate::decode::refuse;

    pub(crate) fn tls_serialized_len<T: Size>(value: &Option<T>) -> usize {
        value.tls_serialized_len()
    }

    pub(crate) fn tls_serialize<T: Serialize, W: Write>(value: &Option<T>, writer: &mut W) -> Result<usize, Error> {
        value.tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<T: Deserialize, R: Read>(bytes: &mut R) -> Result<Option<T>, Error> {
        match u8::tls_deserialize(bytes)? {
            0 => Ok(None),
            1 => T::tls_deserialize(bytes).map(Some),
            other => Err(refuse(1, format!("{other} is no presence octet, which is 0 or 1"))),
        }
    }
}

/// A vector that the draft wants not to be empty (P-021, P-128).
pub(crate) mod at_least_one {
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use crate::decode::{refuse, vector};

    pub(crate) fn tls_serialized_len<T: Size>(list: &Vec<T>) -> usize {
        list.tls_serialized_len()
    }

    pub(crate) fn tls_serialize<T: Serialize + std::fmt::Debug, W: Write>(list: &Vec<T>, writer: &mut W) -> Result<usize, Error> {
        list.tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<T: Deserialize, R: Read>(bytes: &mut R) -> Result<Vec<T>, Error> {
        match vector(bytes)? {
            list if list.is_empty() => Err(refuse(1, "the list is empty")),
            list => Ok(list),
        }
    }
}

/// `enum { false(0), true(1) } bool`; no other octet is one.
pub(crate) mod octet {
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize};

    use crate::decode::unknown;

    pub(crate) fn tls_serialized_len(_: &bool) -> usize {
        1
    }

    pub(crate) fn tls_serialize<W: Write>(value: &bool, writer: &mut W) -> Result<usize, Error> {
        u8::from(*value).tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<bool, Error> {
        match u8::tls_deserialize(bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(unknown(other)),
        }
    }
}

/// A name that may be missing without a presence octet: then it is empty.
pub(crate) mod empty_or {
    use std::io::{Read, Write};
    use std::str::FromStr;

    use tls_codec::{Deserialize, Error, Serialize, Size, VLByteSlice};

    use crate::text::{Text, parsed};

    fn octets<T: AsRef<str>>(value: &Option<T>) -> VLByteSlice<'_> {
        VLByteSlice(value.as_ref().map_or("", AsRef::as_ref).as_bytes())
    }

    pub(crate) fn tls_serialized_len<T: AsRef<str>>(value: &Option<T>) -> usize {
        octets(value).tls_serialized_len()
    }

    pub(crate) fn tls_serialize<T: AsRef<str>, W: Write>(value: &Option<T>, writer: &mut W) -> Result<usize, Error> {
        octets(value).tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<T, R: Read>(bytes: &mut R) -> Result<Option<T>, Error>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = Text::tls_deserialize(bytes)?;
        if text.as_str().is_empty() { Ok(None) } else { parsed(text.as_str()).map(Some) }
    }
}

//! Reads TLS presentation language [RFC 8446 §3, RFC 9420 §2.1] step by step, and knows where it is: the codec of the
//! gateway decides what is valid, this says where something is not, and shows what there is.

use super::tree::Tree;

/// Where reading stopped, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// The octet that could not be read on from.
    pub(super) offset: usize,
    /// The names of the structures around it, outermost first.
    pub(super) place: String,
    /// What was expected.
    pub(super) why: String,
}

pub(super) type Read<T> = Result<T, Stop>;

/// Reads one part of a structure.
pub(super) type Part = fn(&mut Reader<'_>) -> Read<Tree>;

/// Octets, and a place in them.
pub(super) struct Reader<'b> {
    octets: &'b [u8],
    at: usize,
    end: usize,
    place: Vec<&'static str>,
}

/// Reads a structure that fills all octets.
pub(super) fn whole(octets: &[u8], part: Part) -> Read<Tree> {
    let mut reader = Reader { octets, at: 0, end: octets.len(), place: Vec::new() };
    let tree = part(&mut reader)?;
    match reader.end - reader.at {
        0 => Ok(tree),
        left => Err(reader.stop(format!("{left} octets follow the structure"))),
    }
}

impl<'b> Reader<'b> {
    pub(super) fn stop(&self, why: impl Into<String>) -> Stop {
        Stop { offset: self.at, place: self.place.join("."), why: why.into() }
    }

    fn take(&mut self, length: usize) -> Read<&'b [u8]> {
        let left = self.end - self.at;
        if length > left {
            return Err(self.stop(format!("{length} octets are wanted, {left} are left")));
        }
        let taken = &self.octets[self.at..self.at + length];
        self.at += length;
        Ok(taken)
    }

    /// As many octets as the type has.
    pub(super) fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut fixed = [0; N];
        fixed.copy_from_slice(self.take(N)?);
        Ok(fixed)
    }

    pub(super) fn u8(&mut self) -> Read<u8> {
        self.fixed().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Read<u16> {
        self.fixed().map(u16::from_be_bytes)
    }

    /// The length of a vector, of which so much is there [RFC 9420 §2.1.2].
    fn length(&mut self) -> Read<usize> {
        let begin = self.at;
        let first = self.u8()?;
        let (more, shortest) = match first >> 6 {
            0 => (0, 0),
            1 => (1, 1 << 6),
            2 => (3, 1 << 14),
            _ => return Err(self.back(begin, "the length of a vector begins with 11")),
        };
        let mut length = usize::from(first & 0x3f);
        for octet in self.take(more)? {
            length = length << 8 | usize::from(*octet);
        }
        match self.end - self.at {
            _ if length < shortest => Err(self.back(begin, "the length of a vector is not in its shortest form")),
            left if length > left => Err(self.back(begin, format!("a vector of {length} octets, of which {left} are there"))),
            _ => Ok(length),
        }
    }

    fn back(&mut self, to: usize, why: impl Into<String>) -> Stop {
        self.at = to;
        self.stop(why)
    }

    /// `opaque …<V>`
    pub(super) fn vector(&mut self) -> Read<&'b [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// `T …<V>`
    pub(super) fn each(&mut self, item: Part) -> Read<Tree> {
        let length = self.length()?;
        let outer = std::mem::replace(&mut self.end, self.at + length);
        let items = self.until_end(item)?;
        self.end = outer;
        Ok(items)
    }

    /// One after the other, as long as there is something.
    pub(super) fn until_end(&mut self, item: Part) -> Read<Tree> {
        let mut items = Vec::new();
        while self.at < self.end {
            items.push(item(self)?);
        }
        Ok(Tree::List(items))
    }

    /// `optional<T>`
    pub(super) fn optional(&mut self, item: Part) -> Read<Tree> {
        match self.choice(&[(0, "absent"), (1, "present")])? {
            "present" => item(self),
            _ => Ok(Tree::Nothing),
        }
    }

    /// An enumeration of one octet.
    pub(super) fn choice(&mut self, values: &[(u8, &'static str)]) -> Read<&'static str> {
        let begin = self.at;
        let value = self.u8()?;
        match values.iter().find(|(known, _)| *known == value) {
            Some((_, name)) => Ok(name),
            None => {
                let known: Vec<String> = values.iter().map(|(known, name)| format!("{known} ({name})")).collect();
                Err(self.back(begin, format!("{value} is none of {}", known.join(", "))))
            }
        }
    }

    /// A part under its name.
    pub(super) fn named<T>(&mut self, name: &'static str, part: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.place.push(name);
        let read = part(self)?;
        self.place.pop();
        Ok(read)
    }

    /// Parts in their order.
    pub(super) fn fields(&mut self, parts: &[(&'static str, Part)]) -> Read<Tree> {
        let read = parts.iter().map(|(name, part)| Ok(((*name).to_owned(), self.named(name, part)?)));
        read.collect::<Read<_>>().map(Tree::Fields)
    }

    /// What is left of a vector whose kind is not known.
    pub(super) fn refuse_at(&mut self, length: usize, why: impl Into<String>) -> Stop {
        self.back(self.at - length, why)
    }
}

pub(super) fn uint8(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.u8().map(|value| Tree::Number(value.into()))
}

pub(super) fn uint16(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.u16().map(|value| Tree::Number(value.into()))
}

pub(super) fn uint32(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fixed().map(|octets| Tree::Number(u32::from_be_bytes(octets).into()))
}

pub(super) fn uint64(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.fixed().map(|octets| Tree::Number(u64::from_be_bytes(octets)))
}

/// `opaque …<V>`
pub(super) fn octets(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.vector().map(|octets| Tree::Octets(octets.to_vec()))
}

/// `opaque …<V>` that is mostly text: names, URIs.
pub(super) fn text(reader: &mut Reader<'_>) -> Read<Tree> {
    reader.vector().map(Tree::text_or_octets)
}

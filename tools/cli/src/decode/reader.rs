//! Reads TLS presentation language [RFC 8446 §3, RFC 9420 §2.1] step by step, and knows where it is: the codec of the
//! gateway decides what is valid, this says where something is not, and shows what there is.

use super::layout::Part;
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
    /// Whether it is for octets that are not there.
    pub(super) is_short: bool,
}

pub(super) type Read<T> = Result<T, Stop>;

/// Octets, and a place in them.
pub(super) struct Reader<'b> {
    octets: &'b [u8],
    at: usize,
    end: usize,
    place: Vec<&'static str>,
}

/// Reads a part that fills all octets.
pub(super) fn whole(octets: &[u8], part: &Part) -> Read<Tree> {
    let mut reader = Reader { octets, at: 0, end: octets.len(), place: Vec::new() };
    let tree = part.read(&mut reader)?;
    match reader.end - reader.at {
        0 => Ok(tree),
        left => Err(reader.stop(format!("{left} octets follow the structure"))),
    }
}

impl<'b> Reader<'b> {
    fn stop(&self, why: impl Into<String>) -> Stop {
        Stop { offset: self.at, place: self.place.join("."), why: why.into(), is_short: false }
    }

    fn short(&mut self, at: usize, why: String) -> Stop {
        Stop { is_short: true, ..self.back(at, why) }
    }

    fn back(&mut self, to: usize, why: impl Into<String>) -> Stop {
        self.at = to;
        self.stop(why)
    }

    /// The next octets.
    pub(super) fn take(&mut self, length: usize) -> Read<&'b [u8]> {
        let left = self.end - self.at;
        if length > left {
            return Err(self.short(self.at, format!("{length} octets are wanted, {left} are left")));
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

    /// A number of so many octets, at most eight.
    pub(super) fn number(&mut self, octets: usize) -> Read<u64> {
        Ok(self.take(octets)?.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    }

    /// The length of a vector, of which so much is there [RFC 9420 §2.1.2].
    fn length(&mut self) -> Read<usize> {
        let begin = self.at;
        let [first] = self.fixed()?;
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
            left if length > left => Err(self.short(begin, format!("a vector of {length} octets, of which {left} are there"))),
            _ => Ok(length),
        }
    }

    /// `opaque …<V>`
    pub(super) fn vector(&mut self) -> Read<&'b [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// `T …<V>`
    pub(super) fn each(&mut self, item: &Part) -> Read<Tree> {
        let length = self.length()?;
        let outer = std::mem::replace(&mut self.end, self.at + length);
        let items = self.until_end(item)?;
        self.end = outer;
        Ok(items)
    }

    /// One after the other, as long as there is something.
    pub(super) fn until_end(&mut self, item: &Part) -> Read<Tree> {
        let mut items = Vec::new();
        while self.at < self.end {
            items.push(item.read(self)?);
        }
        Ok(Tree::List(items))
    }

    /// An enumeration of so many octets.
    pub(super) fn one_of(&mut self, octets: usize, values: &[(u64, &'static str)]) -> Read<&'static str> {
        let begin = self.at;
        let value = self.number(octets)?;
        match values.iter().find(|(known, _)| *known == value) {
            Some((_, name)) => Ok(name),
            None => {
                // Of registries' numbers, which have two octets, everybody speaks in hexadecimal.
                let written = |value: u64| if octets == 2 { format!("{value:#06x}") } else { value.to_string() };
                let known: Vec<String> = values.iter().map(|(known, name)| format!("{} ({name})", written(*known))).collect();
                Err(self.back(begin, format!("{} is none of {}", written(value), known.join(", "))))
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
}

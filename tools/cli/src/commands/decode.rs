//! `causewayctl decode [<input>]`

use anyhow::Context;
use serde::Serialize;

use crate::arguments::Output;
use crate::decode::{self, Kind, Tree};
use crate::render::{self, Style};

/// Decodes what peers send: an MLS message, a MIMI content or body, a Matrix event. Needs no database.
///
/// Shows the public parts; nothing is decrypted, and no signature is verified, since that takes keys. What the gateway would
/// refuse is refused, with the code that the peer is told and the octet at which reading ends.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl decode body.bin\n  causewayctl decode --as key-package 00010001…\n  causewayctl decode --room-version 11 - < event.json"
)]
pub(crate) struct Arguments {
    /// A file, or hex or base64; `-` is standard input. Files may hold hex or base64, too.
    #[arg(default_value = "-")]
    input: String,
    /// What it is; guessed otherwise.
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Option<Kind>,
    /// The room version of a Matrix event; 12 unless the event says it.
    #[arg(long, value_name = "VERSION")]
    room_version: Option<String>,
}

#[derive(Serialize)]
struct Decoded {
    kind: String,
    octets: usize,
    decoded: Tree,
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let octets = decode::octets(&arguments.input)?;
    let version = arguments.room_version.as_deref();
    let (kind, read) = match arguments.kind {
        Some(kind) => (kind, kind.read(&octets, version)),
        None => decode::guess(&octets, version),
    };
    let advice = || match arguments.kind.is_some() || kind == Kind::Pdu {
        true => format!("this is no {}", kind.name()),
        false => format!("nothing that is known; it reads furthest as {}, and --as tries another kind", kind.name()),
    };
    let decoded = Decoded { kind: kind.name(), octets: octets.len(), decoded: read.with_context(advice)? };
    match style.output {
        Output::Table => Ok(format!("{} ({} octets)\n{}", decoded.kind, decoded.octets, decoded.decoded.lines(style))),
        _ => render::document(&decoded, style),
    }
}

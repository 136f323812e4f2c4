//! `causewayctl decode [<input>]`

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde::Serialize;

use crate::decode::{self, Kind, Told, Tree};
use crate::printing::Output;
use crate::render::{self, Style};

/// Decodes what peers send: an MLS message, a MIMI content or body, a part of a room's policy, a Matrix event. Needs no
/// database.
///
/// Shows the public parts by the drafts' names, with the section that each structure comes from; nothing is decrypted, and
/// no signature is verified, since that takes keys. What the gateway would refuse is refused, with the code that the peer is
/// told and the octet at which reading ends.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl decode body.bin\n  causewayctl decode --type key-package 00010001…\n  causewayctl decode --type application/mimi-content content.cbor\n  causewayctl decode --room-version 11 - < event.json\n  causewayctl decode --list"
)]
pub(crate) struct Arguments {
    /// A file, or hex or base64, or a mimi:// URI; `-` is standard input. Files may hold hex or base64, too.
    #[arg(default_value = "-")]
    input: String,
    /// What it is: a name, a media type, or a draft's name for the structure, of those that --list has; guessed otherwise.
    #[arg(long = "type", alias = "as", value_name = "TYPE", value_parser = types(), ignore_case = true, hide_possible_values = true)]
    wanted: Option<String>,
    /// The room version of a Matrix event; 12 unless the event says it.
    #[arg(long, value_name = "VERSION")]
    room_version: Option<String>,
    /// Lists all that can be decoded.
    #[arg(long, conflicts_with_all = ["input", "wanted", "room_version"])]
    list: bool,
}

/// All that a type goes by. Who mistypes is told the names of what may be alone.
fn types() -> PossibleValuesParser {
    let own = decode::all().map(|kind| PossibleValue::new(kind.name).hide(kind.is_part));
    let others = decode::all().flat_map(Kind::names).map(|name| PossibleValue::new(name).hide(true));
    own.chain(others).collect::<Vec<_>>().into()
}

#[derive(Serialize)]
struct Decoded {
    kind: &'static str,
    media_type: Option<&'static str>,
    structure: &'static str,
    draft: &'static str,
    section: &'static str,
    octets: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fits_too: Vec<&'static str>,
    decoded: Tree,
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    if arguments.list {
        return render::rows(&decode::all().collect::<Vec<_>>(), style);
    }
    let octets = decode::octets(&arguments.input)?;
    let kinds = decode::candidates(arguments.wanted.as_deref(), &octets);
    let told = decode::tell(&kinds, &octets, arguments.room_version.as_deref()).context("there is no such type")?;
    let Told { kind, read, also } = told;
    let advice = || match (kinds.as_slice(), &arguments.wanted) {
        ([only], _) => format!("this is no {}", only.name),
        (_, Some(wanted)) => format!("nothing of type {wanted}; it reads furthest as {}", kind.name),
        _ => format!("nothing that is known; it reads furthest as {}, and --type tries another kind", kind.name),
    };
    let decoded = Decoded {
        kind: kind.name,
        media_type: kind.media_type,
        structure: kind.origin.structure,
        draft: kind.origin.draft,
        section: kind.origin.section,
        octets: octets.len(),
        fits_too: also,
        decoded: read.with_context(advice)?,
    };
    match style.output {
        Output::Table => Ok(for_people(&decoded, kind, style)),
        _ => render::document(&decoded, style),
    }
}

fn for_people(decoded: &Decoded, kind: &Kind, style: Style) -> String {
    let also = match decoded.fits_too.as_slice() {
        [] => String::new(),
        names => format!("fits too: {}\n", names.join(", ")),
    };
    format!("{} ({} octets): {}\n{also}{}", decoded.kind, decoded.octets, kind.origin, decoded.decoded.lines(style))
}

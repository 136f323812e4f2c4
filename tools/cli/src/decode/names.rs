//! What is text: names, and where a provider's endpoints are [mimi-protocol-06 §3, §5.1].

use causeway_core::code;
use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_uri::{ClientUri, GroupUri, IdentifierUri, RoomUri, UserUri};

use super::layout::PROTOCOL;
use super::refused::{Refused, Wrong};
use super::tree::{Origin, Tree};

pub(super) const URI: Origin = Origin { structure: "IdentifierUri", draft: PROTOCOL, section: "3" };
pub(super) const DIRECTORY: Origin = Origin { structure: "directory", draft: PROTOCOL, section: "5.1" };

pub(super) fn uri(octets: &[u8], _: Option<&str>) -> Result<Tree, Refused> {
    let wrong = |why: String, offset| Wrong { code: code::BODY_MALFORMED, why, offset: Some(offset) }.of(octets);
    let text = std::str::from_utf8(octets).map_err(|error| wrong("not UTF-8".to_owned(), error.valid_up_to()))?;
    let uri: IdentifierUri = text.parse().map_err(|error| wrong(format!("{error}"), 0))?;
    let (kind, names) = if let Ok(uri) = text.parse::<UserUri>() {
        ("user", vec![uri.user()])
    } else if let Ok(uri) = text.parse::<ClientUri>() {
        ("client", vec![uri.user_uri().user(), uri.client()])
    } else if let Ok(uri) = text.parse::<RoomUri>() {
        ("room", vec![uri.id()])
    } else if let Ok(uri) = text.parse::<GroupUri>() {
        ("group", vec![uri.id()])
    } else {
        ("provider", Vec::new())
    };
    Ok(Tree::structure(
        URI,
        [
            ("kind", Tree::text(kind)),
            ("provider", Tree::text(uri.provider().as_str())),
            ("names", Tree::List(names.into_iter().map(Tree::text).collect())),
        ],
    ))
}

pub(super) fn directory(octets: &[u8], _: Option<&str>) -> Result<Tree, Refused> {
    let directory: Directory = serde_json::from_slice(octets).map_err(|error| {
        let why = format!("P-016: not a directory: {error}");
        Wrong { code: code::PEER_ANSWER_MALFORMED, why, offset: json_offset(octets, &error) }.of(octets)
    })?;
    let endpoints = Tree::structure(
        DIRECTORY,
        [
            ("keyMaterial", directory.key_material),
            ("update", directory.update),
            ("notify", directory.notify),
            ("submitMessage", directory.submit_message),
            ("groupInfo", directory.group_info),
            ("requestConsent", directory.request_consent),
            ("updateConsent", directory.update_consent),
            ("identifierQuery", directory.identifier_query),
            ("reportAbuse", directory.report_abuse),
            ("proxyDownload", directory.proxy_download),
        ]
        .map(|(name, template)| (name, Tree::text(template))),
    );
    let roots: Vec<Tree> = directory.mls_credential_roots.into_iter().map(Tree::text).collect();
    match roots.is_empty() {
        true => Ok(endpoints),
        false => Ok(endpoints.and(Tree::fields([("mls_credential_roots", Tree::List(roots))]))),
    }
}

/// Where the parser stopped.
pub(super) fn json_offset(octets: &[u8], error: &serde_json::Error) -> Option<usize> {
    let before = error.line().checked_sub(1)?;
    let begin: usize = octets.split_inclusive(|octet| *octet == b'\n').take(before).map(<[u8]>::len).sum();
    Some((begin + error.column().saturating_sub(1)).min(octets.len()))
}

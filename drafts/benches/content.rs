//! Content documents and fan-outs, beside general CBOR libraries on the same documents in the same run.
//!
//! minicbor fills the same types and checks nothing but them; serde_cbor_2 builds a tree of values. What ours does
//! besides: that a document is in its one form, and the limits.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails should say where")]

#[path = "../tests/it/support.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod support;

use std::hint::black_box;

use causeway_drafts::mimi_content_09::{
    Disposition, Expiration, Extension, Extensions, ExternalPart, HashAlgorithm, MessageId, MimiContent, NestedPart, PartBody,
    PartSemantics, message_id,
};
use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{Encoder, Write};
use sha2::{Digest, Sha256};

const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";

/// What is measured: a line, a page, an attachment, and many parts.
fn documents() -> Vec<(&'static str, MimiContent)> {
    let external = ExternalPart {
        content_type: "video/mp4".to_owned(),
        url: "https://example.com/storage/8ksB4bSrrRE.mp4".to_owned(),
        expires: 0,
        size: 708_234_961,
        enc_alg: 1,
        key: vec![1; 16],
        nonce: vec![2; 12],
        aad: vec![],
        hash_alg: HashAlgorithm::SHA_256,
        content_hash: vec![3; 32],
        description: "2 hours of key signing video".to_owned(),
        filename: "bigfile.mp4".to_owned(),
    };
    let part = |body| NestedPart { disposition: Disposition::RENDER, language: "en".to_owned(), body };
    let text = |octets| NestedPart::text("text/markdown;variant=GFM-MIMI", &"a".repeat(octets));
    let semantics = PartSemantics::ProcessAll;
    vec![
        ("line", content(text(60))),
        ("page", content(text(4000))),
        ("attachment", content(part(PartBody::External(Box::new(external))))),
        ("parts", content(part(PartBody::Multi { semantics, parts: (0..20).map(|_| text(100)).collect() }))),
    ]
}

fn content(nested_part: NestedPart) -> MimiContent {
    MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: Some(Expiration { relative: true, time: 3600 }),
        in_reply_to: Some(MessageId::from_bytes([1; 32])),
        extensions: Extensions::with_sender_and_room(SENDER, ROOM),
        nested_part,
    }
}

fn minicbor_decode(bytes: &[u8]) -> Result<MimiContent, Error> {
    let mut d = Decoder::new(bytes);
    d.array()?;
    Ok(MimiContent {
        salt: d.bytes()?.try_into().map_err(|_| Error::message("salt"))?,
        replaces: minicbor_id(&mut d)?,
        topic_id: d.bytes()?.to_vec(),
        expires: match d.datatype()? {
            minicbor::data::Type::Null => d.null().map(|()| None)?,
            _ => {
                d.array()?;
                Some(Expiration { relative: d.bool()?, time: d.u32()? })
            }
        },
        in_reply_to: minicbor_id(&mut d)?,
        extensions: {
            let count = d.map()?.ok_or(Error::message("map"))?;
            let mut extensions = Extensions::default();
            for _ in 0..count {
                extensions.insert(match d.u64()? {
                    1 => Extension::SenderUri(d.str()?.to_owned()),
                    2 => Extension::RoomUri(d.str()?.to_owned()),
                    _ => return Err(Error::message("another extension")),
                });
            }
            extensions
        },
        nested_part: minicbor_part(&mut d)?,
    })
}

fn minicbor_id(d: &mut Decoder<'_>) -> Result<Option<MessageId>, Error> {
    match d.datatype()? {
        minicbor::data::Type::Null => d.null().map(|()| None),
        _ => Ok(Some(MessageId::from_bytes(d.bytes()?.try_into().map_err(|_| Error::message("id"))?))),
    }
}

fn minicbor_part(d: &mut Decoder<'_>) -> Result<NestedPart, Error> {
    d.array()?;
    let disposition = Disposition(d.u8()?);
    let language = d.str()?.to_owned();
    let body = match d.u8()? {
        0 => PartBody::Null,
        1 => PartBody::Single { content_type: d.str()?.to_owned(), content: d.bytes()?.to_vec() },
        2 => PartBody::External(Box::new(ExternalPart {
            content_type: d.str()?.to_owned(),
            url: d.str()?.to_owned(),
            expires: d.u32()?,
            size: d.u64()?,
            enc_alg: d.u16()?,
            key: d.bytes()?.to_vec(),
            nonce: d.bytes()?.to_vec(),
            aad: d.bytes()?.to_vec(),
            hash_alg: HashAlgorithm(d.u8()?),
            content_hash: d.bytes()?.to_vec(),
            description: d.str()?.to_owned(),
            filename: d.str()?.to_owned(),
        })),
        _ => {
            let semantics = match d.u8()? {
                0 => PartSemantics::ChooseOne,
                1 => PartSemantics::SingleUnit,
                _ => PartSemantics::ProcessAll,
            };
            let count = d.array()?.ok_or(Error::message("parts"))?;
            PartBody::Multi { semantics, parts: (0..count).map(|_| minicbor_part(d)).collect::<Result<_, _>>()? }
        }
    };
    Ok(NestedPart { disposition, language, body })
}

type Encoded<E> = Result<(), minicbor::encode::Error<E>>;

fn minicbor_encode(content: &MimiContent) -> Vec<u8> {
    let mut e = Encoder::new(Vec::with_capacity(512));
    minicbor_content(&mut e, content).unwrap();
    e.into_writer()
}

fn minicbor_content<W: Write>(e: &mut Encoder<W>, content: &MimiContent) -> Encoded<W::Error> {
    e.array(7)?.bytes(&content.salt)?;
    e.null()?.bytes(&content.topic_id)?;
    let expires = content.expires.unwrap();
    e.array(2)?.bool(expires.relative)?.u32(expires.time)?;
    e.bytes(content.in_reply_to.unwrap().as_bytes())?;
    e.map(2)?.u8(1)?.str(content.sender_uri().unwrap())?.u8(2)?.str(content.room_uri().unwrap())?;
    minicbor_put_part(e, &content.nested_part)
}

fn minicbor_put_part<W: Write>(e: &mut Encoder<W>, part: &NestedPart) -> Encoded<W::Error> {
    let head = |e: &mut Encoder<W>, length, cardinality| -> Encoded<W::Error> {
        e.array(length)?.u8(part.disposition.0)?.str(&part.language)?.u8(cardinality)?;
        Ok(())
    };
    match &part.body {
        PartBody::Null => head(e, 3, 0),
        PartBody::Single { content_type, content } => {
            head(e, 5, 1)?;
            e.str(content_type)?.bytes(content)?;
            Ok(())
        }
        PartBody::External(external) => {
            head(e, 15, 2)?;
            e.str(&external.content_type)?.str(&external.url)?.u32(external.expires)?.u64(external.size)?;
            e.u16(external.enc_alg)?.bytes(&external.key)?.bytes(&external.nonce)?.bytes(&external.aad)?;
            e.u8(external.hash_alg.0)?.bytes(&external.content_hash)?.str(&external.description)?.str(&external.filename)?;
            Ok(())
        }
        PartBody::Multi { semantics, parts } => {
            head(e, 5, 3)?;
            e.u8(*semantics as u8)?.array(parts.len() as u64)?;
            parts.iter().try_for_each(|part| minicbor_put_part(e, part))
        }
    }
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, content) in documents() {
        let bytes = content.encode();
        assert_eq!(minicbor_decode(&bytes).unwrap(), content);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("validate", name), &bytes, |b, bytes| {
            b.iter(|| causeway_drafts::cbor::validate(black_box(bytes)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("ours", name), &bytes, |b, bytes| {
            b.iter(|| MimiContent::decode(black_box(bytes)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("minicbor", name), &bytes, |b, bytes| {
            b.iter(|| minicbor_decode(black_box(bytes)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("serde_cbor_2", name), &bytes, |b, bytes| {
            b.iter(|| serde_cbor::from_slice::<serde_cbor::Value>(black_box(bytes)).unwrap());
        });
    }
}

/// The aim: ours in at most 1.5 times the other.
fn decode_and_id(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode_and_id");
    for (name, content) in documents() {
        let bytes = content.encode();
        group.bench_with_input(BenchmarkId::new("ours", name), &bytes, |b, bytes| {
            b.iter(|| {
                let content = MimiContent::decode(black_box(bytes)).unwrap();
                let id = message_id(content.sender_uri().unwrap(), content.room_uri().unwrap(), bytes, &content.salt);
                (content, id)
            });
        });
        group.bench_with_input(BenchmarkId::new("minicbor_and_sha256", name), &bytes, |b, bytes| {
            b.iter(|| (minicbor_decode(black_box(bytes)).unwrap(), Sha256::digest(bytes)));
        });
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (name, content) in documents() {
        let bytes = content.encode();
        assert_eq!(minicbor_encode(&content), bytes);
        let value: serde_cbor::Value = serde_cbor::from_slice(&bytes).unwrap();
        group.bench_with_input(BenchmarkId::new("ours", name), &content, |b, content| b.iter(|| black_box(content).encode()));
        group.bench_with_input(BenchmarkId::new("minicbor", name), &content, |b, content| {
            b.iter(|| minicbor_encode(black_box(content)));
        });
        group.bench_with_input(BenchmarkId::new("serde_cbor_2", name), &value, |b, value| {
            b.iter(|| serde_cbor::to_vec(black_box(value)).unwrap());
        });
    }
}

fn fanout(c: &mut Criterion) {
    let mls = support::mls();
    let frank =
        Frank { server_frank: [1; 32], franking_signature_ciphersuite: 1, franking_integrity_signature: vec![2; 64].into() };
    let application = FanoutMessage::application(1, &mls.application, Some(frank)).unwrap().to_bytes();
    let commit = FanoutMessage::commit(2, &mls.commit, &[&mls.proposal]).unwrap().to_bytes();
    let mut group = c.benchmark_group("fanout");
    for (name, bytes) in [("application", application), ("commit", commit)] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("decode", name), &bytes, |b, bytes| {
            b.iter(|| FanoutMessage::decode_body(black_box(bytes)).unwrap());
        });
    }
}

criterion_group!(benches, decode, decode_and_id, encode, fanout);
criterion_main!(benches);

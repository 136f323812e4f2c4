//! Frames of HTTP/2 that cost their sender nothing (H21–H23), at both listeners.

use std::time::Duration;

use interop_tests::light::{GATEWAY, Light};
use interop_tests::matrix::peer::Peer;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::http::{listeners, still_serves};
use super::support::{light, text};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;

/// Longer than any limit that a connection of no use runs into.
const LONG: Duration = Duration::from_secs(120);

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field that is in no table, and goes in none; with `indexed`, it goes in one.
fn field(name: &str, value: &str, indexed: bool) -> Vec<u8> {
    let mut bytes = vec![if indexed { 0x40 } else { 0 }];
    for text in [name, value] {
        match text.len() {
            short @ 0..127 => bytes.push(short as u8),
            long => {
                let mut rest = long - 127;
                bytes.push(127);
                while rest >= 128 {
                    bytes.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                bytes.push(rest as u8);
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn request(name: &str, method: &str, path: &str) -> Vec<u8> {
    let fields = [(":method", method), (":scheme", "https"), (":authority", name), (":path", path)];
    fields.iter().flat_map(|(name, value)| field(name, value, false)).collect()
}

/// An open connection: preface, and settings as given.
async fn open(light: &Light, (port, name): (u16, &str), settings: &[u8]) -> TlsStream<TcpStream> {
    let client = light.client(&["a.test"]).unwrap().with(|tls| tls.alpn_protocols = vec![b"h2".to_vec()]);
    let mut stream = client.connect(port, name).await.unwrap();
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, settings)].concat();
    stream.write_all(&preface).await.unwrap();
    stream
}

/// The kind of the next frame, with what is in it.
async fn next_frame(stream: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await?;
    Ok((head[3], payload))
}

/// What the other side has sent, frame by frame, until it ended the connection.
struct Ended(Vec<(u8, Vec<u8>)>);

impl Ended {
    /// Reads to the end, which has to come.
    async fn read(mut stream: impl AsyncReadExt + Unpin) -> Self {
        let mut frames = Vec::new();
        let reading = async {
            while let Ok((kind, payload)) = next_frame(&mut stream).await {
                // A flood of echoes is not kept.
                if ![PING, SETTINGS].contains(&kind) {
                    frames.push((kind, payload));
                }
            }
        };
        tokio::time::timeout(LONG, reading).await.expect("the connection has to be ended");
        Self(frames)
    }

    /// The error code of its GOAWAY.
    fn goaway(&self) -> Option<u32> {
        let (_, payload) = self.0.iter().rfind(|(kind, _)| *kind == GOAWAY)?;
        Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()))
    }
}

/// Sends until the other side has had enough, which it has to have.
async fn flood(stream: TlsStream<TcpStream>, mut next: impl FnMut(u32) -> Vec<u8> + Send + 'static) -> Ended {
    let (read, mut write) = tokio::io::split(stream);
    let sending = tokio::spawn(async move {
        for n in 0_u32.. {
            if write.write_all(&next(n)).await.is_err() {
                return;
            }
        }
    });
    let ended = Ended::read(read).await;
    sending.abort();
    ended
}

/// The frame of a number.
type Flood = fn(u32) -> Vec<u8>;

/// Many frames in one piece.
fn many(one: impl Fn(u32) -> Vec<u8> + Send + 'static) -> impl FnMut(u32) -> Vec<u8> + Send + 'static {
    move |n| (n * 500..(n + 1) * 500).flat_map(&one).collect()
}

const ENHANCE_YOUR_CALM: u32 = 11;
const SOMETHING: &str = "/.well-known/matrix/server";

#[tokio::test]
async fn h21_headers_without_end_are_ended() {
    let light = light("h21").await;
    for (port, name, _) in listeners(&light) {
        // CONTINUATION after CONTINUATION.
        let mut stream = open(&light, (port, name), &[]).await;
        stream.write_all(&frame(HEADERS, 0, 1, &request(name, "GET", SOMETHING))).await.unwrap();
        let ended = flood(stream, |_| frame(CONTINUATION, 0, 1, &field("x", "y", false))).await;
        assert_eq!(ended.goaway(), Some(ENHANCE_YOUR_CALM), "{name}");
        still_serves(&light).await;
    }
}

#[tokio::test]
async fn h21_headers_that_are_too_large_are_refused() {
    let light = light("h21-large").await;
    for (port, name, _) in listeners(&light) {
        let send = async |fields: Vec<u8>| {
            let mut stream = open(&light, (port, name), &[]).await;
            let block: Vec<u8> = [request(name, "GET", SOMETHING), fields].concat();
            let (first, rest) = block.split_at(block.len() / 2);
            let sent = [frame(HEADERS, END_STREAM, 1, first), frame(CONTINUATION, END_HEADERS, 1, rest)].concat();
            stream.write_all(&sent).await.unwrap();
            stream
        };
        // Twenty thousand octets are 431: `:status` is field 8 of the static table, its value is Huffman-coded.
        let large = (0..20).flat_map(|n| field(&format!("x-{n}"), &"y".repeat(1000), false)).collect();
        let mut stream = send(large).await;
        let answer = loop {
            if let (HEADERS, payload) = next_frame(&mut stream).await.unwrap() {
                break payload;
            }
        };
        assert_eq!(answer[..5], [0x48, 0x83, 0x69, 0x90, 0xff], "{name}: {answer:02x?}");
        // One large field that is named again and again, by an octet each, ends the connection.
        let bomb = [field("x", &"y".repeat(4000), true), vec![0x80 | 62; 8000]].concat();
        let ended = Ended::read(send(bomb).await).await;
        assert_eq!(ended.goaway(), Some(ENHANCE_YOUR_CALM), "{name}");
        still_serves(&light).await;
    }
}

#[tokio::test]
async fn h22_frames_that_ask_for_nothing_are_ended() {
    let light = light("h22").await;
    let before = light.gateway.memory().unwrap();
    for (port, name, path) in listeners(&light) {
        let connect = async || open(&light, (port, name), &[]).await;
        let floods: [Flood; 4] = [
            |n| frame(PING, 0, 0, &u64::from(n).to_be_bytes()),
            |_| frame(SETTINGS, 0, 0, &[]),
            |_| frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()),
            |n| frame(PRIORITY, 0, 2 * (n % 50) + 1, &[0, 0, 0, 0, 1]),
        ];
        for one in floods {
            flood(connect().await, many(one)).await;
        }
        // A body that does not come nearer to its end.
        let mut stream = connect().await;
        let method = if name == GATEWAY { "POST" } else { "PUT" };
        let head = [request(name, method, path), field("from", "mimi@a.test", false)].concat();
        stream.write_all(&frame(HEADERS, END_HEADERS, 1, &head)).await.unwrap();
        let ended = flood(stream, many(|_| frame(DATA, 0, 1, &[]))).await;
        assert_eq!(ended.goaway(), Some(ENHANCE_YOUR_CALM), "{name}");
        // Requests that are taken back at once.
        let (stream, name) = (connect().await, name.to_owned());
        let reset = move |n: u32| {
            let id = 2 * n + 1;
            let head = request(&name, "GET", SOMETHING);
            [frame(HEADERS, END_HEADERS | END_STREAM, id, &head), frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())].concat()
        };
        let ended = flood(stream, many(reset)).await;
        assert_eq!(ended.goaway(), Some(ENHANCE_YOUR_CALM));
        still_serves(&light).await;
    }
    let after = light.gateway.memory().unwrap();
    assert!(after < before + (64 << 20), "{before} → {after}");
}

/// A request of the light homeserver's, signed.
fn signed(peer: &Peer, to: &str, path: &str) -> String {
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    peer.key().authorization(&request, (peer.name(), to)).unwrap()
}

#[tokio::test]
async fn h23_an_answer_that_nobody_takes_is_cut_off() {
    let light = light("h23").await;
    // The gateway knows the room, and not only the room the gateway.
    let bridge = light.bridge("11", "").await.unwrap();
    let (room, alice) = (bridge.room.clone(), bridge.alice.clone());
    let long = || light.matrix.send(&room, &alice, "m.room.message", text(&"long ".repeat(10_000))).unwrap();
    let said: Vec<String> = (0..10).map(|_| long()).collect();
    let last = &said[9];
    light.matrix.flush(&light.gateway.server_name).await.unwrap();
    let encode = interop_tests::http_client::encode;
    let path = format!("/_matrix/federation/v1/backfill/{}?v={}&limit=20", encode(&room), encode(last));
    let answer =
        light.matrix.request(&light.gateway.server_name, http::Method::GET, &path, &serde_json::Value::Null).await.unwrap();
    assert!(answer.status == 200 && answer.body.len() > 400_000, "{} {}", answer.status, answer.body.len());
    let authorization = signed(&light.matrix, &light.gateway.server_name, &path);
    let (port, name, _) = listeners(&light)[1];
    // INITIAL_WINDOW_SIZE 0
    let mut stream = open(&light, (port, name), &[0, 4, 0, 0, 0, 0]).await;
    let head = [request(&light.gateway.server_name, "GET", &path), field("authorization", &authorization, false)].concat();
    let count = 20;
    for n in 0..count {
        stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &head)).await.unwrap();
    }
    // It answers every PING: it is alive, and that is no merit.
    let mut seen = Vec::new();
    let reading = async {
        while let Ok((kind, payload)) = next_frame(&mut stream).await {
            seen.push(kind);
            if kind == PING && stream.write_all(&frame(PING, ACK, 0, &payload)).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(LONG, reading).await.expect("the connection has to be ended");
    let of_kind = |wanted: u8| seen.iter().filter(|kind| **kind == wanted).count();
    assert!(of_kind(HEADERS) > 0 && of_kind(DATA) == 0, "{} answers begin, {} pieces", of_kind(HEADERS), of_kind(DATA));
    let log = std::fs::read_to_string(light.folder.join("gateway.log")).unwrap();
    assert!(log.contains("a peer does not take an answer"), "it was ended for another reason");
    still_serves(&light).await;
    let answer = light.matrix.request(&light.gateway.server_name, http::Method::GET, &path, &json!(null)).await.unwrap();
    assert_eq!(answer.status, 200);
}

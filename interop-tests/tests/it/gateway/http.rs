//! Bytes that are no good HTTP, at both listeners (H14–H27).

use std::time::{Duration, Instant};

use interop_tests::https::Https;
use interop_tests::light::{GATEWAY, Light};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::light;

/// Both listeners: port, name, and the path of an endpoint that takes a body.
pub(crate) fn listeners(light: &Light) -> [(u16, &'static str, &'static str); 2] {
    let port = light.gateway.server_name.rsplit(':').next().unwrap().parse().unwrap();
    [(light.mimi_port, GATEWAY, "/v1/update/mimi%3A%2F%2Fgw.test%2Fr%2Fx"), (port, "localhost", "/_matrix/federation/v1/send/1")]
}

fn client(light: &Light) -> Https {
    light.client(&["a.test"]).unwrap()
}

/// Both listeners still answer.
pub(crate) async fn still_serves(light: &Light) {
    for (port, name, path) in [
        (light.mimi_port, GATEWAY, "/.well-known/mimi-protocol-directory"),
        (listeners(light)[1].0, "localhost", "/_matrix/key/v2/server"),
    ] {
        let request = http::Request::get(path).header("host", name).body(Vec::new()).unwrap();
        assert_eq!(client(light).send(port, name, request).await.unwrap().status, 200);
    }
}

/// The status of the first answer; 0 if the connection was closed without one.
fn status(answer: &[u8]) -> u16 {
    String::from_utf8_lossy(answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

async fn refused_everywhere(light: &Light, what: &str, head: impl Fn(&str, &str) -> Vec<u8>, expected: &[u16]) {
    for (port, name, path) in listeners(light) {
        let began = Instant::now();
        let answer =
            client(light).raw(port, name, &head(name, path)).await.unwrap_or_else(|error| panic!("{what} at {name}: {error:#}"));
        assert!(expected.contains(&status(&answer)), "{what} at {name}: {}", String::from_utf8_lossy(&answer));
        assert!(began.elapsed() < Duration::from_secs(5), "{what} at {name}");
    }
    still_serves(light).await;
}

const METHOD: fn(&str) -> &str = |name| if name == GATEWAY { "POST" } else { "PUT" };

fn head(name: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{} {path} HTTP/1.1\r\nHost: {name}\r\nFrom: mimi@a.test\r\nConnection: close\r\n{headers}", METHOD(name)).into_bytes()
}

#[tokio::test]
async fn h17_bad_heads_are_refused() {
    let light = light("h17").await;
    let large = format!("X: {}\r\n\r\n", "x".repeat(1 << 20));
    refused_everywhere(&light, "a large header", |name, path| head(name, path, &large), &[431, 400, 0]).await;
    let many: String = (0..10_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    refused_everywhere(&light, "many headers", |name, path| head(name, path, &format!("{many}\r\n")), &[431, 400, 0]).await;
    refused_everywhere(&light, "a folded header", |name, path| head(name, path, "X: a\r\n b\r\n\r\n"), &[400]).await;
    refused_everywhere(&light, "no HTTP", |_, _| b"EHLO mail.test\r\n\r\n".to_vec(), &[400, 0]).await;
    refused_everywhere(&light, "binary", |_, _| vec![0; 64], &[400, 0]).await;
    let long = "x".repeat(100_000);
    refused_everywhere(&light, "a long path", |name, path| head(name, &format!("{path}{long}"), "\r\n"), &[414, 431, 400]).await;
}

#[tokio::test]
async fn h19_bad_chunks_are_refused() {
    let light = light("h19").await;
    for (what, chunks) in
        [("2^64", "10000000000000000\r\nx"), ("negative", "-1\r\nx"), ("no number", "zz\r\nx"), ("no end of line", "1\r\nxy")]
    {
        refused_everywhere(
            &light,
            what,
            |name, path| head(name, path, &format!("Transfer-Encoding: chunked\r\n\r\n{chunks}\r\n0\r\n\r\n")),
            &[400, 0],
        )
        .await;
    }
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    refused_everywhere(&light, "two lengths", |name, path| head(name, path, both), &[400, 401, 0]).await;
    refused_everywhere(
        &light,
        "two lengths",
        |name, path| head(name, path, "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        &[400, 0],
    )
    .await;
}

#[tokio::test]
async fn h25_bodies_that_end_early_are_not_processed() {
    let light = light("h25").await;
    for (port, name, path) in listeners(&light) {
        let mut stream = client(&light).connect(port, name).await.unwrap();
        stream.write_all(&head(name, path, "Content-Length: 100\r\n\r\n{}")).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map(|_| ()).unwrap_or_default();
        assert!(matches!(status(&answer), 0 | 400), "{}", String::from_utf8_lossy(&answer));
    }
    still_serves(&light).await;
}

#[tokio::test]
async fn h25_bodies_that_are_too_large_are_refused() {
    let light = light("h25-large").await;
    for (port, name, path) in listeners(&light) {
        let mut stream = client(&light).connect(port, name).await.unwrap();
        stream.write_all(&head(name, path, "Transfer-Encoding: chunked\r\n\r\n")).await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        let sending = tokio::spawn(async move {
            let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
            for _ in 0..512 {
                if write.write_all(&chunk).await.is_err() {
                    return;
                }
            }
        });
        let mut answer = Vec::new();
        read.read_to_end(&mut answer).await.map(|_| ()).unwrap_or_default();
        sending.abort();
        assert!(matches!(status(&answer), 0 | 413), "{}", String::from_utf8_lossy(&answer));
    }
    still_serves(&light).await;
}

#[tokio::test]
async fn h26_compressed_bodies_are_not_understood() {
    let light = light("h26").await;
    for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
        let headers = format!("Content-Encoding: {encoding}\r\nContent-Length: 4\r\n\r\nzzzz");
        refused_everywhere(&light, encoding, |name, path| head(name, path, &headers), &[415]).await;
    }
}

#[tokio::test]
async fn h14_a_handshake_that_does_not_end_is_ended() {
    let light = light("h14").await;
    let mut silent = Vec::new();
    for (port, _, _) in listeners(&light) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&[0x16, 3, 1]).await.unwrap();
        silent.push(stream);
    }
    // Others are served meanwhile.
    still_serves(&light).await;
    for mut stream in silent {
        let began = Instant::now();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "still open after {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn h18_a_trickle_is_ended() {
    let light = light("h18").await;
    let mut trickles = tokio::task::JoinSet::new();
    for (port, name, path) in listeners(&light) {
        for (what, first) in [
            ("head", format!("{} {path} HTTP/1.1\r\nHost: {name}\r\nX: ", METHOD(name))),
            ("body", String::from_utf8(head(name, path, "Content-Length: 1000\r\n\r\n")).unwrap()),
        ] {
            let client = client(&light);
            trickles.spawn(async move {
                let mut stream = client.connect(port, name).await.unwrap();
                stream.write_all(first.as_bytes()).await.unwrap();
                let began = Instant::now();
                let mut buffer = [0; 1024];
                while began.elapsed() < Duration::from_secs(50) {
                    if stream.write_all(b"x").await.is_err() || stream.flush().await.is_err() {
                        return (what, name, true);
                    }
                    if let Ok(read) = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut buffer)).await {
                        let ended = read.is_err() || read.is_ok_and(|count| count == 0 || status(&buffer[..count]) == 408);
                        return (what, name, ended);
                    }
                }
                (what, name, false)
            });
        }
    }
    still_serves(&light).await;
    while let Some(ended) = trickles.join_next().await {
        let (what, name, ended) = ended.unwrap();
        assert!(ended, "the {what} at {name} goes on");
    }
}

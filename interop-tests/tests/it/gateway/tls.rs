//! What the TLS of both listeners is, and who takes how many connections (H9, H13, H15).

use std::net::SocketAddr;

use interop_tests::https::Https;
use interop_tests::light::GATEWAY;
use interop_tests::patience::{self, Look};
use rustls::version::TLS12;
use rustls::{ClientConnection, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::http::{listeners, still_serves};
use super::support::light;

#[tokio::test]
async fn h09_providers_speak_tls_1_3() {
    let light = light("h09").await;
    let old = Https::of_versions(&light.authority.root_pem(), Some(&light.authority.issue(&["a.test"])), &[&TLS12]).unwrap();
    let error = old.connect(light.mimi_port, GATEWAY).await.unwrap_err();
    assert!(format!("{error:#}").contains("ProtocolVersion"), "{error:#}");
    // Homeservers may have nothing newer.
    let (port, name, _) = listeners(&light)[1];
    old.connect(port, name).await.unwrap();
    // TLS 1.0, which no library of ours speaks: a ClientHello of a version, 32 octets, one suite, one extension (signature
    // algorithms).
    let hello = [&[3, 1][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 1]].concat();
    let handshake = [&[1, 0, 0, hello.len() as u8][..], &hello].concat();
    let record = [&[0x16, 3, 1, 0, handshake.len() as u8][..], &handshake].concat();
    for port in [light.mimi_port, port] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&record).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // A fatal alert, 70: protocol_version.
        assert_eq!((answer.first(), &answer[answer.len() - 2..]), (Some(&0x15), &[2, 70][..]), "{answer:02x?}");
    }
    still_serves(&light).await;
}

#[tokio::test]
async fn h13_early_data_is_not_taken() {
    let light = light("h13").await;
    for (port, name, path) in listeners(&light) {
        let client = light.client(&["a.test"]).unwrap().with(|tls| tls.enable_early_data = true);
        let request = || http::Request::post(path).header("host", name).body(Vec::new()).unwrap();
        // The ticket comes with the answer.
        client.send(port, name, request()).await.unwrap();
        // With it comes what the server takes of early data: nothing.
        let mut next = ClientConnection::new(client.config(), name.try_into().unwrap()).unwrap();
        assert!(next.early_data().is_none(), "{name} offers early data");
        client.send(port, name, request()).await.unwrap();
        let stream = client.connect(port, name).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{name}");
    }
}

#[tokio::test]
async fn h15_idle_connections_of_one_address_are_few() {
    let light = light("h15").await;
    light.gateway.crash().unwrap();
    light.gateway.configure("[matrix]", "connections_per_address = 8").unwrap();
    light.gateway.configure("[mimi]", "connections_per_address = 8").unwrap();
    light.gateway.start_again().await.unwrap();
    let client = light.client(&["a.test"]).unwrap();
    for (port, name, _) in listeners(&light) {
        let connect = async |from: [u8; 4]| {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((from, 0)))?;
            client.over(socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?, name).await
        };
        let mut idle = Vec::new();
        while let Ok(stream) = connect([127, 0, 0, 1]).await {
            idle.push(stream);
            assert!(idle.len() <= 8, "{name}");
        }
        assert!(idle.len() >= 4, "{name}: {}", idle.len());
        // Others are not concerned.
        connect([127, 0, 0, 2]).await.unwrap();
        // Whoever leaves makes room.
        drop(idle.pop());
        let again = patience::until("room for another", async || {
            Ok(Look::from_option(connect([127, 0, 0, 1]).await.ok(), || "closed".to_owned()))
        });
        idle.push(again.await.unwrap());
        drop(idle);
        let all_gone = patience::until("the gateway to serve", async || {
            Ok(Look::from_option(connect([127, 0, 0, 1]).await.ok(), || "closed".to_owned()))
        });
        all_gone.await.unwrap();
    }
}

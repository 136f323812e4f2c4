//! SIGTERM: what is under way is finished, and nothing new begins.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::process::{Running, answer, eventually};
use crate::tls::Client;

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let mut gateway = Running::start();
    let client = Client::new(&gateway.folder.path("ca.pem"));
    let mut under_way = client.connect(gateway.matrix, "localhost");
    let head =
        "PUT /_matrix/federation/v1/send/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
    write!(under_way, "{head}Connection: close\r\n\r\n{{").unwrap();
    under_way.flush().unwrap();
    // One that came later has its answer: the first is with the gateway.
    crate::tls::request(&mut client.connect(gateway.matrix, "localhost"), "/_matrix/federation/v1/version");

    gateway.signal(Signal::TERM);
    eventually("the end of listening", || TcpStream::connect(gateway.matrix).is_err());
    write!(under_way, "}}").unwrap();
    under_way.flush().unwrap();
    let mut text = Vec::new();
    // Whether the other side says goodbye is no matter here.
    under_way.read_to_end(&mut text).unwrap_or_default();
    let answer = answer(&String::from_utf8_lossy(&text));
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(gateway.ended(), Some(0), "{}", gateway.log());
}

//! SIGHUP: new certificates without a stop.

use std::fs;

use rcgen::{CertificateParams, KeyPair};
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::process::{Running, eventually};
use crate::tls::{Client, presented, request};

const DONE: &str = "causeway_certificate_reloads_total{outcome=\"done\"}";
const FAILED: &str = "causeway_certificate_reloads_total{outcome=\"failed\"}";

/// A certificate that is its own root, for both sides; its DER.
fn replace_certificates(gateway: &Running) -> Vec<u8> {
    let mut new = Vec::new();
    let mut roots = fs::read_to_string(gateway.folder.path("ca.pem")).unwrap();
    for (file, name) in [("mimi", "gateway.localhost"), ("matrix", "localhost")] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
        fs::write(gateway.folder.path(&format!("{file}.pem")), certificate.pem()).unwrap();
        fs::write(gateway.folder.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
        roots.push_str(&certificate.pem());
        new = certificate.der().to_vec();
    }
    fs::write(gateway.folder.path("ca.pem"), roots).unwrap();
    new
}

#[test]
fn new_certificates_are_served_and_open_connections_stay() {
    let gateway = Running::start();
    let old = CertificateDer::from_pem_file(gateway.folder.path("matrix.pem")).unwrap().to_vec();
    let client = Client::new(&gateway.folder.path("ca.pem"));
    let mut open = client.connect(gateway.matrix, "localhost");
    assert_eq!(presented(&mut open), old);

    let new = replace_certificates(&gateway);
    gateway.signal(Signal::HUP);
    eventually("the reload", || gateway.metric(DONE) == Some(1.0));

    let client = Client::new(&gateway.folder.path("ca.pem"));
    assert_eq!(presented(&mut client.connect(gateway.matrix, "localhost")), new);
    assert_eq!(request(&mut client.connect(gateway.mimi, "gateway.localhost"), "/.well-known/mimi-protocol-directory").status, 200);
    // What was open is still of use.
    assert_eq!(presented(&mut open), old);
}

#[test]
fn bad_certificates_change_nothing_and_are_told() {
    let gateway = Running::start();
    let old = CertificateDer::from_pem_file(gateway.folder.path("matrix.pem")).unwrap().to_vec();
    let client = Client::new(&gateway.folder.path("ca.pem"));
    let good = fs::read(gateway.folder.path("mimi.pem")).unwrap();
    for (failures, bad) in [(1.0, b"no certificate".to_vec()), (2.0, fs::read(gateway.folder.path("matrix.pem")).unwrap())] {
        // The other side's would be good, but it is all or nothing.
        fs::write(gateway.folder.path("mimi.pem"), bad).unwrap();
        gateway.signal(Signal::HUP);
        eventually("the failure", || gateway.metric(FAILED) == Some(failures));
        assert_eq!(presented(&mut client.connect(gateway.matrix, "localhost")), old);
        assert_eq!(
            request(&mut client.connect(gateway.mimi, "gateway.localhost"), "/.well-known/mimi-protocol-directory").status,
            200
        );
    }
    let log = gateway.log();
    assert!(log.contains("ERROR") && log.contains("certificates are not reloaded; the old ones stay"), "{log}");
    fs::write(gateway.folder.path("mimi.pem"), good).unwrap();
    gateway.signal(Signal::HUP);
    eventually("the reload", || gateway.metric(DONE) == Some(1.0));
}

//! Certificates, and who may present which.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate chain with its key.
pub(crate) struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Credentials {
    /// Reads PEM files.
    pub(crate) fn read(certificate: &Path, private_key: &Path) -> anyhow::Result<Self> {
        let chain = certificates(certificate)?;
        ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
        let key =
            PrivateKeyDer::from_pem_file(private_key).map_err(|error| anyhow::anyhow!("{}: {error}", private_key.display()))?;
        Ok(Self { chain, key })
    }

    /// Whether the key is the certificate's.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let key = rustls::crypto::ring::sign::any_supported_type(&self.key)?;
        rustls::sign::CertifiedKey::new(self.chain.clone(), key).keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => anyhow::anyhow!("the private key is not the certificate's"),
            other => other.into(),
        })
    }

    /// When the certificate ends, seconds since 1970.
    pub(crate) fn expiry(&self) -> i64 {
        X509Certificate::from_der(&self.chain[0]).map_or(0, |(_, certificate)| certificate.validity().not_after.timestamp())
    }

    /// The domains that the certificate names.
    pub(crate) fn domains(&self) -> Vec<String> {
        certified_domains(&self.chain[0])
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    read().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// The roots that certificates have to chain to: the system's and configured ones.
#[derive(Clone)]
pub(crate) struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Reads the configured PEM files.
    pub(crate) fn read(files: &[PathBuf]) -> anyhow::Result<Self> {
        let mut store = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "a system root cannot be read");
        }
        store.add_parsable_certificates(system.certs);
        for file in files {
            add(&mut store, file)?;
        }
        Ok(Self(Arc::new(store)))
    }

    /// Whether a PEM file holds roots.
    pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
        add(&mut RootCertStore::empty(), file)
    }
}

fn add(store: &mut RootCertStore, file: &Path) -> anyhow::Result<()> {
    let certificates = certificates(file)?;
    ensure!(!certificates.is_empty(), "{} holds no certificate", file.display());
    for certificate in certificates {
        store.add(certificate).with_context(|| format!("{} holds no usable root", file.display()))?;
    }
    Ok(())
}

const HTTP_1: &[u8] = b"http/1.1";

/// A server that asks for no client certificate.
pub(crate) fn server_config(credentials: Credentials) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(credentials.chain, credentials.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), HTTP_1.to_vec()];
    Ok(Arc::new(config))
}

/// A server that verifies client certificates. Who presents none gets no further than the directory (G-06). Providers
/// have no past to be kind to: TLS 1.3 only. Neither server takes early data, which could be replayed.
pub(crate) fn mutual_server_config(credentials: Credentials, roots: &Roots) -> anyhow::Result<Arc<ServerConfig>> {
    let verifier = WebPkiClientVerifier::builder(roots.0.clone()).allow_unauthenticated().build()?;
    let mut config = ServerConfig::builder_with_protocol_versions(&[&TLS13])
        .with_client_cert_verifier(verifier)
        .with_single_cert(credentials.chain, credentials.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), HTTP_1.to_vec()];
    Ok(Arc::new(config))
}

/// A client, with a certificate of its own where the other side wants one.
pub(crate) fn client_config(roots: &Roots, credentials: Option<Credentials>) -> anyhow::Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder().with_root_certificates(roots.0.clone());
    let mut config = match credentials {
        Some(credentials) => builder.with_client_auth_cert(credentials.chain, credentials.key)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![HTTP_1.to_vec()];
    Ok(Arc::new(config))
}

/// The dNSNames of a certificate, in lower case. A wildcard authenticates no provider: it names none (P-006).
pub(crate) fn certified_domains(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = names.value.general_names.iter();
    names.filter_map(|name| if let GeneralName::DNSName(name) = name { Some(name.to_ascii_lowercase()) } else { None }).collect()
}

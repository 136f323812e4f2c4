//! TLS on both sides of a connection [mimi-protocol-06 §4.1].

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::config::Config;

/// What both sides of a provider's connections use.
pub(crate) struct Tls {
    /// Asks for a client certificate; whether one is needed is the endpoint's business (G-06).
    pub(crate) server: Arc<ServerConfig>,
    /// Presents the provider's certificate.
    pub(crate) client: Arc<ClientConfig>,
}

impl Tls {
    /// From the files that a configuration names.
    ///
    /// # Errors
    /// If a file is missing or unusable.
    pub(crate) fn load(config: &Config) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(roots(&config.trusted_roots)?);
        let chain = certificates(&config.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&config.private_key)
            .with_context(|| format!("cannot read a private key from {}", config.private_key.display()))?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).allow_unauthenticated().build()?;
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        Ok(Self { server: Arc::new(server), client: Arc::new(client) })
    }
}

fn certificates(path: &PathBuf) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let context = || format!("cannot read certificates from {}", path.display());
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(path).with_context(context)?.collect::<Result<_, _>>().with_context(context)?;
    anyhow::ensure!(!chain.is_empty(), "no certificate in {}", path.display());
    Ok(chain)
}

fn roots(paths: &[PathBuf]) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for certificate in certificates(path)? {
            roots.add(certificate)?;
        }
    }
    Ok(roots)
}

/// Whom a peer's certificate names: its dNSNames, exactly as they stand (P-006: no wildcards, no common name).
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerNames(Arc<Vec<String>>);

impl PeerNames {
    /// From a verified client certificate chain, leaf first.
    pub(crate) fn of(chain: Option<&[CertificateDer<'_>]>) -> Self {
        let Some(leaf) = chain.and_then(<[_]>::first) else { return Self::default() };
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return Self::default() };
        let Ok(Some(names)) = certificate.subject_alternative_name() else { return Self::default() };
        let names = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        Self(Arc::new(names.collect()))
    }

    /// Whether there was no certificate, or one without names.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the certificate names a domain.
    pub(crate) fn names(&self, domain: &str) -> bool {
        self.0.iter().any(|name| name == domain)
    }
}

//! The certificates in use, and how they are replaced without a stop.

use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::{ClientConfig, ServerConfig};

use crate::config::{Config, MatrixConfig, MimiConfig};
use crate::http::{Credentials, Live, Roots, client_config, mutual_server_config, server_config};
use crate::node::Node;
use crate::telemetry::{self, Side};

/// What both listeners and both clients present, and what they accept.
pub(crate) struct Certificates {
    matrix: MatrixConfig,
    mimi: MimiConfig,
    /// Of the federation's listener.
    pub(crate) federation: Arc<Live<ServerConfig>>,
    /// Of the providers' listener.
    pub(crate) providers: Arc<Live<ServerConfig>>,
}

/// What the files say now.
struct Read {
    matrix: (Arc<ServerConfig>, Arc<ClientConfig>, i64),
    mimi: (Arc<ServerConfig>, Arc<ClientConfig>, i64),
}

impl Certificates {
    /// Reads the configured files.
    ///
    /// # Errors
    /// If one of them is of no use.
    pub(crate) fn read(config: &Config) -> anyhow::Result<Self> {
        let read = read(&config.matrix, &config.mimi)?;
        read.tell();
        Ok(Self {
            matrix: config.matrix.clone(),
            mimi: config.mimi.clone(),
            federation: Arc::new(Live::new(read.matrix.0)),
            providers: Arc::new(Live::new(read.mimi.0)),
        })
    }

    /// Reads the files again. New connections, in both directions, have what is in them; those that are open stay.
    ///
    /// # Errors
    /// If one of the files is of no use. Then everything stays as it was.
    pub(crate) fn reload(&self, node: &Node) -> anyhow::Result<()> {
        let read = match read(&self.matrix, &self.mimi) {
            Ok(read) => read,
            Err(error) => {
                telemetry::reloaded(false);
                tracing::error!(error = format!("{error:#}"), "certificates are not reloaded; the old ones stay");
                return Err(error);
            }
        };
        read.tell();
        self.federation.replace(read.matrix.0);
        self.providers.replace(read.mimi.0);
        node.federation.replace_tls(read.matrix.1);
        node.providers.replace_tls(read.mimi.1);
        telemetry::reloaded(true);
        tracing::info!("certificates are reloaded");
        Ok(())
    }
}

impl Read {
    fn tell(&self) {
        telemetry::certificate_expires(Side::Matrix, self.matrix.2);
        telemetry::certificate_expires(Side::Mimi, self.mimi.2);
    }
}

fn read(matrix: &MatrixConfig, mimi: &MimiConfig) -> anyhow::Result<Read> {
    let credentials = Credentials::read(&matrix.certificate, &matrix.private_key).context("[matrix]")?;
    let expiry = credentials.expiry();
    let roots = Roots::read(&matrix.trusted_roots).context("[matrix]")?;
    let matrix = (server_config(credentials).context("[matrix]")?, client_config(&roots, None)?, expiry);
    let credentials = || Credentials::read(&mimi.certificate, &mimi.private_key).context("[mimi]");
    let named = credentials()?.domains();
    for domain in std::iter::once(&mimi.provider).chain(&mimi.own_homeservers) {
        // P-005
        ensure!(named.iter().any(|named| named == domain.as_str()), "[mimi] the certificate does not name {domain}, but {named:?}");
    }
    let expiry = credentials()?.expiry();
    let roots = Roots::read(&mimi.trusted_roots).context("[mimi]")?;
    let server = mutual_server_config(credentials()?, &roots).context("[mimi]")?;
    Ok(Read { matrix, mimi: (server, client_config(&roots, Some(credentials()?))?, expiry) })
}

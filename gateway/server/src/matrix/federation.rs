//! Requests to other homeservers.

use std::sync::Arc;

use causeway_core::code::{self, Code, Coded};
use causeway_core::conversation::Gateway;
use ruma::api::auth_scheme::{AuthScheme, NoAuthentication};
use ruma::api::federation::authentication::{ServerSignatures, XMatrixSigningInput};
use ruma::api::path_builder::{PathBuilder, SinglePath};
use ruma::api::{IncomingResponseExt, OutgoingRequest, OutgoingRequestExt};
use ruma::{OwnedServerName, ServerName};

use super::discovery::Discovery;
use crate::config::MatrixConfig;
use crate::http::{HttpError, Pool, Roots, client_config};

/// The client side of the federation.
pub(crate) struct Federation {
    discovery: Discovery,
    pool: Pool,
}

/// What a homeserver made of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FederationError {
    /// There was no answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It said no, and will say so again.
    #[error("{server} answers {status}: {text}")]
    Refused {
        /// The homeserver.
        server: OwnedServerName,
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
    /// It said not now; after so many ms, if it said when.
    #[error("{server} answers {status}: {text}")]
    Busy {
        /// The homeserver.
        server: OwnedServerName,
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
        /// `Retry-After`, ms.
        retry_after: Option<u64>,
    },
    /// Its answer, or our request, is not what the specification says.
    #[error("{server}: {why}")]
    Malformed {
        /// The homeserver.
        server: OwnedServerName,
        /// The reason.
        why: String,
    },
}

impl Coded for FederationError {
    fn code(&self) -> Code {
        match self {
            Self::Http(error) => error.code(),
            Self::Refused { .. } => code::PEER_REFUSED,
            Self::Busy { .. } => code::PEER_BUSY,
            Self::Malformed { .. } => code::PEER_ANSWER_MALFORMED,
        }
    }
}

impl FederationError {
    pub(crate) fn malformed(server: &ServerName, why: impl std::fmt::Display) -> Self {
        Self::Malformed { server: server.to_owned(), why: why.to_string() }
    }

    /// Whether asking again is pointless.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether this very body will never be taken. Everything else (a key that could not be fetched, a ban of our
    /// whole server) may pass, and what waits must not be lost for it.
    pub(crate) fn is_about_the_body(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 413, .. })
    }

    /// When to ask again, where the peer said so.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        if let Self::Busy { retry_after, .. } = self { *retry_after } else { None }
    }
}

/// How a request is authenticated: signed, or not at all.
pub(crate) trait Signing: AuthScheme {
    /// The scheme's input.
    fn input<'a>(gateway: &'a Gateway, destination: &ServerName) -> Result<Self::Input<'a>, String>;
}

impl Signing for ServerSignatures {
    fn input<'a>(gateway: &'a Gateway, destination: &ServerName) -> Result<XMatrixSigningInput<'a>, String> {
        let origin = OwnedServerName::try_from(gateway.names.server_name()).map_err(|error| error.to_string())?;
        Ok(XMatrixSigningInput::new(origin, destination.to_owned(), gateway.keys.pair()))
    }
}

impl Signing for NoAuthentication {
    fn input<'a>(_: &'a Gateway, _: &ServerName) -> Result<Self::Input<'a>, String> {
        Ok(())
    }
}

impl Federation {
    /// A client with the configured roots.
    pub(crate) fn new(config: &MatrixConfig) -> anyhow::Result<Self> {
        let tls = client_config(&Roots::read(&config.trusted_roots)?, None)?;
        Ok(Self { discovery: Discovery::new(config)?, pool: Pool::new(Arc::clone(&tls)) })
    }

    /// Makes new connections with other roots.
    pub(crate) fn replace_tls(&self, tls: Arc<rustls::ClientConfig>) {
        self.pool.replace(tls);
    }

    /// Sends a request, and reads the answer.
    pub(crate) async fn send<R>(
        &self,
        gateway: &Gateway,
        server: &ServerName,
        request: R,
    ) -> Result<R::IncomingResponse, FederationError>
    where
        R: OutgoingRequest<PathBuilder = SinglePath>,
        R::Authentication: Signing,
        for<'a> <R::PathBuilder as PathBuilder>::Input<'a>: From<()>,
    {
        let malformed = |why: &dyn std::fmt::Display| FederationError::malformed(server, why);
        let endpoint = self.discovery.find(server, &self.pool).await?;
        let input = R::Authentication::input(gateway, server).map_err(|error| malformed(&error))?;
        let request = request.try_into_http_request::<Vec<u8>>("https://unused", input, ()).map_err(|error| malformed(&error))?;
        let answer = match self.pool.send(&endpoint, request).await {
            Ok(answer) => answer,
            Err(error) => {
                self.discovery.forget(server);
                return Err(error.into());
            }
        };
        if answer.status.is_success() {
            let mut response = http::Response::builder().status(answer.status);
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(&answer.headers);
            }
            let response = response.body(answer.body.as_ref()).map_err(|error| malformed(&error))?;
            return R::IncomingResponse::try_from_http_response(response).map_err(|error| malformed(&error));
        }
        let retry_after = answer.retry_after();
        let status = answer.status.as_u16();
        let text = error_text(&answer.body);
        let server = server.to_owned();
        let later = matches!(status, 300..=399 | 408 | 425 | 429 | 500..=599);
        Err(match later {
            true => FederationError::Busy { server, status, text, retry_after },
            false => FederationError::Refused { server, status, text },
        })
    }
}

/// `M_CODE: words` of an error answer, shortened.
fn error_text(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(error) => {
            let part = |key: &str| error.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            format!("{}: {}", part("errcode"), part("error"))
        }
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned(),
    };
    text.chars().take(300).collect()
}

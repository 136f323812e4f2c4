//! The endpoints that peers use [mimi-protocol-06 §5], and who may use them (§4.1).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use causeway_drafts::mimi_protocol_06::BODY_MEDIA_TYPE;
use causeway_drafts::mimi_protocol_06::directory::{Directory, WELL_KNOWN, uri_from_path};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri, UriError, UserUri};
use causeway_drafts::{decode_exact, encode};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use percent_encoding::percent_decode_str;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Provider;
use super::client::MAX_BODY;
use super::consent::{Direction, check_request, check_update};
use super::error::{Error, Result};
use super::tls::PeerNames;

/// Takes connections for ever.
///
/// # Errors
/// If the listener fails.
pub(crate) async fn serve(provider: Arc<Provider>, listener: TcpListener, tls: Arc<ServerConfig>) -> anyhow::Result<()> {
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let (stream, address) = listener.accept().await?;
        let (acceptor, provider) = (acceptor.clone(), provider.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(provider, acceptor, stream).await {
                tracing::debug!(%address, %error, "a connection ended");
            }
        });
    }
}

async fn connection(provider: Arc<Provider>, acceptor: TlsAcceptor, stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let names = PeerNames::of(stream.get_ref().1.peer_certificates());
    let router = Router::new().fallback(handle).layer(Extension(names)).with_state(provider);
    let service = TowerToHyperService::new(router);
    let served = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    served.map_err(anyhow::Error::from_boxed)
}

async fn handle(Shared(provider): Shared<Arc<Provider>>, Extension(names): Extension<PeerNames>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(error) = check_host(&provider.domain, &parts.uri, &parts.headers) {
        return refuse(&provider, "", parts.uri.path(), &error);
    }
    if parts.uri.path() == WELL_KNOWN {
        return directory(&provider, &parts.method);
    }
    let from = match identify(&names, &parts.headers) {
        Ok(from) => from,
        Err(error) => return refuse(&provider, "", parts.uri.path(), &error),
    };
    let Some((endpoint, variable)) = parts.uri.path().strip_prefix("/v1/").and_then(|path| path.split_once('/')) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    provider.answer(&from, endpoint, variable, body).await
}

/// P-003: the target is the `Host`, its port ignored.
fn check_host(domain: &ProviderDomain, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(|name| name.as_str()));
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    match name {
        Some(name) if name.eq_ignore_ascii_case(domain.as_str()) => Ok(()),
        _ => Err(Error::Malformed(format!("P-003: this is {domain}, not {}", name.unwrap_or("unnamed")))),
    }
}

/// P-002, P-004, P-006: one `From: mimi@<domain>`, of a domain that the client certificate names.
fn identify(names: &PeerNames, headers: &HeaderMap) -> Result<ProviderDomain> {
    if names.is_empty() {
        return Err(Error::Identity("P-004: no client certificate".to_owned()));
    }
    let mut from = headers.get_all(header::FROM).iter();
    let (Some(value), None) = (from.next(), from.next()) else {
        return Err(Error::Malformed("P-001: not exactly one From".to_owned()));
    };
    let domain = value.to_str().ok().and_then(|value| value.strip_prefix("mimi@")).and_then(|domain| domain.parse().ok());
    let domain: ProviderDomain = domain.ok_or_else(|| Error::Malformed("P-002: From is not mimi@<domain>".to_owned()))?;
    match names.names(domain.as_str()) {
        true => Ok(domain),
        false => Err(Error::Identity(format!("P-006: the client certificate does not name {domain}"))),
    }
}

fn directory(provider: &Provider, method: &Method) -> Response {
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let roots = vec![provider.with(|state| state.authority.root_pem())];
    axum::Json(Directory::at(&format!("https://{}", provider.domain), roots)).into_response()
}

fn refuse(provider: &Provider, peer: &str, endpoint: &str, error: &Error) -> Response {
    provider.with(|state| state.refuse(peer, endpoint, error));
    let status = match error {
        Error::Malformed(_) => StatusCode::BAD_REQUEST,
        Error::Identity(_) | Error::NotAllowed(_) | Error::InvalidProposal { .. } => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::RootsNeeded(_) | Error::Unreachable(_) | Error::Peer { .. } => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string()).into_response()
}

/// A malformed path is a malformed request.
fn uri<T: std::str::FromStr<Err = UriError>>(variable: &str) -> Result<T> {
    uri_from_path(variable).map_err(Error::malformed)
}

impl Provider {
    async fn answer(&self, from: &ProviderDomain, endpoint: &str, variable: &str, body: Bytes) -> Response {
        let answer = match endpoint {
            "keyMaterial" => self.answer_key_material(from, variable, &body).await,
            "update" => self.answer_update(from, variable, &body).await,
            "submitMessage" => self.answer_submit(from, variable, &body),
            "groupInfo" => self.answer_group_info(from, variable, &body).await,
            "notify" => match uri(variable) {
                Ok(room) => self.notify(from, &room, &body).await.map(|()| None),
                Err(error) => Err(error),
            },
            "requestConsent" => self.answer_consent(from, variable, (&body, Direction::Incoming)),
            "updateConsent" => self.answer_consent(from, variable, (&body, Direction::Outgoing)),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        match answer {
            Ok(Some(body)) => ([(header::CONTENT_TYPE, BODY_MEDIA_TYPE)], Body::from(body)).into_response(),
            // G-09
            Ok(None) => StatusCode::CREATED.into_response(),
            Err(error) => refuse(self, from.as_str(), endpoint, &error),
        }
    }

    async fn answer_key_material(&self, from: &ProviderDomain, variable: &str, body: &[u8]) -> Result<Option<Vec<u8>>> {
        let target: UserUri = uri(variable)?;
        let request = decode_exact::<causeway_drafts::mimi_protocol_06::key_material::KeyMaterialRequest>(body)?;
        if request.tbs.target_user != target {
            return Err(Error::malformed("the path names another user than the body"));
        }
        let response = self.key_material(from, &request).await?;
        if response.clients.is_empty() {
            let refusal = Error::Peer { code: "noConsent".to_owned(), why: format!("{:?}: {target}", response.user_status) };
            self.with(|state| state.refuse(from.as_str(), "keyMaterial", &refusal));
        }
        Ok(Some(encode(&response)))
    }

    async fn answer_update(&self, from: &ProviderDomain, variable: &str, body: &[u8]) -> Result<Option<Vec<u8>>> {
        let room: RoomUri = uri(variable)?;
        let request = decode_exact(body)?;
        let response = match self.resolving(|state| state.update(from, &room, &request)).await {
            Ok(accepted_timestamp) => UpdateRoomResponse::new(UpdateStatus::Success { accepted_timestamp }, ""),
            Err(error) => {
                let why = error.to_string();
                let status = match &error {
                    Error::WrongEpoch { current } => UpdateStatus::WrongEpoch { current_epoch: *current },
                    // A commit of the future was made in another epoch than the head, too.
                    Error::FutureEpoch { current } => UpdateStatus::WrongEpoch { current_epoch: *current },
                    Error::NotAllowed(_) | Error::Unreachable(_) => UpdateStatus::NotAllowed,
                    Error::InvalidProposal { references, .. } => {
                        UpdateStatus::InvalidProposal { references: references.iter().cloned().map(Into::into).collect() }
                    }
                    _ => return Err(error),
                };
                self.with(|state| state.refuse(from.as_str(), "update", &error));
                UpdateRoomResponse::new(status, why)
            }
        };
        Ok(Some(encode(&response)))
    }

    fn answer_submit(&self, from: &ProviderDomain, variable: &str, body: &[u8]) -> Result<Option<Vec<u8>>> {
        let room: RoomUri = uri(variable)?;
        let request: SubmitMessageRequest = decode_exact(body)?;
        let message = (&request.sending_uri, &request.app_message);
        let status = match self.with(|state| state.submit(from, &room, message)) {
            Ok((accepted_timestamp, frank)) => SubmitStatus::Success { accepted_timestamp, frank },
            Err(error) => {
                let status = match &error {
                    Error::WrongEpoch { current } => SubmitStatus::EpochTooOld { current_epoch: *current },
                    Error::FutureEpoch { .. } | Error::NotAllowed(_) => SubmitStatus::NotAllowed,
                    _ => return Err(error),
                };
                self.with(|state| state.refuse(from.as_str(), "submitMessage", &error));
                status
            }
        };
        Ok(Some(encode(&SubmitMessageResponse::new(status))))
    }

    async fn answer_group_info(&self, from: &ProviderDomain, variable: &str, body: &[u8]) -> Result<Option<Vec<u8>>> {
        let room: RoomUri = uri(variable)?;
        let request = decode_exact(body)?;
        let response = self.resolving(|state| state.answer_group_info(from, &room, &request)).await?;
        Ok(Some(encode(&response)))
    }

    /// P-086: 201 says no more than that the entry has come.
    fn answer_consent(
        &self,
        from: &ProviderDomain,
        variable: &str,
        (body, direction): (&[u8], Direction),
    ) -> Result<Option<Vec<u8>>> {
        let named = percent_decode_str(variable).decode_utf8_lossy();
        let named = named.strip_prefix("mimi://").unwrap_or(&named);
        if named != self.domain.as_str() {
            return Err(Error::NotFound(format!("{named} is not served here")));
        }
        let entry = decode_exact(body)?;
        match direction {
            Direction::Incoming => check_request(&self.domain, from, &entry)?,
            Direction::Outgoing => check_update(&self.domain, from, &entry)?,
        }
        self.with(|state| state.consents.enter(&entry, direction));
        Ok(None)
    }
}

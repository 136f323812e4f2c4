//! Asking the running gateway, at its admin listener: plain HTTP with a bearer token.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::arguments::Database;
use crate::config::Configuration;
use crate::outcome::{Unreachable, Usage};

const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: usize = 1024 * 1024;

/// How the listener says no.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Posts a question to an action of the gateway that the configuration describes.
pub(crate) async fn post<A: DeserializeOwned>(named: &Database, action: &str, question: &impl Serialize) -> anyhow::Result<A> {
    let file = named.config.as_ref().ok_or_else(|| Usage("name the gateway's configuration: --config <FILE>".to_owned()))?;
    let configuration = Configuration::read(file)?;
    let Some(address) = configuration.values.admin.listen else {
        bail!("{} has no [admin] listen: add it, and restart the gateway", file.display());
    };
    let token = token(&configuration)?;
    let request = Request::post(format!("/admin/v1/{action}"))
        .header(http::header::HOST, address.to_string())
        .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(serde_json::to_vec(question)?)))?;
    let unreachable = || Unreachable(format!("cannot reach the gateway's admin listener at {address}; does it run?"));
    let (status, body) = exchange(address, request).await.with_context(unreachable)?;
    answer(status, &body)
}

/// Gets what everybody may see there.
pub(crate) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
    let request = Request::get(path).header(http::header::HOST, address.to_string()).body(Full::default())?;
    exchange(address, request).await
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
    let exchange = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let serving = tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
        serving.abort();
        anyhow::Ok((status, body.map_err(|error| anyhow::anyhow!(error))?.to_bytes()))
    };
    tokio::time::timeout(PATIENCE, exchange).await.context("no answer in time")?
}

fn token(configuration: &Configuration) -> anyhow::Result<String> {
    let file = configuration.token_file().context("the configuration names neither data_directory nor [admin] token_file")?;
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read the admin token {}", file.display()))?;
    Ok(text.trim().to_owned())
}

fn answer<A: DeserializeOwned>(status: StatusCode, body: &[u8]) -> anyhow::Result<A> {
    if status.is_success() {
        return serde_json::from_slice(body).context("the gateway's answer is not understood: is it of another version?");
    }
    if status == StatusCode::UNAUTHORIZED {
        bail!("the gateway refuses the admin token: is the configuration that of the running gateway?");
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => bail!("the gateway refuses: {}", refusal.error),
        Err(_) => bail!("the gateway answers {status}"),
    }
}

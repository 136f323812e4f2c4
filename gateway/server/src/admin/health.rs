//! `GET /readyz`: whether the gateway can do its work. Nothing about peers: a dead peer must not take it out of service.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

use super::Admin;
use crate::startup;

/// A database that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A check.
#[derive(Serialize)]
pub(super) struct Check {
    name: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// All checks.
#[derive(Serialize)]
pub(super) struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

pub(super) async fn readyz(State(admin): State<Arc<Admin>>) -> (StatusCode, Json<Readiness>) {
    let readiness = check(&admin).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// Runs all checks.
pub(super) async fn check(admin: &Admin) -> Readiness {
    let mut checks = vec![
        of("database", within(startup::database_answers(&admin.node.store)).await),
        of("keys", within(startup::keys_open(&admin.node.store)).await),
        of("outbox", if admin.node.outbox.is_alive() { Ok(()) } else { Err("the dispatcher takes no turns".to_owned()) }),
    ];
    for (name, serving) in &admin.listeners {
        checks.push(of(name, if serving.is_on() { Ok(()) } else { Err("not served".to_owned()) }));
    }
    Readiness { ready: checks.iter().all(|check| check.ok), checks }
}

fn of(name: &str, result: Result<(), String>) -> Check {
    Check { name: name.to_owned(), ok: result.is_ok(), error: result.err() }
}

async fn within(check: impl Future<Output = anyhow::Result<()>>) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(result) => result.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

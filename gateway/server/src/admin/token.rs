//! The bearer token of the operator's commands.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Admin;
use crate::startup::make_secret_file;

/// A token that somebody chose must have so many characters at least.
const SHORTEST: usize = 20;

/// The token's digest: digests can be compared without telling how much of a guess was right.
pub(super) struct Token([u8; 32]);

impl Token {
    /// From its file, which is made at the first start.
    pub(super) fn read_or_make(path: &Path) -> anyhow::Result<Self> {
        if !path.try_exists().with_context(|| format!("cannot read {}", path.display()))? {
            make_secret_file(path, &Zeroizing::new(hex::encode(rand::random::<[u8; 32]>())))?;
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?);
        ensure!(text.trim().len() >= SHORTEST, "the token in {} is shorter than {SHORTEST} characters", path.display());
        Ok(Self(Sha256::digest(text.trim()).into()))
    }

    fn is(&self, guess: &str) -> bool {
        self.0 == <[u8; 32]>::from(Sha256::digest(guess))
    }
}

/// Lets nobody through without the token.
pub(super) async fn required(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let guess = header.and_then(|header| header.strip_prefix("Bearer "));
    match guess.is_some_and(|guess| admin.token.is(guess.trim())) {
        true => next.run(request).await,
        false => {
            tracing::warn!(path = request.uri().path(), "a command without the token");
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "the admin token is wanted: Authorization: Bearer …\n")
                .into_response()
        }
    }
}

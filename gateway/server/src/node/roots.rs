//! Credential roots of providers, pinned when first seen in the provider's directory (G-28).

use std::sync::{Arc, PoisonError, RwLock};

use causeway_core::records::PinnedRootRow;
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::TrustRoots;
use causeway_store::StoreError;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{Node, now_ms};

/// All roots that are pinned.
pub(crate) struct PinnedRoots(RwLock<Arc<TrustRoots>>);

impl PinnedRoots {
    /// From what is stored, and our own.
    pub(crate) fn new(roots: TrustRoots) -> Self {
        Self(RwLock::new(Arc::new(roots)))
    }

    /// The roots as they are now.
    pub(crate) fn current(&self) -> Arc<TrustRoots> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn pin(&self, provider: &ProviderDomain, roots: &[Vec<u8>]) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = TrustRoots::clone(&current);
        for root in roots {
            changed.pin(provider, root.clone());
        }
        *current = Arc::new(changed);
    }

    /// As long as this is held, commits that need a provider's roots wait for them, as far as they can.
    pub(super) fn without(&self, provider: &ProviderDomain) -> Without<'_> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = TrustRoots::clone(&current);
        changed.give_up_on(provider);
        *current = Arc::new(changed);
        Without { roots: self, provider: provider.clone() }
    }
}

/// A provider that does not answer, for as long as one transaction needs: the next one asks it again.
pub(super) struct Without<'a> {
    roots: &'a PinnedRoots,
    provider: ProviderDomain,
}

impl Drop for Without<'_> {
    fn drop(&mut self) {
        let mut current = self.roots.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = TrustRoots::clone(&current);
        changed.expect_again(&self.provider);
        *current = Arc::new(changed);
    }
}

impl Node {
    /// Asks a provider's directory for its roots, and pins them.
    ///
    /// # Errors
    /// If there is no directory, or it names no usable root.
    pub(super) async fn fetch_roots(&self, provider: &ProviderDomain) -> Result<(), String> {
        let directory = self.providers.directory(provider).await.map_err(|error| error.to_string())?;
        let pem = directory.mls_credential_roots.iter();
        let roots: Vec<Vec<u8>> =
            pem.filter_map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok()).map(|root| root.to_vec()).collect();
        if roots.is_empty() {
            return Err(format!("the directory of {provider} names no mls_credential_roots"));
        }
        self.store_roots(provider, &roots).await.map_err(|error| error.to_string())?;
        self.roots.pin(provider, &roots);
        Ok(())
    }

    async fn store_roots(&self, provider: &ProviderDomain, roots: &[Vec<u8>]) -> Result<(), StoreError> {
        let now = now_ms() as i64;
        let row =
            |root: &Vec<u8>| PinnedRootRow { domain: provider.to_string(), root: root.clone(), first_seen: now, last_seen: now };
        let rows: Arc<Vec<PinnedRootRow>> = Arc::new(roots.iter().map(row).collect());
        self.store
            .transaction("pin roots", move |tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    for row in rows.iter() {
                        tx.put_pinned_root(row).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_does_not_answer_is_asked_again_after_the_transaction() {
        let pinned = PinnedRoots::new(TrustRoots::default());
        let provider: ProviderDomain = "d.test".parse().unwrap();
        let without = pinned.without(&provider);
        assert!(pinned.current().is_out_of_reach(&provider));
        drop(without);
        assert!(!pinned.current().is_out_of_reach(&provider));
    }
}

//! The component `link_preview_policy` [mimi-room-policy-04 §6.3]: hyperlinks, and who looks behind them.

use super::Optionality;
use crate::structure::{choice, structure};
use crate::uri::Uri;

/// LinkPreviewPolicy (§6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPreviewPolicy {
    /// Whether a composer looks for links in plain text; never required.
    pub autodetect_hyperlinks_in_text: Optionality,
    /// Whether a sender adds previews.
    pub send_link_previews: Optionality,
    /// Whether a receiver makes them.
    pub automatic_link_previews: Optionality,
    /// Whether previews are fetched through a proxy.
    pub link_preview_proxy: PreviewProxy,
}

/// `link_preview_proxy_use`, with the proxies (§6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewProxy {
    /// As the client likes.
    Optional {
        /// At least one.
        link_preview_proxy: Vec<Uri>,
    },
    /// Always.
    Required {
        /// At least one.
        link_preview_proxy: Vec<Uri>,
    },
    /// Never.
    Forbidden,
}

/// LinkPreviewPolicyUpdate (§6.3).
pub type LinkPreviewPolicyUpdate = LinkPreviewPolicy;

structure!(LinkPreviewPolicy {
    autodetect_hyperlinks_in_text,
    send_link_previews,
    automatic_link_previews,
    link_preview_proxy[flat],
});
choice!(PreviewProxy as "link_preview_proxy_use" {
    0 => Optional { link_preview_proxy[] },
    1 => Required { link_preview_proxy[] },
    2 => Forbidden,
});

impl LinkPreviewPolicy {
    /// Whether the policy can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        if self.autodetect_hyperlinks_in_text == Optionality::Required {
            return Err("R-032: autodetect_hyperlinks_in_text is required");
        }
        match &self.link_preview_proxy {
            PreviewProxy::Optional { link_preview_proxy } | PreviewProxy::Required { link_preview_proxy }
                if link_preview_proxy.is_empty() =>
            {
                Err("R-033: a proxy may or shall be used, and none is named")
            }
            _ => Ok(()),
        }
    }
}

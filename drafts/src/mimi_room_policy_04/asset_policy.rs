//! The component `asset_policy` [mimi-room-policy-04 §6.4]: where files are put, how they are fetched, and which.

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

use crate::application::MediaType;
use crate::mimi_uri::ProviderDomain;
use crate::structure::{optional_vector, structure};

/// AssetUploadLocation (§6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum AssetUploadLocation {
    /// Anywhere.
    Unspecified = 0,
    /// At the sender's provider.
    LocalProvider = 1,
    /// At the hub.
    Hub = 2,
}

/// Where the assets of a provider's users are (§6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAssetUploadDomains {
    /// The provider.
    pub provider: ProviderDomain,
    /// The hosts of its assets.
    pub asset_upload_destinations: Vec<ProviderDomain>,
}

/// DownloadPrivacyType [mimi-protocol-06 §5.10].
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum DownloadPrivacyType {
    /// The client fetches the asset itself.
    Direct = 0,
    /// Through the hub's `proxyDownload`.
    HubProxy = 1,
    /// Through Oblivious HTTP.
    Ohttp = 2,
}

/// How assets may be fetched (§6.4, R-038).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadPrivacy {
    /// In these ways.
    pub allowed_download_types: Vec<DownloadPrivacyType>,
    /// In these not.
    pub forbidden_download_types: Vec<DownloadPrivacyType>,
    /// Best in this one.
    pub default_download_type: DownloadPrivacyType,
}

/// AssetPolicy (§6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPolicy {
    /// Where assets are put.
    pub asset_upload_location: AssetUploadLocation,
    /// By provider; the text calls it `asset_upload_domains`.
    pub upload_domains: Vec<ProviderAssetUploadDomains>,
    /// How they are fetched.
    pub download_privacy: DownloadPrivacy,
    /// Octets of an image.
    pub max_image: u64,
    /// Octets of an audio file.
    pub max_audio: u64,
    /// Octets of a video.
    pub max_video: u64,
    /// Octets of anything else.
    pub max_attachment: u64,
    /// Not these.
    pub forbidden_media_types: Vec<MediaType>,
    /// Where present, only these. Written `optional<MediaType> x<V>`: a presence octet, then the list (G-58).
    pub permitted_media_types: Option<Vec<MediaType>>,
}

/// AssetPolicyUpdate (§6.4).
pub type AssetPolicyUpdate = AssetPolicy;

structure!(ProviderAssetUploadDomains { provider, asset_upload_destinations[] });
structure!(DownloadPrivacy { allowed_download_types[], forbidden_download_types[], default_download_type });
structure!(AssetPolicy {
    asset_upload_location,
    upload_domains[],
    download_privacy,
    max_image,
    max_audio,
    max_video,
    max_attachment,
    forbidden_media_types[],
    permitted_media_types[optional_vector],
});

impl DownloadPrivacy {
    /// Whether an asset may be fetched so.
    pub fn allows(&self, way: DownloadPrivacyType) -> bool {
        self.allowed_download_types.contains(&way) && !self.forbidden_download_types.contains(&way)
    }
}

impl AssetPolicy {
    /// Whether assets of the media type may be sent.
    pub fn permits(&self, media_type: &MediaType) -> bool {
        let listed = |list: &[MediaType]| list.iter().any(|entry| covers(entry, media_type));
        !listed(&self.forbidden_media_types) && self.permitted_media_types.as_deref().is_none_or(listed)
    }

    /// Whether an asset of a sender of this provider may have its URL at this host, exactly.
    pub fn may_be_at(&self, sender: &ProviderDomain, host: &str) -> bool {
        let at = |domains: &ProviderAssetUploadDomains| domains.asset_upload_destinations.iter().any(|name| name.as_str() == host);
        match self.asset_upload_location {
            AssetUploadLocation::Unspecified => true,
            AssetUploadLocation::LocalProvider => {
                self.upload_domains.iter().any(|domains| domains.provider == *sender && at(domains))
            }
            AssetUploadLocation::Hub => self.upload_domains.iter().any(at),
        }
    }

    /// Whether the policy of a room at this hub can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self, hub: &ProviderDomain) -> Result<(), &'static str> {
        let is_hub_alone = matches!(self.upload_domains.as_slice(), [only] if only.provider == *hub);
        match self.asset_upload_location {
            AssetUploadLocation::Hub if !is_hub_alone => {
                Err("R-036: assets are put at the hub, and not its domains alone are named")
            }
            _ => Ok(()),
        }
    }
}

/// Whether an entry of a list means the media type: without parameters it means all forms. Type and subtype are
/// case-insensitive [RFC 9110 §8.3.1].
fn covers(entry: &MediaType, media_type: &MediaType) -> bool {
    entry.media_type.as_slice().eq_ignore_ascii_case(media_type.media_type.as_slice())
        && (entry.parameters.is_empty() || entry.parameters == media_type.parameters)
}

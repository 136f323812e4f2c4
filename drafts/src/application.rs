//! ApplicationFraming [mls-extensions-09 §6.2]: what the application_data of a MIMI group is.

use tls_codec::{Deserialize, VLBytes};

use crate::structure::{at_least_one, structure};

/// The media type of MIMI content [mimi-content-09 §8.1].
pub const MIMI_CONTENT: &str = "application/mimi-content";

/// A media type with its parameters [mls-extensions-09 §6.2].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype`
    pub media_type: VLBytes,
    /// Parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a media type [mls-extensions-09 §6.2].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: VLBytes,
    /// Its value.
    pub value: VLBytes,
}

impl MediaType {
    /// `application/mimi-content` without parameters.
    pub fn mimi_content() -> Self {
        Self { media_type: MIMI_CONTENT.as_bytes().to_vec().into(), parameters: Vec::new() }
    }
}

/// The component `content_media_types`: a list of media types [mls-extensions-09 §6.2].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaTypeList {
    /// In order of preference, at least one.
    pub media_types: Vec<MediaType>,
}

/// The components `app_components` and `safe_aad`: a list of component ids [mls-extensions-09 §5, §4.9].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentsList {
    /// In increasing order.
    pub component_ids: Vec<u16>,
}

structure!(MediaType { media_type, parameters[] });
structure!(Parameter { name as "parameter_name", value as "parameter_value" });
structure!(MediaTypeList { media_types[at_least_one] });
structure!(ComponentsList { component_ids[] });

/// Why application_data is not MIMI content [mls-extensions-09 §6.2].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// No ApplicationFraming.
    #[error("P-128: application_data does not begin with a media type")]
    Malformed,
    /// Framed, but something else.
    #[error("P-128: the media type is {0}, not {MIMI_CONTENT}")]
    OtherMediaType(String),
}

/// Frames a MIMI content [mls-extensions-09 §6.2]. The media type is always explicit (G-38).
pub fn frame(content: &[u8]) -> Vec<u8> {
    let mut framed = crate::encode(&MediaType::mimi_content());
    framed.extend_from_slice(&crate::encode(&VLBytes::new(content.to_vec())));
    framed
}

/// Takes the frame off [mls-extensions-09 §6.2]. A zero-length type means the first of the group's list, which is MIMI content (G-38).
///
/// # Errors
/// If there is no frame, or another media type in it.
pub fn unframe(application_data: &[u8]) -> Result<Vec<u8>, FramingError> {
    let mut rest = application_data;
    let media_type = MediaType::tls_deserialize(&mut rest).map_err(|_| FramingError::Malformed)?;
    let name = media_type.media_type.as_slice();
    if !(name.is_empty() || name == MIMI_CONTENT.as_bytes()) {
        return Err(FramingError::OtherMediaType(String::from_utf8_lossy(name).into_owned()));
    }
    let content = VLBytes::tls_deserialize(&mut rest).map_err(|_| FramingError::Malformed)?;
    if rest.is_empty() { Ok(content.into()) } else { Err(FramingError::Malformed) }
}

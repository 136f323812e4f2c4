//! `identifierQuery` [mimi-protocol-06 §5.8]: which user of a provider somebody means.

use openmls::prelude::AppDataDictionary;
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use crate::encode;
use crate::mimi_uri::UserUri;
use crate::structure::{choice, structure};
use crate::text::Text;

/// What a query looks for (§5.8): SearchIdentifierType with what depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchType {
    /// The whole handle (`im:alice.smith@a.example`), exactly.
    Handle,
    /// The nickname or the user part of the handle, exactly.
    Nick,
    /// An `addr-spec` [RFC 5322], exactly.
    Email,
    /// An international number with `+`, exactly.
    Phone,
    /// A part of any name, whatever its case.
    PartialName,
    /// A part of any field.
    WholeProfile,
    /// A claim of OpenID Connect's UserInfo, exactly.
    OidcStdClaim {
        /// Its name.
        claim_name: VLBytes,
    },
    /// A property of a vCard [RFC 6350], exactly.
    VcardField {
        /// Its name.
        property_name: VLBytes,
    },
}

/// One condition (§5.8); all of them have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryElement {
    /// Where to look.
    pub search_type: SearchType,
    /// What for.
    pub search_value: Text,
}

/// IdentifierRequest (§5.8).
#[derive(Clone, Debug, PartialEq)]
pub struct IdentifierRequest {
    /// The conditions.
    pub query_elements: Vec<QueryElement>,
    /// Extension point.
    pub id_request_extensions: AppDataDictionary,
}

/// IdentifierQueryCode (§5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum IdentifierQueryCode {
    /// Somebody matches.
    Success = 0,
    /// Nobody matches.
    NotFound = 1,
    /// A field has to match exactly before anybody is named.
    Ambiguous = 2,
    /// Such queries are not answered.
    Forbidden = 3,
    /// A field cannot be searched for.
    UnsupportedField = 4,
}

/// FieldSource (§5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum FieldSource {
    /// A claim of OpenID Connect's UserInfo.
    OidcStdClaim = 7,
    /// A property of a vCard.
    VcardField = 8,
}

/// A field of a profile (§5.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    /// Whose vocabulary its name is of.
    pub field_source: FieldSource,
    /// Its name.
    pub field_name: Text,
    /// Its value.
    pub field_value: VLBytes,
}

/// What a provider tells about a user (§5.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserProfile {
    /// Who it is.
    pub stable_uri: UserUri,
    /// What else.
    pub fields: Vec<ProfileField>,
}

/// IdentifierResponse (§5.8). Users stand in both lists, in the same order (G-51).
#[derive(Clone, Debug, PartialEq)]
pub struct IdentifierResponse {
    /// The outcome.
    pub response_code: IdentifierQueryCode,
    /// Who matches.
    pub uri: Vec<UserUri>,
    /// Who matches, with what is told about them.
    pub found_profiles: Vec<UserProfile>,
    /// Extension point.
    pub id_response_extensions: AppDataDictionary,
}

choice!(SearchType as "searchType" {
    1 => Handle,
    2 => Nick,
    3 => Email,
    4 => Phone,
    5 => PartialName,
    6 => WholeProfile,
    7 => OidcStdClaim { claim_name as "claimName" },
    8 => VcardField { property_name as "propertyName" },
});
structure!(QueryElement { search_type[flat], search_value as "searchValue" });
structure!(IdentifierRequest { query_elements[], id_request_extensions });
structure!(ProfileField {
    field_source as "fieldSource",
    field_name as "fieldName",
    field_value as "fieldValue",
});
structure!(UserProfile { stable_uri as "stableUri", fields[] });
structure!(IdentifierResponse {
    response_code as "responseCode",
    uri[],
    found_profiles[] as "foundProfiles",
    id_response_extensions,
});

impl QueryElement {
    /// A condition.
    pub fn new(search_type: SearchType, search_value: impl Into<String>) -> Self {
        Self { search_type, search_value: Text(search_value.into()) }
    }
}

impl IdentifierRequest {
    /// A request without extensions.
    pub fn new(query_elements: Vec<QueryElement>) -> Self {
        Self { query_elements, id_request_extensions: AppDataDictionary::new() }
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

impl IdentifierResponse {
    /// An answer that names nobody.
    pub fn failure(response_code: IdentifierQueryCode) -> Self {
        let id_response_extensions = AppDataDictionary::new();
        Self { response_code, uri: Vec::new(), found_profiles: Vec::new(), id_response_extensions }
    }

    /// An answer that names these users, in both lists (G-51).
    pub fn success(found_profiles: Vec<UserProfile>) -> Self {
        let uri = found_profiles.iter().map(|profile| profile.stable_uri.clone()).collect();
        Self { uri, found_profiles, ..Self::failure(IdentifierQueryCode::Success) }
    }

    /// Whom the answer names, each once: the profiles first, then who stands in the other list only (G-51).
    pub fn users(&self) -> Vec<&UserUri> {
        let mut users: Vec<&UserUri> = Vec::new();
        for user in self.found_profiles.iter().map(|profile| &profile.stable_uri).chain(&self.uri) {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users
    }
}

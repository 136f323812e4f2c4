//! systemd credentials (`LoadCredential=`): files in `$CREDENTIALS_DIRECTORY` that stand in for paths of secrets.

use std::path::Path;

use toml::Value;

use super::keys::plain_keys;
use super::values::{Name, Origin, Values};

/// Takes the credentials that are there.
pub(super) fn read(variables: &[(String, String)], values: &mut Values) {
    let Some((_, folder)) = variables.iter().find(|(name, _)| name == "CREDENTIALS_DIRECTORY") else { return };
    for (section, key) in plain_keys() {
        let Some(credential) = key.credential else { continue };
        let path = Path::new(folder).join(credential);
        if let Some(text) = path.to_str().filter(|_| path.is_file()) {
            let origin = Origin::Credential(credential.to_owned());
            values.set(Name::new(section.name, key.name), Value::String(text.to_owned()), origin);
        }
    }
}

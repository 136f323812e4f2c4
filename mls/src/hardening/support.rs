//! Which clients can take part in a hardened group: those whose leaves say so.

use causeway_drafts::application::ComponentsList;
use causeway_drafts::numbers::{
    COMPONENT_APP_COMPONENTS, COMPONENT_DMLS, COMPONENT_FRANK_AAD, COMPONENT_HARDENING, ROOM_COMPONENTS,
};
use causeway_drafts::{decode_exact, encode};
use openmls::prelude::{AppDataDictionary, AppDataDictionaryExtension, Extension, Extensions, LeafNode};

use crate::MlsError;

/// What our leaves say of components: which ones we know [mls-extensions-09 §5].
pub(crate) fn leaf_extensions() -> Result<Extensions<LeafNode>, MlsError> {
    let mut component_ids = vec![COMPONENT_FRANK_AAD];
    component_ids.extend(ROOM_COMPONENTS);
    component_ids.extend([COMPONENT_DMLS, COMPONENT_HARDENING]);
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(COMPONENT_APP_COMPONENTS, encode(&ComponentsList { component_ids }));
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))).map_err(MlsError::invalid)
}

/// Whether a client can take part: its leaf's app_components list the hardening (DMLS-34).
pub(crate) fn can_puncture(leaf: &LeafNode) -> bool {
    let dictionary = leaf.extensions().iter().find_map(|extension| match extension {
        Extension::AppDataDictionary(extension) => Some(extension.dictionary()),
        _ => None,
    });
    let known = dictionary.and_then(|dictionary| dictionary.get(&COMPONENT_APP_COMPONENTS));
    let known = known.and_then(|known| decode_exact::<ComponentsList>(known).ok());
    known.is_some_and(|known| known.component_ids.contains(&COMPONENT_HARDENING))
}

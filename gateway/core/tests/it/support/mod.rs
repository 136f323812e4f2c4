//! What several tests share.

pub(crate) mod links;
pub(crate) mod rooms;
pub(crate) mod simulation;

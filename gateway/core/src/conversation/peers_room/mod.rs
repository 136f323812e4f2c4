//! The peers' room (SPEC §15.2): a Matrix room of the gateways' own users, in which they say what concerns a room without a
//! hub.

pub mod assembly;
pub mod parts;

//! The program's commands, one file each.

pub(crate) mod config_check;
pub(crate) mod config_dump;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod serve;

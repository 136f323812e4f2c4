#![doc = include_str!("../README.md")]

pub mod code;
pub mod conversation;
pub mod identity;
pub mod loss;
pub mod matrix;
pub mod reach;
pub mod records;
pub mod translate;

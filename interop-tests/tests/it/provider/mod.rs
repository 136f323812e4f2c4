//! The reference provider against itself: two providers, each hub of a room and follower in the other's.

mod process;
mod refusals;
mod rooms;
mod support;

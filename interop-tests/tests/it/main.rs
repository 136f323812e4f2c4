//! Tests against real software.

mod homeservers;

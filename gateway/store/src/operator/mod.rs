//! What operators look at: public columns only, so no master key is needed. All of it runs in read-only transactions.

mod epochs;
mod figures;
mod groups;
mod keys;
mod losses;
mod parked;
mod peers;
mod queue;
mod rooms;
mod slices;

pub use epochs::EpochLine;
pub use figures::{QueueFigure, RoomFigure};
pub use keys::KeyUsage;
pub use losses::LossLine;
pub use parked::ParkedLine;
pub use queue::QueueLine;
pub use rooms::RoomLine;
pub use slices::{ForgettingFigure, SliceLine};

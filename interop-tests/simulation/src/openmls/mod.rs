//! Real groups: the engine with openmls, driven as a gateway drives it, over a bad network, among thieves.
//!
//! What is checked, and what is not:
//!
//! * *rows* (after every step): what is stored is what is in memory, so that a restart changes nothing. Not: the SQL.
//! * *publish before apply*: preparing a commit moves nothing, and every own commit in a graph has been published.
//! * *validity*: no honest commit is refused by a rule of MLS or of the room, and what nobody has tampered with opens at
//!   whoever holds its parent. Not: commits that are refused because a branch has lost, or is too long.
//! * *message lost*: what was sealed in an epoch that a node has held, and that is not final there when the message comes,
//!   opens, once. Not: messages that come later than that; those that a node had before it was restored.
//! * *read after removal*: whoever opens a message was in its sender's head when it was sealed. Those who are out go on trying,
//!   with everything that they have ever known. Not: what is sealed by those who do not know yet (SPEC §14.8).
//! * *secrets*: rows of secrets are stored of epochs that are not final only. Not: what a file system or a backup keeps, which
//!   the store's tests look at; a prepared commit's secrets are looked at as far as the engine names it.
//! * *generations*: every ciphertext opens at a fresh state of its epoch. Not: ciphertexts of epochs that one node alone held.
//! * *key packages*: none is handed out twice, none stays when it was used, and none comes back from a backup.
//! * *hardening*: in a quarter of the worlds, groups are hardened (SPEC §14.12) and switched. No child that own clients have
//!   entered can be derived from a parent that is kept (its PRF after every step, openmls at rest), and no commit without a PSK is
//!   taken. Not: commits that let somebody in, and what a thief has taken before.
//! * *newcomers* (at rest): whoever is told the graph by anybody has the same head and the same terms.
//! * *convergence* (at rest): one head, tree, context, room and roster, everywhere.
//! * *settlement*: what honest commits on losing branches did is done on the way to the head, or given up for a reason that a
//!   second, plain rule knows ([`settled`]); and a commit that settles does nothing a second time. Not: what byzantine members
//!   wanted; what nobody remembers any more who may do it, since they have begun anew.
//! * *stranded*: whoever belongs to the group holds its head's secrets in the end. Where nobody does, an admin goes on beside what
//!   nobody can open.
//! * *bounded work*: of commits, until all is settled and everybody is back, at most one for each lost epoch, and two for each
//!   client and each provider. Not: time.
//! * *liveness*: then everybody's next commit extends the head everywhere, and everybody's next message opens.
//! * *order*: where a Matrix room orders, nobody writes over what it says.

mod act;
mod byzantine;
mod check;
mod generate;
mod ledger;
mod node;
mod people;
mod plans;
mod receive;
mod rest;
mod rooms;
mod settled;
mod step;
mod store;
mod thieves;
mod world;

pub use step::{Act, Change, Crash, Setup, Step};

use crate::outcome::Played;

/// Real groups.
pub struct Openmls;

impl crate::Simulation for Openmls {
    type Setup = Setup;
    type Step = Step;

    fn generate(seed: u64) -> (Setup, Vec<Step>) {
        generate::generate(seed)
    }

    fn play(setup: Setup, steps: &[Step], traced: bool) -> Played {
        world::play(setup, steps, traced)
    }
}

//! What can happen in a run with real openmls. Steps are data, as in the graph's simulation: numbers are taken modulo what
//! there is, so that any list of steps can be played.

use crate::graph::{Hub, Nodes, Orders};

/// The world that the steps happen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What MLS draws at random follows from this.
    pub chance: u64,
    /// How many epochs a branch may run ahead before it is final.
    pub window: u64,
    /// Honest providers with a user in the group from the beginning, a node each; the users of the first two are admins.
    pub members: usize,
    /// Honest providers whose user is not in the group at first.
    pub newcomers: usize,
    /// Whether users have two clients each, in one process.
    pub two_clients: bool,
    /// A delivery service: public state only.
    pub server: bool,
    /// A member that does what it wants, and whether it is an admin.
    pub byzantine: Option<bool>,
    /// Who orders in the beginning. The hub's node is the first.
    pub hub: Hub,
    /// The group is hardened at first, and may be switched.
    pub hardened: bool,
}

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// It does not.
    No,
    /// Before anything is stored.
    BeforeStoring,
    /// Where a commit is prepared, and not published.
    Prepared,
    /// When all is stored, and nothing is sent yet.
    BeforeSending,
}

/// What a commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what its numbers are")]
pub enum Change {
    /// Renews keys.
    Renew,
    /// Names the room; in a hardened world, sometimes switches that instead.
    Rename { name: usize },
    /// Makes a user an admin, or a member if it is one.
    Role { user: usize },
    /// Takes a user out.
    Remove { user: usize },
    /// Takes a user in, with its clients.
    Add { user: usize },
    /// Takes another own client in, or out.
    OwnClient,
    /// Lets members name the room, or not.
    Roles,
}

/// Something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what its numbers are")]
pub enum Step {
    /// A node makes a commit in its head and sends it to all.
    Commit { node: usize, change: Change, crash: Crash },
    /// A client of a node sends a message to all.
    Send { node: usize, client: usize, crash: Crash },
    /// A node gets all that can reach it, in an order drawn from a number.
    Flush { node: usize, order: u64 },
    /// All nodes get all that can reach them.
    FlushAll { order: u64 },
    /// A message under way is lost.
    Drop { node: usize, nth: usize },
    /// A message arrives, and will arrive again.
    Repeat { node: usize, nth: usize },
    /// Everything that was ever sent to a node, but for commits, arrives once more.
    Again { node: usize },
    /// Nodes of one bit cannot reach nodes of the other.
    Partition { sides: Nodes },
    /// They can.
    Heal,
    /// A process dies and starts again: what was under way to it is lost, what it had stored is not.
    Restart { node: usize },
    /// A backup is made.
    Backup { node: usize },
    /// A node is restored from its backup: what its clients knew of the group must not be used again.
    Restore { node: usize },
    /// A node gets what another knows of the graph.
    CatchUp { node: usize, from: usize },
    /// Clients of a node that hold no secrets in the head come back.
    Return { node: usize },
    /// A node settles what it may.
    Settle { node: usize },
    /// A node opens a term.
    OpenTerm { node: usize, by: Orders },
    /// A node writes into the Matrix room that orders what that does not say yet of the way to its head.
    Write { node: usize },
    /// A node in conflict decides for one side.
    Override { node: usize, ours: bool },
    /// The byzantine member, or the hub if it is, acts.
    Byzantine { act: Act, back: usize, to: Nodes },
}

/// What somebody byzantine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Two commits in one epoch, one for these nodes and one for the others.
    Equivocate,
    /// A commit that is valid in public, and that nobody can open.
    BadPath,
    /// A commit of somebody, with other tags.
    Tags,
    /// Old commits and messages once more.
    Replay,
    /// A branch that begins some epochs ago.
    Branch {
        /// Its commits.
        length: usize,
    },
    /// Three commits in one epoch, of which the first is given up, and what it has sealed there; and all of it again.
    Crowd,
    /// A message.
    Send,
    /// The hub accepts siblings in two orders.
    Misorder,
    /// An entry in the Matrix room, over whatever is there.
    Write {
        /// By how much its event claims to be younger than all others.
        younger: u64,
    },
}

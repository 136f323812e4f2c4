//! What can happen in a run of the graph alone. Steps are data: numbers in them are taken modulo what there is, so that
//! any list of steps can be played, and a step can be taken out without the others losing their sense.

use causeway_mls::graph::CommitClass;

/// The world that the steps happen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How many epochs a branch may run ahead before it is final.
    pub window: u64,
    /// Honest users, a node each.
    pub members: usize,
    /// Nodes that commit nothing.
    pub followers: usize,
    /// Users that do what they want.
    pub byzantine: usize,
    /// Who orders in term 0.
    pub hub: Hub,
}

/// Who orders in term 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hub {
    /// Nobody: a room of the Matrix federation.
    None,
    /// A hub that accepts what comes first.
    Honest,
    /// A hub that does not, and says what it wants.
    Byzantine,
    /// Nobody; but the first term, which is opened in the beginning, is ordered by a Matrix room that all nodes are in.
    Room,
}

/// Who orders in a term that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// Nobody.
    Members,
    /// The hub, or one of somebody's own.
    Hub,
    /// One of the Matrix rooms that all nodes are in.
    Room(usize),
}

/// Which commit an entry names that somebody byzantine writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A commit that has lost.
    Loser,
    /// A commit of its own, which comes now.
    Own,
    /// A commit that never comes.
    Nothing,
}

/// An entry that somebody byzantine writes into a Matrix room, over whatever is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which room.
    pub room: usize,
    /// What it says.
    pub named: Named,
    /// By how much its event claims to be younger than all others.
    pub younger: u64,
    /// The event that it follows, by number; none if it follows all that the node has.
    pub after: Option<usize>,
}

/// Which of the nodes something goes to: a bit each.
pub type Nodes = u32;

/// Something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what its numbers are")]
pub enum Step {
    /// A node makes a commit in its head and sends it to all.
    Commit { node: usize, class: CommitClass },
    /// A node gets one of the messages that are under way to it.
    Deliver { node: usize, nth: usize },
    /// A node gets all that can reach it, in an order drawn from a number.
    Flush { node: usize, order: u64 },
    /// All nodes get all that can reach them.
    FlushAll { order: u64 },
    /// A message under way is lost.
    Drop { node: usize, nth: usize },
    /// A message arrives, and will arrive again.
    Repeat { node: usize, nth: usize },
    /// Nodes of one bit cannot reach nodes of the other.
    Partition { sides: Nodes },
    /// They can.
    Heal,
    /// A process dies and starts again: what was under way to it is lost, what it had stored is not.
    Restart { node: usize },
    /// A backup is made.
    Backup { node: usize },
    /// A node is restored from its backup, and makes nothing before it has caught up.
    Restore { node: usize },
    /// A node asks another for what that one knows.
    CatchUp { node: usize, from: usize },
    /// A node begins anew from another's tail.
    Join { node: usize, from: usize },
    /// A node opens a term.
    OpenTerm { node: usize, by: Orders },
    /// A node writes into the room that orders what that does not say yet of the way to its head.
    Write { node: usize },
    /// A node in conflict decides for one side.
    Override { node: usize, ours: bool },
    /// Somebody byzantine acts, at an ancestor of a node's head that lies so far back.
    Byzantine { who: usize, node: usize, back: usize, act: Act, to: Nodes },
}

/// What somebody byzantine does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what its numbers are")]
pub enum Act {
    /// Two commits, one for these nodes and one for the others.
    Equivocate { first: CommitClass, second: CommitClass },
    /// A commit beside one that is there.
    Late { class: CommitClass },
    /// The best of so many.
    Grind { tries: usize },
    /// A commit in a term that nobody has opened.
    SkipTerm { ahead: u64 },
    /// A statement that opens a term so far ahead.
    OpenTerm { ahead: u64, by: Orders },
    /// An override.
    Override { ahead: u64 },
    /// A branch of its own, with accomplices if there are any.
    Branch { length: usize, together: bool },
    /// Many commits in one epoch: in made-up terms, or by users that have no node.
    Flood { count: usize, terms: bool },
    /// A tree of equivocations.
    Tree { depth: usize },
    /// Many statements.
    Statements { count: usize },
    /// The hub accepts commits twice over, or in two orders.
    Accept { count: u64 },
    /// An entry in a Matrix room.
    Write(Entry),
}

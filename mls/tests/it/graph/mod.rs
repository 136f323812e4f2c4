//! The graph of epochs, with commits that are made up: SPEC §14.3 to §14.5.

mod convergence;
mod fairness;
mod head;
mod matrix;
mod reference;
mod statements;
mod window;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::graph::{CommitClass, CommitFacts, EpochGraph};
use causeway_mls::{EpochId, EpochRef};
use sha2::{Digest, Sha256};

pub(crate) const WINDOW: u64 = 5;

pub(crate) fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().expect("a URI")
}

fn client(name: &str) -> ClientUri {
    format!("mimi://a.example/d/{name}/one").parse().expect("a URI")
}

pub(crate) fn named(name: &str) -> EpochId {
    EpochId::from_bytes(Sha256::digest(name).into())
}

pub(crate) fn root() -> EpochRef {
    EpochRef { id: named("root"), number: 0 }
}

pub(crate) fn graph() -> EpochGraph {
    EpochGraph::new(root(), WINDOW, Vec::new())
}

/// A change that `committer` made in `parent`; its name is that of both.
pub(crate) fn change(name: &str, parent: EpochId, committer: &str) -> CommitFacts {
    CommitFacts { id: named(name), parent, term: 0, committer: client(committer), class: CommitClass::Change }
}

pub(crate) fn of_class(class: CommitClass, commit: CommitFacts) -> CommitFacts {
    CommitFacts { class, ..commit }
}

pub(crate) fn in_term(term: u64, commit: CommitFacts) -> CommitFacts {
    CommitFacts { term, ..commit }
}

/// A line of changes from `parent` on, `length` long, by the committers in turn.
pub(crate) fn line(name: &str, parent: EpochId, length: usize, committers: &[&str]) -> Vec<CommitFacts> {
    let mut parent = parent;
    (0..length)
        .map(|index| {
            let commit = change(&format!("{name}{index}"), parent, committers[index % committers.len()]);
            parent = commit.id;
            commit
        })
        .collect()
}

pub(crate) fn place_all(graph: &mut EpochGraph, commits: &[CommitFacts]) {
    for commit in commits {
        graph.place(commit.clone());
    }
}

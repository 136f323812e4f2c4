//! What is said in a peers' room, and what is heard (DMLS-38).

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ProviderDomain;
use ruma::{OwnedUserId, UserId};

use super::assembly::Assembly;
use super::parts::{EVENT_TYPE, MOST_RECIPIENTS, Part};
use super::{PeersBook, PeersNews};
use crate::conversation::outgoing::lane;
use crate::conversation::prepare::Prepared;
use crate::conversation::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::matrix::{EventDraft, Pdu};

/// So long a message that is missing is waited for while later ones are there, ms.
pub const MISSING_PATIENCE: u64 = 30_000;
/// A user may say that it speaks for so many providers before a directory has said so.
const MOST_CLAIMS: usize = 8;
/// So many users are listened to before a directory has said for whom they speak.
const MOST_STRANGERS: usize = 16;

impl Conversation {
    /// Says something to those of the providers whose users are in the room; gives the others.
    ///
    /// # Errors
    /// If it is larger than what a peer takes.
    pub fn say_in_peers_room(&mut self, turn: &mut Turn<'_>, to: &[String], message: &[u8]) -> Result<Vec<String>> {
        let ours = turn.gateway.names.gateway_user();
        let is_reached = |provider: &&String| {
            let name = self.peers_book().ok().and_then(|book| book.names.get(*provider));
            self.is_here(&ours) && name.and_then(|name| UserId::parse(name.as_str()).ok()).is_some_and(|user| self.is_here(&user))
        };
        let (reached, mut absent): (Vec<&String>, Vec<&String>) = to.iter().partition(is_reached);
        for group in reached.chunks(MOST_RECIPIENTS) {
            match self.say_to(turn, (&ours, group), message) {
                // A room in which we may not speak is as if nobody were there.
                Err(ConversationError::MatrixRefused(_)) => absent.extend(group),
                said => said?,
            }
        }
        Ok(absent.into_iter().cloned().collect())
    }

    fn say_to(&mut self, turn: &mut Turn<'_>, (sender, to): (&OwnedUserId, &[&String]), message: &[u8]) -> Result<()> {
        let said = &self.peers_book()?.said;
        let numbers: BTreeMap<String, u64> =
            to.iter().map(|provider| ((*provider).clone(), said.get(*provider).unwrap_or(&0) + 1)).collect();
        for part in Part::split(turn.gateway.names.provider(), &numbers, message)? {
            let (sender, content) = (sender.clone(), part.content());
            let draft = EventDraft { sender, event_type: EVENT_TYPE.to_owned(), state_key: None, content, redacts: None };
            self.emit(turn, draft)?;
        }
        self.peers_book_mut()?.said.extend(numbers);
        Ok(())
    }

    /// A part of a message: for us, or for others only. What is malformed is as if it had not been sent.
    pub(super) fn hear_part(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        let Ok(part) = Part::read(&pdu.content_value()) else { return Ok(()) };
        // A gateway may be the provider of several domains, each with what it is told.
        let told = turn.gateway.names.domains().filter_map(|ours| part.to.get_key_value(ours.as_str()));
        let told: Vec<(&String, &u64)> = told.collect();
        if told.is_empty() {
            return Ok(());
        }
        let book = self.peers_book_mut()?;
        if book.is_stranger_too_many(pdu.sender()) {
            return Ok(());
        }
        let claims = book.heard.entry(pdu.sender().to_string()).or_default();
        if !claims.contains_key(&part.from) && claims.len() >= MOST_CLAIMS {
            return Ok(());
        }
        let by_domain = claims.entry(part.from.clone()).or_default();
        for (ours, number) in told {
            by_domain.entry(ours.clone()).or_default().take(*number, &part, pdu.event_id().as_str());
        }
        self.hear_what_waits(turn, pdu.sender())
    }

    /// Hands on what is whole and next of a sender, for the providers that it does speak for.
    pub(super) fn hear_what_waits(&mut self, turn: &mut Turn<'_>, sender: &UserId) -> Result<()> {
        let now = turn.now;
        let book = self.peers_book_mut()?;
        let speaks_for: Vec<String> = book.spoken_for_by(sender).map(str::to_owned).collect();
        let mut is_missing = false;
        for (provider, assembly) in assemblies(book, sender) {
            let Some(from) = provider.parse::<ProviderDomain>().ok().filter(|_| speaks_for.contains(provider)) else {
                assembly.keep_within_bounds();
                continue;
            };
            let said = |events| PeersNews::Said(from.clone(), events);
            turn.decision.news.extend(std::iter::from_fn(|| assembly.take_next()).map(said));
            if assembly.keep_within_bounds() {
                turn.decision.news.extend(std::iter::from_fn(|| assembly.take_next()).map(said));
                turn.decision.news.push(PeersNews::Missed(from.clone()));
            }
            is_missing |= assembly.is_missing_since(now).is_some();
        }
        if is_missing && !std::mem::replace(&mut book.is_waiting, true) {
            let lane = lane::peers_room_gaps(&book.mimi_room);
            turn.send(lane, Outgoing::AwaitPeers);
        }
        Ok(())
    }

    /// What is missing for too long is given up, and what waits behind it heard.
    pub(in crate::conversation) fn prepare_await_peers(&mut self, turn: &mut Turn<'_>) -> Result<Prepared> {
        let now = turn.now;
        let senders: Vec<OwnedUserId> =
            self.peers_book()?.heard.keys().filter_map(|sender| UserId::parse(sender.as_str()).ok()).collect();
        let mut first: Option<u64> = None;
        for sender in senders {
            let book = self.peers_book_mut()?;
            let speaks_for: Vec<String> = book.spoken_for_by(&sender).map(str::to_owned).collect();
            for (provider, assembly) in assemblies(book, &sender) {
                let is_due = assembly.is_missing_since(now).is_some_and(|since| since + MISSING_PATIENCE <= now);
                if let (true, true, Ok(from)) = (is_due, speaks_for.contains(provider), provider.parse()) {
                    assembly.give_up_missing();
                    turn.decision.news.push(PeersNews::Missed(from));
                }
            }
            self.hear_what_waits(turn, &sender)?;
            let named = assemblies(self.peers_book_mut()?, &sender).filter(|(provider, _)| speaks_for.contains(provider));
            first = named.filter_map(|(_, assembly)| assembly.is_missing_since(now)).chain(first).min();
        }
        match first {
            Some(since) => Ok(Prepared::Wait((since + MISSING_PATIENCE).saturating_sub(now).max(1))),
            None => {
                self.peers_book_mut()?.is_waiting = false;
                Ok(Prepared::Done)
            }
        }
    }
}

impl PeersBook {
    /// Whether somebody of whom no directory has said for whom it speaks has to wait until others are known or gone.
    fn is_stranger_too_many(&self, sender: &UserId) -> bool {
        let is_stranger = |user: &str| !self.names.values().any(|name| name == user);
        let is_new = !self.heard.contains_key(sender.as_str()) && is_stranger(sender.as_str());
        is_new && self.heard.keys().filter(|user| is_stranger(user)).count() >= MOST_STRANGERS
    }
}

/// What waits of a sender, each with the provider that it says it speaks for.
fn assemblies<'a>(book: &'a mut PeersBook, sender: &UserId) -> impl Iterator<Item = (&'a String, &'a mut Assembly)> {
    let claims = book.heard.get_mut(sender.as_str()).into_iter().flatten();
    claims.flat_map(|(provider, by_domain)| by_domain.values_mut().map(move |assembly| (provider, assembly)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> OwnedUserId {
        UserId::parse(format!("@_causeway:gw-{number}.test")).expect("a user id")
    }

    #[test]
    fn dmls_38_of_users_of_whom_no_directory_says_anything_only_some_are_listened_to() {
        let mut book = PeersBook::default();
        for number in 0..MOST_STRANGERS {
            assert!(!book.is_stranger_too_many(&user(number)));
            book.heard.insert(user(number).to_string(), BTreeMap::new());
        }
        assert!(book.is_stranger_too_many(&user(99)));
        assert!(!book.is_stranger_too_many(&user(3)), "it is listened to already");
        // Who is known is always listened to, and takes nobody's place.
        book.names.insert("99.test".to_owned(), user(99).to_string());
        assert!(!book.is_stranger_too_many(&user(99)));
        book.names.insert("3.test".to_owned(), user(3).to_string());
        assert!(!book.is_stranger_too_many(&user(100)));
    }
}

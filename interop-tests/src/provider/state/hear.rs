//! What comes from a hub, ours or another.

use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::RoomUri;
use openmls::prelude::Welcome;

use super::State;
use crate::provider::error::{Error, Result};

/// Version and wire format, which precede the Welcome in an MLSMessage.
const MLS_MESSAGE_HEADER: usize = 4;

impl State {
    /// Whether any device of ours is in a room.
    pub(crate) fn follows(&self, room: &RoomUri) -> bool {
        self.devices.values().any(|device| device.membership(room).is_some())
    }

    /// Lets all our devices hear what a hub has accepted.
    ///
    /// # Errors
    /// [`Error::RootsNeeded`], then nothing has changed; or a Welcome that nobody can use.
    pub(crate) fn hear(&mut self, room: &RoomUri, message: &FanoutMessage) -> Result<()> {
        self.check_clock(room, message.timestamp);
        if let FanoutBody::Welcome { message, ratchet_tree } = &message.body {
            return self.welcome(room, &message.bytes()[MLS_MESSAGE_HEADER..], &ratchet_tree.full_bytes()?);
        }
        let mut notes = Vec::new();
        for device in self.devices.values_mut() {
            if let Some(note) = device.hear(room, message, &self.trust)? {
                notes.push(format!("{}: {note}", device.client));
            }
        }
        self.heard.send_modify(|count| *count += 1);
        for note in notes {
            self.refuse(room.provider().as_str(), "notify", &Error::NotAllowed(note));
        }
        Ok(())
    }

    /// A hub's clock runs forward; a step back is how Franks could be swapped (G-36).
    fn check_clock(&mut self, room: &RoomUri, timestamp: u64) {
        let clock = self.clocks.entry(room.clone()).or_default();
        let back = *clock > timestamp;
        *clock = timestamp.max(*clock);
        if back {
            let why = format!("G-36: the times of {room} run backwards");
            self.refuse(room.provider().as_str(), "notify", &Error::NotAllowed(why));
        }
    }

    /// P-029: each device whose KeyPackage the Welcome names joins.
    fn welcome(&mut self, room: &RoomUri, welcome: &[u8], tree: &[u8]) -> Result<()> {
        let parsed: Verbatim<Welcome> = Verbatim::from_bytes(welcome)?;
        let references = parsed.value().secrets().iter().map(|secret| secret.new_member().as_slice().to_vec());
        let ours: Vec<_> =
            references.filter_map(|reference| Some((self.key_packages.get(&reference)?.clone(), reference))).collect();
        if ours.is_empty() {
            return Err(Error::NotFound("P-063: the Welcome is for none of our devices".to_owned()));
        }
        for (client, reference) in ours {
            let device = self.devices.get_mut(&client).ok_or_else(|| Error::NotFound(format!("there is no device {client}")))?;
            match device.join(room, welcome, tree, &self.trust) {
                Ok(()) => {
                    self.key_packages.remove(&reference);
                }
                Err(Error::RootsNeeded(domain)) => return Err(Error::RootsNeeded(domain)),
                Err(error) => self.refuse(room.provider().as_str(), "notify", &error),
            }
        }
        Ok(())
    }
}

//! The component `bot_policy` [mimi-room-policy-04 §6.7]: which bots there may be.

use super::roles_list::NO_ROLE;
use crate::structure::{empty_or, octet, structure};
use crate::text::Text;
use crate::uri::Uri;

/// A bot (§6.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// Its name.
    pub name: Text,
    /// What it does.
    pub description: Text,
    /// Where it is described; an empty URI is none.
    pub homepage: Option<Uri>,
    /// It is no participant, but hears with somebody's client.
    pub local_client_bot: bool,
    /// Its role, 0 where it is no active participant.
    pub bot_role_index: u32,
    /// It may talk to one of the room alone.
    pub can_target_message_in_group: bool,
    /// It may say something else to each.
    pub per_user_content: bool,
}

/// BotPolicy (§6.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotPolicy {
    /// The bots.
    pub allowed_bots: Vec<Bot>,
}

/// BotPolicyUpdate (§6.7).
pub type BotPolicyUpdate = BotPolicy;

structure!(Bot {
    name,
    description,
    homepage[empty_or],
    local_client_bot[octet],
    bot_role_index,
    can_target_message_in_group[octet],
    per_user_content[octet],
});
structure!(BotPolicy { allowed_bots[] });

impl BotPolicy {
    /// Whether the policy can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        match self.allowed_bots.iter().any(|bot| bot.local_client_bot && bot.bot_role_index != NO_ROLE) {
            true => Err("R-049: a bot of a local client has a role"),
            false => Ok(()),
        }
    }
}

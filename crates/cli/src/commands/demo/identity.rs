//! In whose names bots edit.
//!
//! Who a client is, is said by its token alone. Where the caller may make tokens, a few people who
//! do not exist get one each, for the time of the demo; else all bots act in the caller's name.

use graphy_model::{Role, UserId};
use graphy_protocol::console::{CreateToken, CreatedToken, TokenRef};
use graphy_protocol::{ApiError, ErrorCode};
use serde_json::Value;

use super::bot::NAMES;
use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// How long a token lives if the demo is killed and cannot take it back.
const LIFE_DAYS: u32 = 1;

/// The tokens of a demo's bots.
pub(super) struct Identities {
    /// Those that were made, one for each name; none if all bots use the caller's.
    made: Vec<CreatedToken>,
    own: String,
}

impl Identities {
    /// Makes tokens for so many bots, one for each name.
    pub(super) async fn make(
        node: &RemoteNode,
        bots: usize,
        output: Output,
    ) -> Result<Self, Failure> {
        let mut identities = Self {
            made: Vec::new(),
            own: node.token.clone(),
        };
        for name in NAMES.iter().take(bots) {
            let user = UserId::new(&format!("bot-{}", name.to_lowercase()));
            let request = CreateToken {
                name: format!("demo: {name}"),
                role: Role::Editor,
                expires_in_days: Some(LIFE_DAYS),
                user_id: Some(user.expect("letters and a dash make an id")),
            };
            match node.call("tokens.create", &request).await {
                Ok(token) => identities.made.push(token),
                Err(Failure::Api(ApiError {
                    code: ErrorCode::Forbidden,
                    ..
                })) => {
                    output.note("the bots act in your name: it takes an admin to give them others");
                    break;
                }
                Err(error) => {
                    identities.take_back(node, output).await;
                    return Err(error);
                }
            }
        }
        Ok(identities)
    }

    /// Returns the token of a bot.
    pub(super) fn token(&self, index: usize) -> &str {
        match self.made.as_slice() {
            [] => &self.own,
            made => &made[index % made.len()].token,
        }
    }

    /// Revokes what was made.
    pub(super) async fn take_back(self, node: &RemoteNode, output: Output) {
        for token in self.made {
            let token_id = token.summary.token_id;
            let request = TokenRef {
                token_id: token_id.clone(),
            };
            if let Err(error) = node.call::<Value>("tokens.revoke", &request).await {
                output.note(&format!(
                    "the token {token_id} of a bot was not revoked: {error}"
                ));
            }
        }
    }
}

//! `graphy token`: make, list and revoke tokens.

use clap::{Args, Subcommand};
use graphy_model::{Role, UserId};
use graphy_protocol::console::{CreateToken, CreatedToken, TokenList, TokenRef};
use graphy_telemetry::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use crate::tables::{ago, span, table};

/// Lives beyond this are shown as endless.
const CENTURY_MS: u64 = 100 * 365 * 24 * 3600 * 1000;

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token; its text is shown this once
    Create {
        /// What it is for
        name: String,
        /// What it allows: viewer, editor, operator or admin; each includes the ones before it
        #[arg(long, default_value = "editor")]
        role: Role,
        /// How many days it lives, 1 to 365 [default: 90]
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
        /// In whose name it acts [default: your own]
        #[arg(long, value_name = "USER")]
        user: Option<UserId>,
    },
    /// List tokens, the newest first; their texts are not known any more
    List,
    /// Make a token worthless at once
    Revoke {
        /// Its id, as `list` shows it
        token_id: String,
    },
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: TokenArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action {
        Action::Create {
            name,
            role,
            expires_in_days,
            user,
        } => {
            let request = CreateToken {
                name,
                role,
                expires_in_days,
                user_id: user,
            };
            let created: CreatedToken = node.call("tokens.create", &request).await?;
            output.note(&format!(
                "Token {} allows what the role {} does. It is shown only now:",
                created.summary.token_id,
                created.summary.role.as_str()
            ));
            output.result(&created, |created| created.token.clone())
        }
        Action::List => {
            let list: TokenList = node.ask("tokens.list").await?;
            output.result(&list, text)
        }
        Action::Revoke { token_id } => {
            let request = TokenRef {
                token_id: token_id.clone(),
            };
            let _: Value = node.call("tokens.revoke", &request).await?;
            output.result(&request, |_| format!("revoked {token_id}"))
        }
    }
}

fn text(list: &TokenList) -> String {
    let now = SystemClock.now_ms();
    let rows: Vec<Vec<String>> = list
        .tokens
        .iter()
        .map(|token| {
            let left = token.expires_at.saturating_sub(now);
            vec![
                token.token_id.clone(),
                token.name.clone(),
                token.role.as_str().to_owned(),
                ago(now, token.created_at),
                token
                    .last_used_at
                    .map_or_else(|| "never".to_owned(), |used| ago(now, used)),
                if left > CENTURY_MS {
                    "never".to_owned()
                } else {
                    format!("in {}", span(left))
                },
            ]
        })
        .collect();
    table(&["ID", "NAME", "ROLE", "MADE", "USED", "ENDS"], &[], &rows)
}

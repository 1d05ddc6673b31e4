//! `graphy ticket`: a fresh one-time URL of the node of this machine.

use clap::Args;
use graphy_model::{Role, UserId};
use graphy_store::{NewTicket, RedisUrl};
use serde::Serialize;

use crate::arguments::Global;
use crate::configuration;
use crate::exit::Failure;
use crate::local::LocalStore;
use crate::output::Output;
use crate::remote::local_node;

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "Whoever opens the URL first is let in, as an administrator.")]
pub(crate) struct TicketArguments {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    ticket_url: String,
}

pub(crate) async fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let settings = configuration::read(global, Vec::new())?.settings;
    let node = local_node(&settings)?;
    let url: RedisUrl = node.redis_url.parse().map_err(anyhow::Error::from)?;
    let store = LocalStore::connect(url).await?;
    let ticket = NewTicket {
        name: "console on this machine".to_owned(),
        role: Role::Admin,
        user_id: UserId::new("local").expect("the text has the form of an id"),
    };
    let issued = store
        .tokens
        .issue_ticket(&ticket)
        .await
        .map_err(anyhow::Error::from);
    store.close().await;
    let ticket_url = format!("{}/?ticket={}", node.api_url, issued?.expose());
    output.result(&Ticket { ticket_url }, |ticket| ticket.ticket_url.clone())
}

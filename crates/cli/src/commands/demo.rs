//! `graphy demo`: bots that really edit a graph.

mod bot;
mod identity;
mod path;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use graphy_model::{ClientId, GraphId, GraphMeta};
use graphy_protocol::console::{GraphRef, VerifyReport};
use graphy_protocol::http::{CreateGraph, GraphList};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;
use bot::{Bot, BotEnd};
use identity::Identities;
use tally::{Summary, Tally};

/// How often the summary is renewed on a terminal, and written elsewhere.
const LIVE_EVERY: Duration = Duration::from_millis(500);
const WRITTEN_EVERY: Duration = Duration::from_secs(5);

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "\
Bots drag nodes along smooth paths, rename them, add new ones and delete what they added, each over
its own WebSocket and with its own replica. At the end the replicas are compared with the store.

With an admin's token they are up to eight people, bot-ada and so on, whose tokens are revoked at the
end; else they act in your name.")]
pub(crate) struct DemoArguments {
    /// How many bots
    #[arg(long, short, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    bots: u16,
    /// Edits per second of each bot
    #[arg(long, short, default_value_t = 10.0, value_parser = rate)]
    rate: f64,
    /// The graph; without it, the one that was changed last, or a new one
    #[arg(long, short, value_name = "ID")]
    graph: Option<GraphId>,
    /// Stop after this many seconds; without it, at Ctrl-C
    #[arg(long, short, value_name = "SECONDS")]
    seconds: Option<u64>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1000.0 => Ok(rate),
        Ok(_) | Err(_) => Err("a number above 0 and up to 1000 is expected".to_owned()),
    }
}

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: &DemoArguments,
    output: Output,
) -> Result<(), Failure> {
    let graph = choose(node, arguments, output).await?;
    let identities = Identities::make(node, arguments.bots.into(), output).await?;
    let ended = edit(node, graph, &identities, arguments, output).await;
    identities.take_back(node, output).await;
    ended
}

/// Lets bots edit until time is up, and judges what came of it.
async fn edit(
    node: &RemoteNode,
    graph: GraphId,
    identities: &Identities,
    arguments: &DemoArguments,
    output: Output,
) -> Result<(), Failure> {
    let tally = Arc::new(Tally::default());
    let stop = CancellationToken::new();
    let mut bots = JoinSet::new();
    let run = uuid::Uuid::new_v4().simple().to_string();
    for index in 0..arguments.bots {
        let name = format!("bot-{index}-{}", &run[..8]);
        let client_id = ClientId::new(&name).expect("letters, digits and dashes make an id");
        let index = usize::from(index);
        let token = identities.token(index);
        let bot = Bot::open(node, token, &graph, client_id, index, Arc::clone(&tally));
        bots.spawn(bot.live(arguments.rate, stop.clone()));
    }
    output.note(&format!(
        "{} bots edit {graph} at {}; Ctrl-C stops them",
        arguments.bots, node.url
    ));
    watch(&mut bots, arguments, &tally, output).await?;
    stop.cancel();
    let mut ends = Vec::new();
    while let Some(end) = bots.join_next().await {
        ends.push(end.map_err(anyhow::Error::from)??);
    }
    conclude(node, graph, &ends, &tally, output).await
}

/// Shows the summary until time is up, Ctrl-C comes, or a bot gives up.
async fn watch(
    bots: &mut JoinSet<Result<BotEnd, Failure>>,
    arguments: &DemoArguments,
    tally: &Tally,
    output: Output,
) -> Result<(), Failure> {
    let mut ticks = interval(if output.is_live() {
        LIVE_EVERY
    } else {
        WRITTEN_EVERY
    });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let end = arguments
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut before = tally.summary(usize::from(arguments.bots));
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let now = tally.summary(usize::from(arguments.bots));
                let line = now.since(&before);
                if output.is_live() {
                    output.rewrite(&line.to_string());
                } else {
                    output.result(&line, ToString::to_string)?;
                }
                before = now;
            }
            () = at(end) => break,
            _ = tokio::signal::ctrl_c() => break,
            Some(ended) = bots.join_next() => {
                // A bot ends by itself only when it cannot go on.
                ended.map_err(anyhow::Error::from)??;
            }
        }
    }
    if output.is_live() {
        output.note("");
    }
    Ok(())
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

async fn choose(
    node: &RemoteNode,
    arguments: &DemoArguments,
    output: Output,
) -> Result<GraphId, Failure> {
    if let Some(graph) = &arguments.graph {
        return Ok(graph.clone());
    }
    let list: GraphList = node.ask("graphs.list").await?;
    if let Some(graph) = list.graphs.into_iter().next() {
        return Ok(graph.meta.graph_id);
    }
    let request = CreateGraph {
        name: "Demo".to_owned(),
        graph_id: None,
    };
    let meta: GraphMeta = node.call("graphs.create", &request).await?;
    output.note(&format!("made the graph {}", meta.graph_id));
    Ok(meta.graph_id)
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Conclusion {
    graph_id: GraphId,
    #[serde(flatten)]
    total: Summary,
    version: u64,
    replicas: usize,
    replicas_agree: bool,
    checksum_matches: bool,
}

async fn conclude(
    node: &RemoteNode,
    graph: GraphId,
    ends: &[BotEnd],
    tally: &Tally,
    output: Output,
) -> Result<(), Failure> {
    let report: VerifyReport = node
        .call(
            "graph.verify",
            &GraphRef {
                graph_id: graph.clone(),
            },
        )
        .await?;
    // A bot that stopped a moment earlier may hold an earlier version; that is no disagreement.
    let at_the_end = ends.iter().filter(|end| end.version == report.version);
    let agree = at_the_end
        .clone()
        .all(|end| end.checksum == report.computed_checksum);
    let conclusion = Conclusion {
        graph_id: graph,
        total: tally.summary(ends.len()),
        version: report.version,
        replicas: at_the_end.count(),
        replicas_agree: agree,
        checksum_matches: report.matches,
    };
    output.result(&conclusion, |end| {
        format!(
            "{} edits, {} applied, {} refused, {} never answered\n{} of {} replicas stand at \
             version {}, and {}",
            end.total.sent,
            end.total.applied,
            end.total.refused,
            end.total.pending,
            end.replicas,
            end.total.bots,
            end.version,
            if agree {
                "agree with the store"
            } else {
                "DIFFER from the store"
            },
        )
    })?;
    if agree && conclusion.checksum_matches {
        Ok(())
    } else {
        Err(Failure::Unsound(
            "the replicas and the store do not agree".to_owned(),
        ))
    }
}

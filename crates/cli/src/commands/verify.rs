//! `graphy verify`: compare what is stored with its own checksum.

use clap::{Args, Subcommand};
use graphy_model::GraphId;
use graphy_protocol::console::{GraphRef, VerifyReport};
use graphy_protocol::{ApiError, ErrorCode};

use crate::arguments::Global;
use crate::configuration;
use crate::exit::Failure;
use crate::local::LocalStore;
use crate::output::Output;
use crate::remote::RemoteNode;

/// The command's arguments.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Compute a graph's checksum again from the stored texts; exit code 6 if it differs
    Graph {
        /// Its id
        graph: GraphId,
        /// Read this Redis without a node: a URL, or `private` for the one of the data folder
        #[arg(long, value_name = "URL")]
        redis: Option<String>,
    },
}

pub(crate) async fn run(
    global: &Global,
    arguments: VerifyArguments,
    output: Output,
) -> Result<(), Failure> {
    let What::Graph { graph, redis } = arguments.what;
    let alone = redis.is_some();
    let configuration = configuration::read(global, vec![("redis.url", redis)])?;
    let report = if alone {
        let store = LocalStore::open(&configuration.settings.redis).await?;
        let report = alone_report(&store, &graph).await;
        store.close().await;
        report?
    } else {
        let node = RemoteNode::find(&configuration.settings)?;
        node.call("graph.verify", &GraphRef { graph_id: graph })
            .await?
    };
    output.result(&report, text)?;
    if report.matches {
        Ok(())
    } else {
        Err(Failure::Unsound(format!(
            "the checksum of {} does not match",
            report.graph_id
        )))
    }
}

async fn alone_report(store: &LocalStore, graph: &GraphId) -> Result<VerifyReport, Failure> {
    let found = store
        .graphs
        .verify(graph)
        .await
        .map_err(anyhow::Error::from)?;
    let Some(found) = found else {
        let error = ApiError::new(ErrorCode::NotFound, format!("there is no graph {graph}"));
        return Err(error.on("graphId").into());
    };
    Ok(VerifyReport {
        graph_id: graph.clone(),
        epoch: found.epoch,
        version: found.version,
        nodes: found.nodes,
        edges: found.edges,
        stored_checksum: found.stored,
        computed_checksum: found.computed,
        matches: found.stored == found.computed,
    })
}

fn text(report: &VerifyReport) -> String {
    format!(
        "{}: {} nodes and {} edges at version {}\n  stored    {}\n  computed  {}\n  {}",
        report.graph_id,
        report.nodes,
        report.edges,
        report.version,
        report.stored_checksum,
        report.computed_checksum,
        if report.matches {
            "they match"
        } else {
            "THEY DIFFER"
        },
    )
}

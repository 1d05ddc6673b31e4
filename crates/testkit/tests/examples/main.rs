//! The example clients of `docs/examples`, each against real servers, and against each other.
//!
//! They are programs of other makes: curl, Node's `ws`, Python's `websockets`. What they need is
//! installed by `cargo xtask setup`, or here when it is not there.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod curl;
mod editor;
mod installed;
mod together;

use std::path::{Path, PathBuf};

use graphy_model::{GraphId, Role, UserId};
use graphy_testkit::cluster::{Cluster, NodeKind};
use graphy_testkit::http::HttpCaller;

/// The folder of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples")
}

/// A deployment with a graph.
struct Deployment {
    cluster: Cluster,
    /// The place of the node that serves the API.
    api: usize,
    graph: GraphId,
    token: String,
}

impl Deployment {
    async fn start() -> Self {
        let mut cluster = Cluster::start().await;
        cluster.add(NodeKind::Worker, 1).await;
        let api = cluster.add(NodeKind::Api, 1).await;
        let token = cluster
            .token(&UserId::new("ada").unwrap(), Role::Admin)
            .await;
        let graph = GraphId::new("shared").unwrap();
        HttpCaller::new(token.clone())
            .create_graph(&cluster.node(api).url(), &graph)
            .await
            .unwrap();
        Self {
            cluster,
            api,
            graph,
            token,
        }
    }

    /// Where the API is, as the examples are told.
    fn url(&self) -> String {
        let url = self.cluster.node(self.api).url().http("");
        url.trim_end_matches('/').to_owned()
    }
}

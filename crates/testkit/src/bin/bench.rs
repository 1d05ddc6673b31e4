//! Measures Graphy on this machine: `cargo xtask bench <name>`.
//!
//! Figures are printed as a table and written to `bench/results/<name>.json`.

use anyhow::{Context, bail};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let name = std::env::args()
        .nth(1)
        .context("usage: bench <name>; names: commands, queue, sync")?;
    match name.as_str() {
        "commands" => graphy_testkit::bench::commands().await,
        "sync" => {
            let options = graphy_testkit::bench::SyncOptions::parse(std::env::args().skip(2))?;
            graphy_testkit::bench::sync(options).await
        }
        "queue" => {
            let options = graphy_testkit::bench::QueueOptions::parse(std::env::args().skip(2))?;
            graphy_testkit::bench::queue(options).await
        }
        other => bail!("there is no bench {other:?}; names: commands, queue, sync"),
    }
}

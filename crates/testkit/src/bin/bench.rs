//! Measures Graphy on this machine: `cargo xtask bench <name>`.
//!
//! Figures are printed as a table and written to `bench/results/<name>.json`.

use anyhow::{Context, bail};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let name = std::env::args()
        .nth(1)
        .context("usage: bench <name>; names: commands")?;
    match name.as_str() {
        "commands" => graphy_testkit::bench::commands().await,
        other => bail!("there is no bench {other:?}; names: commands"),
    }
}

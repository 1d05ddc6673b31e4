//! Writes generated files below a folder: TypeScript types and histories for the UI's replica.
//!
//! Called by `cargo xtask gen`.

use std::path::PathBuf;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let root = std::env::args_os()
        .nth(1)
        .context("usage: generate <folder>")?;
    let root = PathBuf::from(root);
    let types = root.join("ui/src/generated");
    graphy_protocol::export_typescript(&types).context("cannot write TypeScript types")?;
    graphy_testkit::histories::write(&root.join("ui/src/replica/histories"))
}

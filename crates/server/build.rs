//! Makes sure that there is a user interface to embed: a page that says how to build the real one
//! stands in until somebody has built it.

use std::path::Path;

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Graphy</title>
  </head>
  <body>
    <h1>The user interface is not built yet</h1>
    <p>This server was built without it. Run <code>npm ci</code> and <code>npm run build</code> in
    the folder <code>ui</code>, then build the server again; <code>cargo xtask run</code> does all
    of that.</p>
    <p>The API works: see <a href="/api/v2/openapi.json">its description</a>.</p>
  </body>
</html>
"#;

fn main() -> std::io::Result<()> {
    let dist = Path::new("../../ui/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    let index = dist.join("index.html");
    if !index.exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(index, PLACEHOLDER)?;
    }
    Ok(())
}

//! Reads `tauri.conf.json` and the permissions, and leaves a note where the interface will be.

use std::fs;
use std::path::Path;

/// Shown by a window whose interface was not built before the binary was.
const NOT_BUILT: &str = "<!doctype html><title>Graphy</title>\
<p>The interface was not built into this binary. Build it with <code>cargo xtask run</code>.\n";

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    let interface = Path::new("ui/dist");
    if !interface.join("index.html").exists() {
        fs::create_dir_all(interface).expect("the checked-out folder can be written");
        fs::write(interface.join("index.html"), NOT_BUILT)
            .expect("the checked-out folder can be written");
    }
    // A permission file makes every command of ours forbidden that no capability names.
    let manifest = tauri_build::AppManifest::new()
        .permissions_path_pattern("./src-tauri/permissions/**/*.toml");
    let attributes = tauri_build::Attributes::new()
        .app_manifest(manifest)
        .capabilities_path_pattern("./src-tauri/capabilities/**/*.json");
    tauri_build::try_build(attributes).expect("tauri.conf.json and the permissions fit together");
}

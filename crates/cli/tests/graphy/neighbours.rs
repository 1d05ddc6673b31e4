//! Two nodes on one data folder.

use graphy_operations::settings::NODE_FILE;

use crate::support::{Served, ask};

#[test]
fn a_second_node_leaves_the_first_one_findable() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Served::on(data, &[]);
    let file = data.join(NODE_FILE);
    let written = std::fs::read_to_string(&file).unwrap();
    // The first one runs the private Redis, so the second one is told where it is.
    let redis = serde_json::from_str::<serde_json::Value>(&written).unwrap();
    let second = Served::on(data, &["--redis", redis["redisUrl"].as_str().unwrap()]);
    assert_ne!(first.text("url"), second.text("url"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    assert!(second.stop().success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let ticket = ask(data, &["ticket"]);
    let url = ticket["ticketUrl"].as_str().unwrap();
    assert!(url.starts_with(first.text("url")), "{url}");
    assert!(first.stop().success());
    assert!(!file.exists());
}

//! The dashboard of Grafana, as far as it can be checked without one.

use std::collections::HashSet;

use serde_json::Value;

/// Reads the dashboard.
pub(crate) fn read() -> Value {
    let text = std::fs::read_to_string(super::deploy("grafana/graphy-dashboard.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter()
}

/// Checks the form that Grafana's schema demands, and that nothing overlaps.
pub(crate) fn check(dashboard: &Value) {
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    assert!(
        dashboard["uid"]
            .as_str()
            .is_some_and(|uid| !uid.is_empty() && uid.len() <= 40)
    );
    let variables: Vec<&str> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(variables, ["datasource", "instance"]);
    let mut ids = HashSet::new();
    let mut taken = HashSet::new();
    let mut titles = Vec::new();
    for panel in panels(dashboard) {
        let title = panel["title"].as_str().unwrap();
        titles.push(title);
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title}: its id is taken"
        );
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is too wide");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{title} lies on another panel");
            }
        }
        match panel["type"].as_str().unwrap() {
            "row" => continue,
            kind => assert!(["timeseries", "stat"].contains(&kind), "{title}: {kind}"),
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let targets = panel["targets"].as_array().unwrap();
        let letters: HashSet<&str> = targets
            .iter()
            .map(|target| target["refId"].as_str().unwrap())
            .collect();
        assert!(
            !targets.is_empty() && letters.len() == targets.len(),
            "{title}"
        );
    }
    // The panels of the migration plan, by their names.
    for wanted in [
        "Command Success Rate",
        "P95 Command Latency",
        "Conflict Rate",
        "Active WebSocket Connections",
    ] {
        assert!(titles.contains(&wanted), "{wanted} is missing");
    }
}

/// Returns the queries of all panels, with a value for every variable.
pub(crate) fn queries(dashboard: &Value) -> Vec<String> {
    let targets = panels(dashboard).filter_map(|panel| panel["targets"].as_array());
    let queries: Vec<String> = targets
        .flatten()
        .map(|target| {
            let query = target["expr"].as_str().unwrap();
            query
                .replace("$instance", ".*")
                .replace("$__rate_interval", "1m")
                .replace("$__range", "1h")
        })
        .collect();
    assert!(queries.len() > 30, "{} queries", queries.len());
    for query in &queries {
        assert!(!query.contains('$'), "a variable is not known: {query}");
    }
    queries
}

//! What tests of alerts share.

use graphy_model::Role;
use graphy_operations::LiveFrames;
use graphy_protocol::ApiError;
use graphy_protocol::alerts::{
    AlertEvent, AlertList, AlertNotice, AlertRef, AlertRule, AlertState, AlertStatus, Comparison,
    OnNoData, Severity,
};
use graphy_telemetry::{Metrics, names};

use crate::support::{DEADLINE, Node, caller, until};

pub(crate) fn measure(connections: f64) {
    // Before a recorder is there, values go nowhere.
    Metrics::install().unwrap();
    metrics::gauge!(names::WEBSOCKET_CONNECTIONS).set(connections);
}

pub(crate) fn crowd() -> AlertRule {
    AlertRule {
        rule_id: "crowd".to_owned(),
        title: "Crowd".to_owned(),
        series: "connections".to_owned(),
        comparison: Comparison::Above,
        limit: 10.0,
        for_seconds: 0,
        severity: Severity::Critical,
        on_no_data: OnNoData::Hold,
        enabled: true,
        note: "of a test".to_owned(),
    }
}

pub(crate) async fn save(node: &Node, rule: AlertRule) -> Result<AlertStatus, ApiError> {
    node.operations
        .alerts_save(&caller(Role::Operator), rule)
        .await
}

pub(crate) async fn list(node: &Node) -> AlertList {
    node.operations
        .alerts_list(&caller(Role::Operator))
        .await
        .unwrap()
}

/// The events of the rules of these tests; a busy machine may well breach a rule that Graphy brings.
pub(crate) async fn events(node: &Node) -> Vec<AlertEvent> {
    let events = list(node).await.events.into_iter();
    events
        .filter(|event| ["crowd", "late"].contains(&event.rule_id.as_str()))
        .collect()
}

pub(crate) async fn status(node: &Node) -> AlertStatus {
    let rules = list(node).await.rules;
    rules
        .into_iter()
        .find(|status| status.rule.rule_id == "crowd")
        .unwrap()
}

pub(crate) async fn until_state(node: &Node, state: AlertState) {
    until(&format!("{state:?}"), || async {
        status(node).await.state == state
    })
    .await;
}

pub(crate) fn reference() -> AlertRef {
    AlertRef {
        rule_id: "crowd".to_owned(),
    }
}

/// Reads frames until one of them has a notice of the crowd.
pub(crate) async fn notice(frames: &mut LiveFrames) -> AlertNotice {
    let search = async {
        loop {
            let alerts = frames.next().await.alerts.into_iter();
            if let Some(found) = alerts.into_iter().find(|notice| notice.rule_id == "crowd") {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, search)
        .await
        .expect("it is told")
}

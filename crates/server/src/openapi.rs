//! The description of the API: paths from the handlers, schemas of the domain from one file.

pub(crate) mod answers;
pub(crate) mod schema;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use graphy_protocol::ErrorCode;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{routes, socket};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Graphy API",
        description = "Live graph editing: commands go into a durable queue, everybody who \
                       watches a graph is told what became of them. Errors have one shape, \
                       `ApiError`; each answer carries an `X-Trace-Id`."
    ),
    paths(
        routes::graphs::create,
        routes::graphs::list,
        routes::graphs::delete,
        routes::commands::command,
        routes::batch::batch,
        routes::operations::progress,
        routes::state::state,
        routes::changes::changes,
        routes::collaboration::undo,
        routes::collaboration::redo,
        routes::collaboration::restore,
        routes::collaboration::conflicts,
        routes::collaboration::resolve,
        routes::collaboration::permissions,
        routes::collaboration::permit,
        routes::collaboration::history,
        routes::session::open,
        routes::session::renew,
        routes::console::call,
        routes::health::live,
        routes::health::ready,
        routes::health::metrics,
        document,
        socket::handshake::subscribe,
        socket::handshake::subscribe_by_hello,
        socket::console::live,
    ),
    tags(
        (name = "graphs", description = "Graphs and their content"),
        (name = "commands", description = "Changes, and what became of them"),
        (name = "collaboration", description = "Undo, conflicts, history, permissions"),
        (name = "live", description = "WebSockets"),
        (name = "session", description = "Tokens for browsers and windows"),
        (name = "console", description = "What operators do"),
        (name = "health", description = "How the node fares"),
    )
)]
struct Paths;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(build().to_string()));

/// Returns this description.
#[utoipa::path(
    get,
    path = "/api/v2/openapi.json",
    tag = "health",
    responses(
        (status = 200, description = "The description", body = schema::Anything),
        answers::PlainFailures,
    )
)]
pub(crate) async fn document() -> Response {
    let cache = (header::CACHE_CONTROL, "no-cache");
    (
        [(header::CONTENT_TYPE, "application/json"), cache],
        DOCUMENT.clone(),
    )
        .into_response()
}

/// Puts the parts of the description together.
fn build() -> Value {
    let mut whole = serde_json::to_value(Paths::openapi()).expect("a description is plain data");
    let schemas: Value =
        serde_json::from_str(include_str!("openapi/schemas.json")).expect("checked by a test");
    whole["info"]["license"] = json!({ "name": "Apache-2.0 OR MIT" });
    let components = &mut whole["components"];
    components["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "a token, `gk_…`" }
    });
    if let (Some(all), Value::Object(own)) = (components["schemas"].as_object_mut(), schemas) {
        all.extend(own);
        // The codes as they stand on the wire; their schema knows only their names in Rust.
        let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        all.insert(
            "ErrorCode".to_owned(),
            json!({ "type": "string", "enum": codes }),
        );
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.insert(reference.clone());
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = build();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("references stay inside");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_route_has_its_answers() {
        let document = build();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 24, "{:?}", paths.keys());
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap();
                for status in ["403", "500"] {
                    assert!(answers.contains_key(status), "{method} {path} {status}");
                }
            }
        }
    }

    #[test]
    fn schemas_have_the_fields_of_the_types() {
        let document = build();
        let fields = |name: &str| -> BTreeSet<String> {
            let schema = &document["components"]["schemas"][name]["properties"];
            schema
                .as_object()
                .unwrap_or_else(|| panic!("{name}"))
                .keys()
                .cloned()
                .collect()
        };
        let node: graphy_model::Node = serde_json::from_value(json!({
            "id": "a", "parent": "b", "progress": 0.5, "size": {"width": 1, "height": 1}
        }))
        .unwrap();
        let edge: graphy_model::Edge = serde_json::from_value(json!({
            "id": "a", "source": "b", "target": "c", "kind": "", "label": "", "weight": 1
        }))
        .unwrap();
        for (name, value) in [
            ("Node", serde_json::to_value(&node).unwrap()),
            ("Edge", serde_json::to_value(&edge).unwrap()),
        ] {
            let written: BTreeSet<String> = value.as_object().unwrap().keys().cloned().collect();
            assert_eq!(fields(name), written, "{name}");
        }
        let kinds: BTreeSet<&str> = document["components"]["schemas"]["Command"]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|one| one["properties"]["type"]["enum"].as_array().unwrap())
            .map(|kind| kind.as_str().unwrap())
            .collect();
        let all = graphy_model::CommandType::ALL.map(graphy_model::CommandType::as_str);
        assert!(all.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    }
}

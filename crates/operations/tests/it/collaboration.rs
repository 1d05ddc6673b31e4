//! History, conflicts, sharing and single commands, called by name.

use graphy_model::{Role, UserId};
use graphy_operations::Caller;
use graphy_protocol::ErrorCode;
use graphy_store::testing::TestRedis;
use serde_json::{Value, json};

use crate::support::{Node, caller};

struct Room {
    node: Node,
    _workers: graphy_engine::Workers,
    _redis: TestRedis,
}

impl Room {
    /// A graph of ada's with one node.
    async fn open() -> Self {
        let redis = TestRedis::start().await;
        let node = Node::start(&redis.url()).await;
        let workers = node.workers().await;
        let room = Self {
            node,
            _workers: workers,
            _redis: redis,
        };
        room.ask(
            "ada",
            "graphs.create",
            json!({"name": "Plan", "graphId": "plan"}),
        )
        .await;
        room.send("ada", "CREATE_NODE", json!({"id": "n", "title": "a"}))
            .await;
        room
    }

    async fn try_ask(
        &self,
        who: &str,
        name: &str,
        payload: Value,
    ) -> Result<Value, graphy_protocol::ApiError> {
        let caller = Caller {
            user_id: UserId::new(who).unwrap(),
            ..caller(Role::Editor)
        };
        self.node.operations.dispatch(&caller, name, payload).await
    }

    async fn ask(&self, who: &str, name: &str, payload: Value) -> Value {
        self.try_ask(who, name, payload).await.unwrap()
    }

    async fn send(&self, who: &str, kind: &str, payload: Value) -> Value {
        let request = json!({"graphId": "plan", "type": kind, "payload": payload});
        self.ask(who, "commands.send", request).await["outcome"].clone()
    }

    /// Two people rename the node at once; the second one's title waits for a person.
    async fn conflict(&self) -> Value {
        for (who, client, title) in [("bea", "b", "b"), ("cid", "c", "c")] {
            let envelope = graphy_model::Envelope::from_value(json!({
                "operationId": uuid(), "clientId": client, "seq": 1, "type": "UPDATE_NODE",
                "payload": {"id": "n", "patch": {"title": title}, "base": {"title": "a"}},
                "baseVersion": 1,
            }))
            .unwrap();
            let id = envelope.operation_id;
            let submission = graphy_engine::Submission {
                origin: graphy_engine::Origin::Request,
                content: envelope.into(),
                user_id: UserId::new(who).unwrap(),
                role: Role::Editor,
            };
            let graph = graphy_model::GraphId::new("plan").unwrap();
            self.node
                .intake
                .submit(&graph, vec![submission])
                .await
                .unwrap();
            let outcome = self
                .node
                .intake
                .outcome(&graph, id, crate::support::DEADLINE)
                .await;
            assert!(outcome.unwrap().is_some());
        }
        let page = self.ask("ada", "conflicts.list", json!({})).await;
        assert_eq!(page["open"], 1, "{page}");
        page["conflicts"][0].clone()
    }
}

fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_listed_counted_and_settled() {
    let room = Room::open().await;
    let conflict = room.conflict().await;
    assert_eq!(conflict["userId"], "cid");
    assert_eq!(conflict["record"]["base"], "a");
    assert_eq!(conflict["record"]["theirs"], "b");
    for (filter, count) in [
        (json!({"userId": "cid"}), 1),
        (json!({"userId": "bea"}), 0),
        (json!({"field": "title"}), 1),
        (json!({"field": "kind"}), 0),
        (json!({"search": "PLAN"}), 1),
        (json!({"search": "nowhere"}), 0),
        (json!({"status": "resolved"}), 0),
    ] {
        let page = room.ask("ada", "conflicts.list", filter.clone()).await;
        assert_eq!(
            page["conflicts"].as_array().unwrap().len(),
            count,
            "{filter}"
        );
    }
    let rates = room
        .ask("ada", "conflicts.rate", json!({"minutes": 15}))
        .await;
    let manual = rates["byResolution"]["manual"].as_array().unwrap();
    assert_eq!(manual.iter().filter_map(Value::as_u64).sum::<u64>(), 1);
    assert_eq!(rates["causers"], json!([{"userId": "cid", "conflicts": 1}]));
    let id = conflict["record"]["conflictId"].clone();
    let request = json!({"graphId": "plan", "conflictIds": [id, "gone"], "choice": "mine"});
    let settled = room.ask("ada", "conflicts.resolve", request).await;
    assert_eq!(settled["settled"][0]["outcome"]["status"], "applied");
    assert_eq!(settled["settled"][1]["outcome"]["code"], "not_found");
    let page = room
        .ask("ada", "conflicts.list", json!({"status": "all"}))
        .await;
    assert_eq!(
        (
            &page["open"],
            &page["conflicts"][0]["record"]["resolution"]["choice"]
        ),
        (&json!(0), &json!("mine"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_says_who_changed_what_from_what() {
    let room = Room::open().await;
    room.send(
        "bea",
        "UPDATE_NODE",
        json!({"id": "n", "patch": {"title": "b"}}),
    )
    .await;
    room.send("bea", "UNDO", json!({})).await;
    room.send("cid", "CREATE_NODE", json!({"id": "m"})).await;
    let page = room
        .ask("ada", "history.list", json!({"graphId": "plan"}))
        .await;
    let entries = page["entries"].as_array().unwrap();
    let versions: Vec<_> = entries
        .iter()
        .map(|entry| entry["version"].clone())
        .collect();
    assert_eq!(versions, [4, 3, 2, 1]);
    let effect = &entries[2]["effects"][0];
    assert_eq!(
        (&effect["field"], &effect["before"], &effect["after"]),
        (&json!("title"), &json!("a"), &json!("b"))
    );
    assert_eq!(entries[1]["target"]["version"], 2);
    let page = room
        .ask(
            "ada",
            "history.list",
            json!({"graphId": "plan", "userId": "bea", "limit": 1}),
        )
        .await;
    assert_eq!(page["entries"].as_array().unwrap().len(), 1);
    assert_eq!(page["next"], 3);
    let page = room
        .ask(
            "ada",
            "history.list",
            json!({"graphId": "plan", "entityId": "m"}),
        )
        .await;
    assert_eq!(page["entries"][0]["userId"], "cid");
    let error = room
        .try_ask(
            "ada",
            "history.list",
            json!({"graphId": "plan", "limit": 0}),
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        (ErrorCode::Invalid, Some("limit"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_that_is_not_shared_is_not_shown() {
    let room = Room::open().await;
    let nobody = json!({"userId": "*", "role": "none"});
    assert_eq!(
        room.send("ada", "UPDATE_PERMISSIONS", nobody).await["status"],
        "applied"
    );
    let bea = json!({"userId": "bea", "role": "comment"});
    assert_eq!(
        room.send("ada", "UPDATE_PERMISSIONS", bea).await["status"],
        "applied"
    );
    let listed = async |who: &str| {
        let list = room.ask(who, "graphs.list", json!({})).await;
        list["graphs"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            listed("ada").await,
            listed("bea").await,
            listed("cid").await
        ),
        (1, 1, 0)
    );
    let graph = json!({"graphId": "plan"});
    for name in [
        "graph.settings",
        "graph.verify",
        "history.list",
        "conflicts.list",
        "conflicts.rate",
    ] {
        let error = room.try_ask("cid", name, graph.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Forbidden, "{name}");
    }
    let comment = json!({"id": "n", "patch": {"data": {"comment": "fine"}}});
    assert_eq!(
        room.send("bea", "UPDATE_NODE", comment).await["status"],
        "applied"
    );
    let rename = json!({"id": "n", "patch": {"title": "mine"}});
    assert_eq!(
        room.send("bea", "UPDATE_NODE", rename).await["code"],
        "forbidden"
    );
    let settings = room.ask("bea", "graph.settings", graph).await;
    assert_eq!(settings["access"], "comment");
    assert_eq!(
        settings["settings"]["grants"],
        json!({"*": "none", "bea": "comment"})
    );
    assert_eq!(settings["defaults"]["title"], "MERGE");
}

/// Pages through all conflicts of a status, and says which were on which page.
async fn pages(room: &Room, status: &str, limit: u32) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut before = Value::Null;
    loop {
        let mut request = json!({"status": status, "limit": limit});
        if before.is_u64() {
            request["before"] = before;
        }
        let page = room.ask("ada", "conflicts.list", request).await;
        let name = |one: &Value| {
            let (entity, field) = (&one["note"]["entityId"], &one["note"]["field"]);
            format!("{} {field}", entity.as_str().unwrap())
        };
        let listed = page["conflicts"].as_array().unwrap();
        pages.push(listed.iter().map(name).collect());
        before = page["next"].clone();
        if before.is_null() {
            return pages;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_conflicts_lose_and_repeat_nothing() {
    let room = Room::open().await;
    let entry = |number: u64| graphy_store::graph::ConflictLogEntry {
        // Decided one after the other, logged a moment later, as workers do.
        at: room.node.store.now_ms() - 100 + number,
        graph_id: graphy_model::GraphId::new("plan").unwrap(),
        operation_id: graphy_model::OperationId(uuid::Uuid::now_v7()),
        user_id: UserId::new("bea").unwrap(),
        notes: vec![
            serde_json::from_value(json!({
                "entity": "node", "entityId": format!("n{number}"), "field": "position",
                "resolution": "client_wins", "winner": "mine",
            }))
            .unwrap(),
        ],
    };
    for number in 0..40 {
        room.node
            .store
            .log_conflicts(&[entry(number)])
            .await
            .unwrap();
    }
    let pages = pages(&room, "all", 3).await;
    let mut listed: Vec<String> = pages.concat();
    listed.sort();
    let mut wanted: Vec<String> = (0..40).map(|n| format!("n{n} \"position\"")).collect();
    wanted.sort();
    assert_eq!(listed, wanted);
    assert!(pages.len() > 1, "{pages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_conflicts_come_in_pages() {
    let room = Room::open().await;
    room.conflict().await;
    // One more author on each of ten fields, all against what nobody of them has seen.
    let policy: serde_json::Map<String, Value> = (0..10)
        .map(|n| (format!("data.k{n}"), json!("MANUAL")))
        .collect();
    room.send("ada", "UPDATE_GRAPH", json!({"policy": policy}))
        .await;
    for value in [1, 2] {
        for n in 0..10 {
            let envelope = graphy_model::Envelope::from_value(json!({
                "operationId": uuid(), "type": "UPDATE_NODE", "baseVersion": 1,
                "payload": {"id": "n", "patch": {"data": {format!("k{n}"): value}}},
            }))
            .unwrap();
            let id = envelope.operation_id;
            let submission = graphy_engine::Submission {
                origin: graphy_engine::Origin::Request,
                content: envelope.into(),
                user_id: UserId::new("dan").unwrap(),
                role: Role::Editor,
            };
            let graph = graphy_model::GraphId::new("plan").unwrap();
            let intake = &room.node.intake;
            intake.submit(&graph, vec![submission]).await.unwrap();
            let outcome = intake.outcome(&graph, id, crate::support::DEADLINE).await;
            assert!(outcome.unwrap().is_some());
        }
    }
    let pages = pages(&room, "open", 4).await;
    let mut listed: Vec<String> = pages.concat();
    assert!(pages.len() > 1, "{pages:?}");
    // The newest first: the fields in the order in which they were met, backwards.
    assert!(listed[0].contains("data.k9"), "{pages:?}");
    listed.sort();
    let mut wanted: Vec<String> = (0..10).map(|n| format!("n \"data.k{n}\"")).collect();
    wanted.push("n \"title\"".to_owned());
    wanted.sort();
    assert_eq!(listed, wanted);
    let filtered = json!({"field": "data.k3", "limit": 1});
    let page = room.ask("ada", "conflicts.list", filtered).await;
    assert_eq!(page["conflicts"].as_array().unwrap().len(), 1);
    // All at once, by jobs.
    let all = json!({"graphId": "plan", "choice": "theirs"});
    let settling = room.ask("ada", "conflicts.settle", all).await;
    assert_eq!(settling["conflicts"], 11);
    crate::support::until("all conflicts to be settled", || async {
        let open = room.ask("ada", "conflicts.list", json!({"status": "open"}));
        open.await["conflicts"].as_array().unwrap().is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_operations_are_listed_in_part_and_pages_have_a_weight() {
    let room = Room::open().await;
    let data: serde_json::Map<String, Value> =
        (0..250).map(|n| (format!("k{n}"), json!(n))).collect();
    room.send(
        "ada",
        "UPDATE_NODE",
        json!({"id": "n", "patch": {"data": data}}),
    )
    .await;
    let request = json!({"graphId": "plan", "limit": 1});
    let page = room.ask("ada", "history.list", request).await;
    let entry = &page["entries"][0];
    let listed = entry["effects"].as_array().unwrap().len();
    assert_eq!((listed, &entry["moreEffects"]), (100, &json!(150)));
    let long = "x".repeat(16_000);
    for n in 0..40 {
        let patch = json!({"data": {format!("k{n}"): long, format!("l{n}"): null, "unset": n}});
        let wide = json!({"id": format!("w{n}"), "title": long, "data": {"a": long, "b": patch}});
        room.send("ada", "CREATE_NODE", wide).await;
    }
    let mut versions = Vec::new();
    let mut before = Value::Null;
    let mut pages = 0;
    loop {
        let mut request = json!({"graphId": "plan", "limit": 200});
        if before.is_u64() {
            request["before"] = before;
        }
        let page = room.ask("ada", "history.list", request).await;
        pages += 1;
        let entries = page["entries"].as_array().unwrap().iter();
        versions.extend(entries.map(|entry| entry["version"].as_u64().unwrap()));
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    let wanted: Vec<u64> = (1..=42).rev().collect();
    assert_eq!(versions, wanted);
    assert!(pages > 1);
}

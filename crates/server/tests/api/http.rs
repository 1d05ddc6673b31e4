//! The HTTP routes.

use graphy_model::Role;
use serde_json::json;

use crate::support::{TestNode, answer, envelope, token};

#[tokio::test]
async fn a_graph_is_made_changed_read_and_listed() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let (status, body) = test
        .post("/api/v2/graphs", &json!({"name": "x", "graphId": "g"}))
        .await;
    assert_eq!((status, &body["code"]), (409, &json!("already_exists")));
    let ended = test
        .command("g", "CREATE_NODE", json!({"id": "a", "title": "A"}))
        .await;
    assert_eq!(ended["status"], "completed");
    assert_eq!(ended["outcome"], json!({"status": "applied", "version": 1}));
    let refused = test.command("g", "CREATE_NODE", json!({"id": "a"})).await;
    assert_eq!(refused["status"], "failed");
    assert_eq!(refused["error"]["code"], "already_exists");

    let state = test
        .http
        .get(test.url("/api/v2/graphs/g/state"))
        .bearer_auth(&test.admin);
    let response = state.send().await.unwrap();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    assert!(response.headers().contains_key("x-trace-id"));
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["nodes"][0]["title"], "A");
    assert_eq!(tag, format!("\"{}.1\"", body["epoch"].as_str().unwrap()));
    let again = test
        .http
        .get(test.url("/api/v2/graphs/g/state"))
        .bearer_auth(&test.admin);
    let again = again.header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let (_, changes) = test.get("/api/v2/graphs/g/changes?since=0").await;
    assert_eq!(
        (&changes["currentVersion"], &changes["toVersion"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(changes["changes"][0]["changes"][0]["op"], "put_node");
    assert!(changes["changes"][0].get("inverse").is_none());
    for (query, status, code) in [
        ("since=0&epoch=other", 409, "stale_epoch"),
        ("since=99", 409, "stale_epoch"),
        ("since=-1", 400, "invalid"),
        ("", 400, "invalid"),
    ] {
        let (got, body) = test.get(&format!("/api/v2/graphs/g/changes?{query}")).await;
        assert_eq!(
            (got, body["code"].as_str()),
            (status, Some(code)),
            "{query}: {body}"
        );
    }
    let (_, list) = test.get("/api/v2/graphs").await;
    assert_eq!(
        (&list["graphs"][0]["nodes"], &list["graphs"][0]["version"]),
        (&json!(1), &json!(1))
    );
    test.stop().await;
}

#[tokio::test]
async fn batches_are_one_command_or_several() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let node = |id: &str| json!({"type": "CREATE_NODE", "payload": {"id": id}});
    let atomic = json!({"operationId": uuid::Uuid::now_v7(), "operations": [node("a"), node("b")]});
    let (status, accepted) = test.post("/api/v2/graphs/g/batch", &atomic).await;
    assert_eq!(status, 202, "{accepted}");
    assert_eq!(accepted["operationIds"], json!([atomic["operationId"]]));
    test.outcome(&atomic["operationId"]).await;
    let (_, state) = test.get("/api/v2/graphs/g/state").await;
    assert_eq!(
        (&state["version"], state["nodes"].as_array().unwrap().len()),
        (&json!(1), 2)
    );

    let several = json!({"atomic": false, "operations": [
        envelope("CREATE_NODE", json!({"id": "c"})),
        envelope("CREATE_NODE", json!({"id": "c"})),
        envelope("CREATE_EDGE", json!({"id": "e", "source": "a", "target": "c"})),
    ]});
    let (_, accepted) = test.post("/api/v2/graphs/g/batch", &several).await;
    let ids = accepted["operationIds"].as_array().unwrap();
    let mut codes = Vec::new();
    for id in ids {
        codes.push(test.outcome(id).await["status"].clone());
    }
    assert_eq!(codes, ["completed", "failed", "completed"]);

    let resent = test.post("/api/v2/graphs/g/batch", &several).await;
    assert_eq!(resent.0, 202, "sending again is fine and changes nothing");
    let (_, state) = test.get("/api/v2/graphs/g/state").await;
    assert_eq!(state["version"], 3);
    let too_many: Vec<_> = (0..101).map(|n| node(&format!("n{n}"))).collect();
    for (bad, status, field) in [
        (json!({"operations": []}), 400, "operations"),
        (json!({"operations": too_many}), 413, "operations"),
        (json!({"operations": [node("x")]}), 400, "operationId"),
        (json!({"operations": [node("x")], "wat": 1}), 400, "wat"),
        (
            json!({"atomic": false, "operations": [node("x")]}),
            400,
            "operations[0].operationId",
        ),
    ] {
        let (got, body) = test.post("/api/v2/graphs/g/batch", &bad).await;
        assert_eq!(
            (got, body["field"].as_str()),
            (status, Some(field)),
            "{body}"
        );
    }
    test.stop().await;
}

#[tokio::test]
async fn tokens_and_roles_are_asked_for() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let viewer = test.token(Role::Viewer).await;
    let editor = test.token(Role::Editor).await;
    let (revoked, id) = token(&test.node, Role::Admin).await;
    test.node.tokens().revoke(&id).await.unwrap();
    let command = envelope("CREATE_NODE", json!({"id": "a"}));
    let cases = [
        (None, 401, "unauthorized"),
        (Some("gk_0123456789abcdef_x"), 401, "unauthorized"),
        (Some(revoked.as_str()), 401, "unauthorized"),
        (Some(viewer.as_str()), 403, "forbidden"),
    ];
    for (token, status, code) in cases {
        let mut request = test
            .http
            .post(test.url("/api/v2/graphs/g/command"))
            .json(&command);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let (got, body) = answer(request).await;
        assert_eq!(
            (got, body["code"].as_str()),
            (status, Some(code)),
            "{token:?} {body}"
        );
        assert_eq!(body["retryable"], false);
        assert_eq!(body["traceId"].as_str().unwrap().len(), 32);
    }
    let delete = test
        .http
        .delete(test.url("/api/v2/graphs/g"))
        .bearer_auth(&editor);
    assert_eq!(answer(delete).await.0, 403);
    let read = test
        .http
        .get(test.url("/api/v2/graphs/g/state"))
        .bearer_auth(&viewer);
    assert_eq!(answer(read).await.0, 200);
    test.stop().await;
}

#[tokio::test]
async fn a_ticket_is_exchanged_once() {
    let test = TestNode::start().await;
    let url = test.node.ticket().await.unwrap();
    let ticket = url.split("ticket=").nth(1).unwrap();
    let open = || {
        test.http
            .post(test.url("/api/v2/session"))
            .json(&json!({"ticket": ticket}))
    };
    let (status, session) = answer(open()).await;
    assert_eq!(
        (status, &session["role"]),
        (200, &json!("admin")),
        "{session}"
    );
    let token = session["token"].as_str().unwrap();
    let list = test.http.get(test.url("/api/v2/graphs")).bearer_auth(token);
    assert_eq!(answer(list).await.0, 200);
    assert_eq!(answer(open()).await.0, 401);
    let renew = |token: &str| {
        let request = test.http.post(test.url("/api/v2/session/renew"));
        request.bearer_auth(token)
    };
    let (status, renewed) = answer(renew(token)).await;
    assert_eq!(status, 200, "{renewed}");
    assert_ne!(renewed["token"], session["token"]);
    for same in ["userId", "role"] {
        assert_eq!(renewed[same], session[same]);
    }
    // Both work, so that nothing is dropped while one takes the place of the other.
    for token in [&session["token"], &renewed["token"]] {
        let list = test.http.get(test.url("/api/v2/graphs"));
        let list = list.bearer_auth(token.as_str().unwrap());
        assert_eq!(answer(list).await.0, 200);
    }
    assert_eq!(answer(renew("gk_nobody_knows")).await.0, 401);
    let wanted = json!({"name": "n", "role": "viewer", "userId": "bea"});
    let (status, named) = test.post("/api/v2/console/tokens.create", &wanted).await;
    assert_eq!((status, &named["userId"]), (200, &json!("bea")), "{named}");
    let (status, refused) = answer(renew(named["token"].as_str().unwrap())).await;
    assert_eq!(
        (status, &refused["code"]),
        (400, &json!("invalid")),
        "{refused}"
    );
    test.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
async fn bad_requests_are_refused_with_a_code_and_a_field() {
    let test = TestNode::start().await;
    test.graph("g").await;
    let id = uuid::Uuid::now_v7();
    let node = |payload: &str| {
        format!(r#"{{"operationId":"{id}","type":"CREATE_NODE","payload":{payload}}}"#)
    };
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let cases = [
        ("{".to_owned(), 400, "invalid"),
        ("[]".to_owned(), 400, "invalid"),
        (node(r#"{"id":"a","wat":1}"#), 400, "invalid"),
        (node(r#"{"id":7}"#), 400, "invalid"),
        (
            node(r#"{"id":"a","position":{"x":NaN,"y":0}}"#),
            400,
            "invalid",
        ),
        (
            node(r#"{"id":"a","position":{"x":1e999,"y":0}}"#),
            400,
            "invalid",
        ),
        (
            node(r#"{"id":"a","data":{"n":123456789012345678901234567890}}"#),
            400,
            "invalid",
        ),
        (
            node(&format!(r#"{{"id":"a","data":{{"d":{nested}}}}}"#)),
            400,
            "invalid",
        ),
        (
            node(&format!(r#"{{"id":"a","title":"{}"}}"#, "x".repeat(20_000))),
            413,
            "too_large",
        ),
        (
            node(&format!(
                r#"{{"id":"a","title":"{}"}}"#,
                "x".repeat(2_000_000)
            )),
            413,
            "too_large",
        ),
    ];
    for (body, status, code) in cases {
        let request = test
            .http
            .post(test.url("/api/v2/graphs/g/command"))
            .bearer_auth(&test.admin)
            .header("content-type", "application/json")
            .body(body.clone());
        let (got, answer) = answer(request).await;
        let shown: String = body.chars().take(120).collect();
        assert_eq!(
            (got, answer["code"].as_str()),
            (status, Some(code)),
            "{shown}: {answer}"
        );
    }
    let plain = test
        .http
        .post(test.url("/api/v2/graphs/g/command"))
        .bearer_auth(&test.admin);
    let (status, body) = answer(plain.body("{}")).await;
    assert_eq!((status, &body["field"]), (400, &json!("content-type")));
    let broken = test
        .http
        .post(test.url("/api/v2/graphs"))
        .bearer_auth(&test.admin)
        .header("content-type", "application/json")
        .body(vec![b'{', 0xff, b'}']);
    assert_eq!(answer(broken).await.0, 400);
    for (path, status, code) in [
        ("/api/v2/graphs/a%20b/state", 400, "invalid"),
        ("/api/v2/graphs/nope/state", 404, "not_found"),
        ("/api/v2/operations/nope", 400, "invalid"),
        ("/api/v2/nope", 404, "not_found"),
    ] {
        let (got, body) = test.get(path).await;
        assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{path}");
    }
    let (status, body) = test.post("/metrics", &json!({})).await;
    assert_eq!((status, &body["code"]), (405, &json!("method_not_allowed")));
    let (status, _) = test.get("/api/v2/graphs/g/subscribe").await;
    assert_eq!(status, 400, "a plain request is no handshake");
    test.stop().await;
}

#[tokio::test]
async fn health_metrics_and_console_answer() {
    let test = TestNode::start().await;
    assert_eq!(test.get("/health/live").await.0, 200);
    let (status, report) = test.get("/health/ready").await;
    assert_eq!((status, &report["ready"]), (200, &json!(true)), "{report}");
    let (_, metrics) = test.get("/metrics").await;
    assert!(
        metrics
            .as_str()
            .unwrap()
            .contains("graphy_http_requests_total"),
        "{metrics}"
    );
    let (status, info) = test.post("/api/v2/console/system.info", &json!({})).await;
    assert_eq!((status, &info["environment"]), (200, &json!("local")));
    let (status, body) = test.post("/api/v2/console/no.such", &json!({})).await;
    assert_eq!((status, &body["code"]), (404, &json!("not_found")));
    let mut live = crate::support::connect(&test.node, "/api/v2/console/live").await;
    live.send(&json!({"token": test.admin})).await;
    assert_eq!(live.frame().await["environment"], "local");
    let mut stranger = crate::support::connect(&test.node, "/api/v2/console/live").await;
    stranger.send(&json!({"token": "nope"})).await;
    assert_eq!(stranger.closed().await, 4501);
    test.stop().await;
}

#[tokio::test]
async fn the_interface_is_served_with_a_strict_policy() {
    let test = TestNode::start().await;
    let page = test.http.get(test.url("/")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'"), "{policy}");
    let deep = test
        .http
        .get(test.url("/graphs/g"))
        .header("accept", "text/html");
    assert_eq!(
        deep.send().await.unwrap().status(),
        200,
        "paths of the interface lead to its page"
    );
    assert_eq!(
        answer(test.http.get(test.url("/assets/none.js"))).await.0,
        404
    );
    let other = test.http.get(test.url("/")).header("host", "evil.example");
    let (status, body) = answer(other).await;
    assert_eq!((status, &body["field"]), (403, &json!("host")));
    let write = test
        .http
        .post(test.url("/api/v2/graphs"))
        .bearer_auth(&test.admin);
    let write = write
        .header("origin", "http://evil.example")
        .json(&json!({"name": "x"}));
    let (status, body) = answer(write).await;
    assert_eq!((status, &body["field"]), (403, &json!("origin")));
    test.stop().await;
}

#[tokio::test]
async fn callers_in_a_hurry_are_told_to_wait() {
    let test = TestNode::start_with(|settings| {
        settings.rates.token_commands = graphy_server::Rate::new(1, 2);
    })
    .await;
    test.graph("g").await;
    let mut last = (0, json!(null));
    for index in 0..4 {
        let body = envelope("CREATE_NODE", json!({"id": format!("n{index}")}));
        let request = test
            .http
            .post(test.url("/api/v2/graphs/g/command"))
            .bearer_auth(&test.admin);
        let response = request.json(&body).send().await.unwrap();
        let wait = response.headers().get("retry-after").cloned();
        last = (response.status().as_u16(), response.json().await.unwrap());
        assert_eq!(last.0 == 429, wait.is_some());
    }
    assert_eq!(
        (last.0, &last.1["code"], &last.1["retryable"]),
        (429, &json!("rate_limited"), &json!(true))
    );
    test.stop().await;
}

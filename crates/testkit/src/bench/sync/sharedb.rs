//! ShareDB's messages (protocol 1.2, type json0).
//!
//! Like its own client library, a client has one operation under way and composes what comes
//! meanwhile into the next one. Editors move nodes of their own, so operations of others never
//! change what a client's own operation means, and nothing has to be transformed here.

use std::rc::Rc;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::dialect::{Dialect, Effects, Shared};
use super::load::{Move, NODES, y_of};

/// An operation as everybody but its author gets it.
pub(super) struct Operation {
    src: String,
    seq: u64,
    version: u64,
    moves: Vec<Move>,
}

#[derive(Deserialize)]
struct Broadcast {
    src: String,
    seq: u64,
    v: u64,
    /// An acknowledgement has none.
    #[serde(default)]
    op: Vec<Component>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Component {
    p: (String, String),
    oi: u32,
}

struct InFlight {
    src: String,
    seq: u64,
    moves: Vec<Move>,
}

/// One client of ShareDB.
pub(super) struct ShareDb {
    shared: Shared<Operation>,
    id: Option<String>,
    version: Option<u64>,
    seq: u64,
    ready: bool,
    fetching: bool,
    in_flight: Option<InFlight>,
    waiting: Vec<Move>,
    /// What is in the document, for the `od` of operations.
    held: Vec<u32>,
}

impl ShareDb {
    pub(super) fn new(shared: Shared<Operation>) -> Self {
        Self {
            shared,
            id: None,
            version: None,
            seq: 0,
            ready: false,
            fetching: false,
            in_flight: None,
            waiting: Vec::new(),
            held: vec![0; NODES],
        }
    }

    fn hold(&mut self, moves: &[Move], effects: &mut Effects) {
        for it in moves {
            self.held[it.node] = it.x;
        }
        effects.moves.extend_from_slice(moves);
    }

    /// Sends what waits as one operation if none is under way.
    fn flush(&mut self, effects: &mut Effects) {
        if !self.ready || self.in_flight.is_some() || self.waiting.is_empty() {
            return;
        }
        self.seq += 1;
        let in_flight = InFlight {
            src: self.id.clone().unwrap_or_default(),
            seq: self.seq,
            moves: std::mem::take(&mut self.waiting),
        };
        self.in_flight = Some(in_flight);
        self.send_in_flight(effects);
    }

    fn send_in_flight(&self, effects: &mut Effects) {
        let Some(in_flight) = &self.in_flight else {
            return;
        };
        let mut components = Vec::new();
        for (index, it) in in_flight.moves.iter().enumerate() {
            // Composed: only the last move of a node is sent.
            if in_flight.moves[index + 1..]
                .iter()
                .any(|later| later.node == it.node)
            {
                continue;
            }
            let (node, held) = (format!("n{}", it.node), self.held[it.node]);
            components.push(json!({ "p": [node, "x"], "od": held, "oi": it.x }));
            components.push(json!({ "p": [node, "y"], "od": y_of(held), "oi": it.y() }));
        }
        let message = json!({
            "a": "op", "c": "graphs", "d": "bench", "v": self.version, "src": in_flight.src,
            "seq": in_flight.seq, "x": {}, "op": components,
        });
        effects.send.push(message.to_string().into_bytes());
    }

    fn fetch(&mut self, effects: &mut Effects) {
        if !self.fetching {
            self.fetching = true;
            let ask = json!({ "a": "f", "c": "graphs", "d": "bench", "v": self.version });
            effects.send.push(ask.to_string().into_bytes());
        }
    }

    fn operation(&mut self, operation: &Operation, effects: &mut Effects) {
        // After a reconnect a client's own operation may come back among those that it missed.
        if self.is_in_flight(&operation.src, operation.seq) {
            return self.acknowledged(operation.version, effects);
        }
        match self.version {
            Some(version) if operation.version > version => self.fetch(effects),
            Some(version) if operation.version == version => {
                self.version = Some(version + 1);
                self.hold(&operation.moves, effects);
            }
            _ => {}
        }
    }

    fn is_in_flight(&self, src: &str, seq: u64) -> bool {
        let in_flight = self.in_flight.as_ref();
        in_flight.is_some_and(|own| own.seq == seq && own.src == src)
    }

    /// Takes in that the operation under way has a version.
    fn acknowledged(&mut self, at: u64, effects: &mut Effects) {
        if self.version.is_some_and(|version| at > version) {
            // What comes before it is missing; it will come again with that.
            return self.fetch(effects);
        }
        self.version = self.version.map(|version| version.max(at + 1));
        if let Some(own) = self.in_flight.take() {
            self.hold(&own.moves, effects);
            effects.acked.extend(own.moves.iter().map(|it| it.x));
        }
        self.flush(effects);
    }

    fn subscribed(&mut self, message: &Value, effects: &mut Effects) -> anyhow::Result<()> {
        if let Some(version) = message["data"]["v"].as_u64() {
            self.version = Some(version);
            let moves = whole(&message["data"]["data"])?;
            self.hold(&moves, effects);
        }
        self.ready = true;
        effects.ready = true;
        self.send_in_flight(effects);
        self.flush(effects);
        Ok(())
    }
}

impl Dialect for ShareDb {
    fn path(&self) -> String {
        "/".to_owned()
    }

    fn binary(&self) -> bool {
        false
    }

    fn opened(&mut self, effects: &mut Effects) {
        let hello = json!({ "a": "hs", "id": self.id, "protocol": 1, "protocolMinor": 2 });
        effects.send.push(hello.to_string().into_bytes());
    }

    fn received(&mut self, payload: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        if payload.starts_with(br#"{"a":"op""#) {
            let operation = self.shared.parse(payload, parse)?;
            self.operation(&Rc::clone(&operation), effects);
            return Ok(());
        }
        let message: Value = serde_json::from_slice(payload)?;
        ensure!(message.get("error").is_none(), "ShareDB says: {message}");
        match message["a"].as_str() {
            Some("hs") => {
                self.id = message["id"].as_str().map(str::to_owned);
                let mut ask = json!({ "a": "s", "c": "graphs", "d": "bench" });
                if let Some(version) = self.version {
                    ask["v"] = json!(version);
                }
                effects.send.push(ask.to_string().into_bytes());
            }
            Some("s") => self.subscribed(&message, effects)?,
            Some("f") => self.fetching = false,
            Some("op") => {
                let (src, seq) = (message["src"].as_str(), message["seq"].as_u64());
                if self.is_in_flight(src.unwrap_or_default(), seq.unwrap_or_default()) {
                    let at = message["v"].as_u64();
                    let at = at.context("an acknowledgement without v")?;
                    self.acknowledged(at, effects);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn submit(&mut self, it: Move, effects: &mut Effects) {
        self.waiting.push(it);
        self.flush(effects);
    }

    fn closed(&mut self) {
        self.ready = false;
        self.fetching = false;
    }
}

fn parse(payload: &[u8]) -> anyhow::Result<Operation> {
    let broadcast: Broadcast = serde_json::from_slice(payload)
        .with_context(|| format!("an operation: {}", String::from_utf8_lossy(payload)))?;
    if let Some(error) = broadcast.error {
        bail!("ShareDB says: {error}");
    }
    let mut moves = Vec::new();
    for pair in broadcast.op.chunks(2) {
        let [x, y] = pair else {
            bail!("half a move");
        };
        ensure!(x.p.0 == y.p.0 && y.oi == y_of(x.oi), "a torn move");
        let node = x.p.0.strip_prefix('n').and_then(|n| n.parse().ok());
        moves.push(Move {
            node: node.context("an unknown node")?,
            x: x.oi,
        });
    }
    Ok(Operation {
        src: broadcast.src,
        seq: broadcast.seq,
        version: broadcast.v,
        moves,
    })
}

/// Reads a whole document.
fn whole(data: &Value) -> anyhow::Result<Vec<Move>> {
    let mut moves = Vec::new();
    for node in 0..NODES {
        let place = &data[format!("n{node}")];
        let read = |axis: &str| place[axis].as_u64().and_then(|n| u32::try_from(n).ok());
        let (x, y) = read("x").zip(read("y")).context("a node is missing")?;
        ensure!(y == y_of(x), "node {node} is torn");
        if x > 0 {
            moves.push(Move { node, x });
        }
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(client: &mut ShareDb, message: &Value) -> Effects {
        let mut effects = Effects::default();
        let text = message.to_string();
        client.received(text.as_bytes(), &mut effects).unwrap();
        effects
    }

    fn sent(effects: &Effects) -> Vec<Value> {
        let messages = effects.send.iter();
        messages
            .map(|message| serde_json::from_slice(message).unwrap())
            .collect()
    }

    fn subscribed() -> ShareDb {
        let mut client = ShareDb::new(Shared::new());
        said(&mut client, &json!({ "a": "hs", "id": "me" }));
        let nodes: serde_json::Map<_, _> = (0..NODES)
            .map(|n| (format!("n{n}"), json!({ "x": 0, "y": 0 })))
            .collect();
        let all = json!({ "a": "s", "data": { "v": 1, "data": nodes } });
        assert!(said(&mut client, &all).ready);
        client
    }

    #[test]
    fn what_comes_while_an_operation_is_under_way_is_composed() {
        let mut client = subscribed();
        let mut effects = Effects::default();
        for x in 1..=3 {
            client.submit(Move { node: 5, x }, &mut effects);
        }
        assert_eq!(sent(&effects)[0]["op"][0]["oi"], 1);
        assert_eq!(effects.send.len(), 1);
        let ack = json!({ "a": "op", "src": "me", "seq": 1, "v": 1 });
        let after = said(&mut client, &ack);
        assert_eq!(after.acked, [1]);
        let next = &sent(&after)[0];
        assert_eq!((&next["v"], &next["seq"]), (&json!(2), &json!(2)));
        assert_eq!(
            next["op"].as_array().unwrap().len(),
            2,
            "one node, two axes"
        );
        assert_eq!(
            (&next["op"][0]["od"], &next["op"][0]["oi"]),
            (&json!(1), &json!(3))
        );
    }

    #[test]
    fn a_gap_makes_it_fetch_and_its_own_operation_may_come_back_with_that() {
        let mut client = subscribed();
        let mut effects = Effects::default();
        client.submit(Move { node: 5, x: 1 }, &mut effects);
        let operation = |src: &str, node: &str, v: u64| {
            json!({ "a": "op", "src": src, "seq": 1, "v": v, "op": [
                { "p": [node, "x"], "od": 0, "oi": 1 }, { "p": [node, "y"], "od": 0, "oi": 3 },
            ]})
        };
        let asked = said(&mut client, &operation("you", "n8", 2));
        assert_eq!(sent(&asked)[0]["a"], "f");
        assert!(asked.moves.is_empty());
        let caught_up = said(&mut client, &operation("me", "n5", 1));
        assert_eq!(caught_up.acked, [1]);
        let foreign = said(&mut client, &operation("you", "n8", 2));
        assert_eq!(foreign.moves, [Move { node: 8, x: 1 }]);
    }
}

//! One client of Graphy.

mod frame;

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::bail;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dialect::{Dialect, Effects, Shared};
use super::load::Move;
pub(super) use frame::Broadcast;
use frame::{Landed, parse};

/// Where a client stands in the graph's history.
struct Held {
    epoch: String,
    version: u64,
}

/// One client of Graphy.
pub(super) struct Graphy {
    shared: Shared<Broadcast>,
    graph: String,
    token: String,
    client: String,
    held: Option<Held>,
    seq: u64,
    ready: bool,
    asked: bool,
    /// Commands without a result, by their place in the client's order.
    pending: BTreeMap<u64, (Uuid, Move)>,
}

impl Graphy {
    pub(super) fn new(
        shared: Shared<Broadcast>,
        graph: &str,
        token: String,
        client: String,
    ) -> Self {
        Self {
            shared,
            graph: graph.to_owned(),
            token,
            client,
            held: None,
            seq: 0,
            ready: false,
            asked: false,
            pending: BTreeMap::new(),
        }
    }

    fn command(&self, seq: u64, id: Uuid, it: Move) -> Vec<u8> {
        let (epoch, version) = match &self.held {
            Some(held) => (held.epoch.as_str(), held.version),
            None => ("", 0),
        };
        format!(
            "{{\"type\":\"command\",\"command\":{{\"operationId\":\"{id}\",\"clientId\":\"{}\",\
             \"seq\":{seq},\"type\":\"UPDATE_NODE\",\"payload\":{{\"id\":\"n{}\",\"patch\":\
             {{\"position\":{{\"x\":{},\"y\":{}}}}}}},\"baseVersion\":{version},\
             \"epoch\":\"{epoch}\"}}}}",
            self.client,
            it.node,
            it.x,
            it.y()
        )
        .into_bytes()
    }

    fn settle(&mut self, id: Uuid, effects: &mut Effects) {
        let found = self.pending.iter().find(|(_, (known, _))| *known == id);
        if let Some((&seq, &(_, it))) = found {
            self.pending.remove(&seq);
            effects.acked.push(it.x);
        }
    }

    fn synced(&mut self, landed: &[Uuid], effects: &mut Effects) {
        for id in landed {
            self.settle(*id, effects);
        }
        self.asked = false;
        if !self.ready {
            self.ready = true;
            effects.ready = true;
            for (seq, (id, it)) in &self.pending {
                effects.send.push(self.command(*seq, *id, *it));
            }
        }
    }

    fn take(&mut self, frame: &Broadcast, effects: &mut Effects) {
        match frame {
            Broadcast::Update {
                from,
                to,
                epoch,
                moves,
                last,
                landed,
            } => {
                let Some(held) = &mut self.held else { return };
                if held.epoch != *epoch || *from > held.version {
                    if !self.asked {
                        self.asked = true;
                        let ask = json!({ "type": "request_sync", "epoch": held.epoch, "version": held.version });
                        effects.send.push(ask.to_string().into_bytes());
                    }
                    return;
                }
                let new = moves.partition_point(|(version, _)| *version <= held.version);
                effects.moves.extend(moves[new..].iter().map(|(_, it)| *it));
                held.version = held.version.max(*to);
                if *last {
                    self.synced(landed, effects);
                }
            }
            Broadcast::Full {
                version,
                epoch,
                moves,
                last,
                landed,
            } => {
                effects.moves.extend_from_slice(moves);
                if *last {
                    self.held = Some(Held {
                        epoch: epoch.clone(),
                        version: *version,
                    });
                    self.synced(landed, effects);
                }
            }
            Broadcast::Nothing => {}
        }
    }

    /// Takes a frame in that is for this client alone.
    fn own(&mut self, payload: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        let frame: Value = serde_json::from_slice(payload)?;
        let id = frame["operationId"].as_str().map(Uuid::parse_str);
        match (frame["type"].as_str(), id) {
            (Some("command_result"), Some(Ok(id))) => self.settle(id, effects),
            (Some("revert" | "error"), _) => bail!("a move was refused: {frame}"),
            (Some("sync"), _) if frame["mode"] == "in_sync" => {
                let landed: Vec<Landed> = serde_json::from_value(frame["landed"].clone())?;
                let landed: Vec<Uuid> = landed.iter().map(|one| one.operation_id).collect();
                self.synced(&landed, effects);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Dialect for Graphy {
    fn path(&self) -> String {
        format!("/api/v2/graphs/{}/subscribe", self.graph)
    }

    fn binary(&self) -> bool {
        false
    }

    fn opened(&mut self, effects: &mut Effects) {
        let pending: Vec<Uuid> = self.pending.values().map(|(id, _)| *id).collect();
        let mut hello = json!({
            "type": "hello", "token": self.token, "clientId": self.client, "pending": pending,
        });
        if let Some(held) = &self.held {
            hello["epoch"] = json!(held.epoch);
            hello["version"] = json!(held.version);
        }
        effects.send.push(hello.to_string().into_bytes());
    }

    fn received(&mut self, payload: &[u8], effects: &mut Effects) -> anyhow::Result<()> {
        let shared = payload.starts_with(br#"{"type":"state_update""#)
            || payload.starts_with(br#"{"type":"sync","mode":"behind""#)
            || payload.starts_with(br#"{"type":"sync","mode":"full""#);
        if shared {
            let frame = self.shared.parse(payload, parse)?;
            self.take(&Rc::clone(&frame), effects);
            return Ok(());
        }
        self.own(payload, effects)
    }

    fn submit(&mut self, it: Move, effects: &mut Effects) {
        self.seq += 1;
        let id = Uuid::now_v7();
        self.pending.insert(self.seq, (id, it));
        if self.ready {
            effects.send.push(self.command(self.seq, id, it));
        }
    }

    fn closed(&mut self) {
        self.ready = false;
        self.asked = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(from: u64, to: u64) -> String {
        let operations: Vec<String> = (from + 1..=to)
            .map(|version| {
                format!(
                    r#"{{"version":{version},"changes":[{{"op":"patch_node","id":"n3","patch":{{"position":{{"x":{version},"y":{}}}}},"hash":"0"}}]}}"#,
                    2 * version + 1
                )
            })
            .collect();
        format!(
            r#"{{"type":"state_update","epoch":"e","fromVersion":{from},"toVersion":{to},"operations":[{}],"checksum":"0"}}"#,
            operations.join(",")
        )
    }

    fn synced() -> Graphy {
        let mut client = Graphy::new(Shared::new(), "g", "t".to_owned(), "c".to_owned());
        let mut effects = Effects::default();
        let full = r#"{"type":"sync","mode":"full","epoch":"e","version":4,"chunk":0,"chunks":1,"nodes":[{"node":{"id":"n3","position":{"x":0.0,"y":0.0}},"hash":"0"}],"edges":[]}"#;
        client.received(full.as_bytes(), &mut effects).unwrap();
        assert!(effects.ready);
        client
    }

    #[test]
    fn an_update_that_overlaps_is_taken_from_where_the_client_is() {
        let mut client = synced();
        let mut effects = Effects::default();
        client
            .received(update(2, 6).as_bytes(), &mut effects)
            .unwrap();
        assert_eq!(effects.moves, [5, 6].map(|x| Move { node: 3, x }));
    }

    #[test]
    fn a_gap_makes_it_ask_once_and_take_nothing() {
        let mut client = synced();
        let mut effects = Effects::default();
        for from in [5, 6] {
            let text = update(from, from + 1);
            client.received(text.as_bytes(), &mut effects).unwrap();
        }
        assert!(effects.moves.is_empty());
        let [ask] = &effects.send[..] else {
            panic!("asked {} times", effects.send.len())
        };
        let ask: Value = serde_json::from_slice(ask).unwrap();
        assert_eq!(
            (&ask["type"], &ask["version"]),
            (&json!("request_sync"), &json!(4))
        );
    }

    #[test]
    fn after_a_loss_only_what_did_not_land_is_sent_again() {
        let mut client = synced();
        let mut effects = Effects::default();
        for x in [1, 2] {
            client.submit(Move { node: 3, x }, &mut effects);
        }
        client.closed();
        let mut effects = Effects::default();
        client.opened(&mut effects);
        let hello: Value = serde_json::from_slice(&effects.send[0]).unwrap();
        let landed = hello["pending"][0].clone();
        let mut effects = Effects::default();
        let sync = json!({ "type": "sync", "mode": "in_sync", "epoch": "e", "version": 4,
            "landed": [{ "operationId": landed, "outcome": { "status": "applied", "version": 4 } }] });
        client
            .received(sync.to_string().as_bytes(), &mut effects)
            .unwrap();
        assert_eq!(effects.acked, [1]);
        let [again] = &effects.send[..] else {
            panic!("sent {} commands", effects.send.len())
        };
        let again: Value = serde_json::from_slice(again).unwrap();
        assert_eq!(again["command"]["seq"], 2);
    }
}

//! What a hub does all the time, whoever is in its rooms: reads grants again, looks for dead
//! nodes, writes the list of sessions and renews it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use graphy_store::node_registry::NODE_LIFE;
use graphy_store::{ServerId, SessionRecord, Sessions};
use graphy_telemetry::{RestartPolicy, TaskContext, TaskFailure, TaskRegistry};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::hub::Shared;

/// How many rooms are reviewed at the same time.
const REVIEWS_MAX: usize = 32;
/// How often other nodes are looked for.
const NODES_ROUND: Duration = Duration::from_secs(1);
/// A node that did not renew itself for this long is given up: two renewals are missing.
const NODE_SILENCE: Duration = Duration::from_secs(11);
/// A node that said something of late is alive whatever the list says.
const NODE_HEARD: Duration = Duration::from_secs(5);
/// How often sessions are renewed at least.
const RENEWAL_MAX: Duration = Duration::from_secs(60);

/// Starts the tasks; `token` outlives the hub's rooms, so that the last sessions are written off.
pub(crate) fn start(
    shared: &Arc<Shared>,
    sessions: Sessions,
    tasks: &TaskRegistry,
    token: &CancellationToken,
) {
    let policy = RestartPolicy::ALWAYS;
    let hub = Arc::clone(shared);
    tasks.spawn("live-access", policy, token.clone(), move |context| {
        review(Arc::clone(&hub), context)
    });
    let (hub, list) = (Arc::clone(shared), sessions.clone());
    tasks.spawn("live-nodes", policy, token.clone(), move |context| {
        look_for_nodes(Arc::clone(&hub), list.clone(), context)
    });
    let hub = Arc::clone(shared);
    tasks.spawn("live-sessions", policy, token.clone(), move |context| {
        register(Arc::clone(&hub), sessions.clone(), context)
    });
}

/// Reads the grants of all graphs with open sockets again and again.
///
/// Changes arrive with the history within milliseconds; this is for those whose news were lost.
async fn review(shared: Arc<Shared>, context: TaskContext) -> Result<(), TaskFailure> {
    let mut round = interval(shared.settings.review);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while context
        .token
        .run_until_cancelled(round.tick())
        .await
        .is_some()
    {
        context.tick();
        let rooms = shared
            .all_rooms()
            .into_iter()
            .filter(|room| !room.is_empty());
        let store = &shared.store;
        futures_util::stream::iter(rooms)
            .for_each_concurrent(REVIEWS_MAX, |room| async move {
                if let Err(error) = room.review(store).await {
                    tracing::debug!(graph = %room.graph_id, %error, "cannot read the grants");
                }
            })
            .await;
    }
    Ok(())
}

/// Takes the sessions of nodes that died off all boards and off the list.
async fn look_for_nodes(
    shared: Arc<Shared>,
    sessions: Sessions,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    let mut round = interval(NODES_ROUND);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while context
        .token
        .run_until_cancelled(round.tick())
        .await
        .is_some()
    {
        context.tick();
        let now = Instant::now();
        let rooms = shared.all_rooms();
        let mut silent: HashSet<String> = HashSet::new();
        for room in &rooms {
            let board = room.board();
            let quiet = board
                .nodes()
                .filter(|(_, heard)| *heard + NODE_HEARD <= now);
            silent.extend(quiet.map(|(node, _)| node.to_owned()));
        }
        let ids: Vec<ServerId> = silent.iter().map(|node| ServerId::named(node)).collect();
        let Ok(lives) = shared.nodes.lives(&ids).await else {
            continue;
        };
        for (id, life) in ids.iter().zip(lives) {
            if life.is_some_and(|life| life + NODE_SILENCE > NODE_LIFE) {
                continue;
            }
            tracing::info!(node = %id, "a node is gone");
            for room in &rooms {
                room.board().drop_node(id.as_str());
                room.presence_changed.notify_one();
            }
            // Several nodes may do this; it can be done twice.
            if let Err(error) = sessions.forget_node(id).await {
                tracing::debug!(%error, "the sessions of a node were not forgotten");
            }
        }
    }
    Ok(())
}

/// Writes who comes and goes, and renews who stays.
async fn register(
    shared: Arc<Shared>,
    sessions: Sessions,
    context: TaskContext,
) -> Result<(), TaskFailure> {
    let mut renewal = interval(RENEWAL_MAX.min(sessions.life() / 3));
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.token.cancelled() => break,
            notes = shared.registrar.next() => shared.registrar.write(notes).await,
            _ = renewal.tick() => {
                context.tick();
                for room in shared.all_rooms() {
                    let mut records: Vec<SessionRecord> = Vec::with_capacity(room.size());
                    room.each(|member| records.push(member.record(&room.graph_id)));
                    if let Err(error) = sessions.keep(&records).await {
                        tracing::debug!(%error, "sessions were not renewed");
                    }
                }
            }
        }
    }
    shared.registrar.finish().await;
    Ok(())
}

//! One graph with open sockets: its members, what they may, and who is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graphy_model::{Grants, GraphId, UserId};
use graphy_store::{GraphStore, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::member::{Departure, Member};
use crate::presence::board::Board;

/// Whether a room can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Opening,
    Live,
    Gone,
}

/// Who may do what, as it was read last.
#[derive(Debug)]
struct Sharing {
    owner: UserId,
    grants: Grants,
}

/// The members of one graph, and how to reach them.
pub(crate) struct Room {
    pub(crate) graph_id: GraphId,
    members: Mutex<Vec<Arc<Member>>>,
    standing: watch::Sender<Standing>,
    pub(crate) changed: Arc<Notify>,
    /// Whether somebody may wait for an outcome since the last look-up.
    pub(crate) awaited: Arc<AtomicBool>,
    sharing: Mutex<Option<Sharing>>,
    /// Held while grants are read and taken over, so that an older reading never comes last.
    reviewing: tokio::sync::Mutex<()>,
    board: Mutex<Board>,
    movers: Mutex<Vec<Arc<Member>>>,
    pub(crate) presence_changed: Notify,
    /// Cancelled when the room is over.
    pub(crate) over: CancellationToken,
}

/// Tells a room's task that somebody waits for an outcome.
#[derive(Clone)]
pub(crate) struct RoomSignal {
    changed: Arc<Notify>,
    awaited: Arc<AtomicBool>,
}

impl RoomSignal {
    /// Wakes the task unless it knows already: one wake-up for a burst of commands.
    pub(crate) fn notify(&self) {
        if !self.awaited.swap(true, Ordering::AcqRel) {
            self.changed.notify_one();
        }
    }
}

impl Room {
    pub(crate) fn new(graph_id: GraphId, node: &str) -> Self {
        let standing = watch::Sender::new(Standing::Opening);
        Self {
            graph_id,
            members: Mutex::default(),
            standing,
            changed: Arc::default(),
            awaited: Arc::default(),
            sharing: Mutex::default(),
            reviewing: tokio::sync::Mutex::default(),
            board: Mutex::new(Board::new(node)),
            movers: Mutex::default(),
            presence_changed: Notify::new(),
            over: CancellationToken::new(),
        }
    }

    pub(crate) fn signal(&self) -> RoomSignal {
        RoomSignal {
            changed: Arc::clone(&self.changed),
            awaited: Arc::clone(&self.awaited),
        }
    }

    /// Waits until the room can be used, or never will be.
    pub(crate) async fn opened(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        let opened = standing
            .wait_for(|standing| *standing != Standing::Opening)
            .await;
        opened.map_or(Standing::Gone, |standing| *standing)
    }

    /// Changes the standing; returns the one before.
    pub(crate) fn stand(&self, standing: Standing) -> Standing {
        self.standing.send_replace(standing)
    }

    /// Takes a member in. From now on it is told everything and reviewed with the others.
    pub(crate) fn add(&self, member: &Arc<Member>) {
        self.members().push(Arc::clone(member));
        // After it is on the list: a review that does not see it is over by now.
        if let Some(Sharing { owner, grants }) = &*self.sharing() {
            member.settle(owner, grants);
        }
    }

    /// Lets a member go; the others see it leave, or see that it was lost until the given time.
    pub(crate) fn remove(&self, member: &Arc<Member>, lost_until: Instant) {
        self.members().retain(|other| !Arc::ptr_eq(other, member));
        {
            let session = &member.who.session_id;
            let mut board = self.board();
            match member.departure() {
                Departure::Goodbye => board.leave(session),
                Departure::Lost => board.lose(session, lost_until),
            }
        }
        self.presence_changed.notify_one();
        self.changed.notify_one();
    }

    /// Shows a member to the others.
    pub(crate) fn show(&self, member: &Member) {
        self.board().join(member.who.peer());
        self.presence_changed.notify_one();
    }

    /// Says whether a member has not been let go.
    pub(crate) fn holds(&self, member: &Arc<Member>) -> bool {
        self.members()
            .iter()
            .any(|other| Arc::ptr_eq(other, member))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    pub(crate) fn size(&self) -> usize {
        self.members().len()
    }

    pub(crate) fn each(&self, act: impl FnMut(&Arc<Member>)) {
        self.members().iter().for_each(act);
    }

    /// Names the owner and reads the grants for the first time.
    pub(crate) async fn begin(&self, store: &GraphStore, owner: &UserId) -> Result<(), StoreError> {
        self.read_grants(store, Some(owner)).await
    }

    /// Reads the grants, and reviews the members if they changed.
    pub(crate) async fn review(&self, store: &GraphStore) -> Result<(), StoreError> {
        self.read_grants(store, None).await
    }

    async fn read_grants(
        &self,
        store: &GraphStore,
        owner: Option<&UserId>,
    ) -> Result<(), StoreError> {
        let _turn = self.reviewing.lock().await;
        let grants = store.grants(&self.graph_id).await?;
        {
            let mut sharing = self.sharing();
            match (&mut *sharing, owner) {
                (Some(known), _) if known.grants == grants => return Ok(()),
                (Some(known), _) => known.grants = grants,
                (None, Some(owner)) => {
                    let owner = owner.clone();
                    *sharing = Some(Sharing { owner, grants });
                }
                (None, None) => return Ok(()),
            }
        }
        let members: Vec<Arc<Member>> = self.members().clone();
        members.iter().for_each(|member| self.review_one(member));
        Ok(())
    }

    /// Works out anew what a member may do.
    pub(crate) fn review_one(&self, member: &Member) {
        if let Some(Sharing { owner, grants }) = &*self.sharing() {
            member.review(owner, grants);
        }
    }

    /// Notes that a member told of itself.
    pub(crate) fn moved(&self, member: &Arc<Member>) {
        let first = {
            let mut movers = self.lock_movers();
            movers.push(Arc::clone(member));
            movers.len() == 1
        };
        if first {
            self.presence_changed.notify_one();
        }
    }

    pub(crate) fn take_movers(&self) -> Vec<Arc<Member>> {
        std::mem::take(&mut *self.lock_movers())
    }

    /// Says whether there is presence to tell.
    pub(crate) fn presence_is_due(&self) -> bool {
        !self.lock_movers().is_empty() || self.board().has_news()
    }

    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn members(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sharing(&self) -> MutexGuard<'_, Option<Sharing>> {
        self.sharing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_movers(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.movers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

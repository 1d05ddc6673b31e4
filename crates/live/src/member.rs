//! One socket as its room sees it: who it is, what it may, and what waits for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use graphy_model::sharing::access;
use graphy_model::{ClientId, Grants, GraphRole, Role, UserId};
use graphy_protocol::presence::{DISPLAY_NAME_CHARS_MAX, Peer, PresenceState};
use graphy_protocol::{ServerFrame, close};
use graphy_store::SessionRecord;

use crate::outbox::{Closing, Outbox};

/// How many colours people have.
const COLORS: u16 = 12;

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) session_id: String,
    pub(crate) client_id: ClientId,
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) joined_at: u64,
}

impl Who {
    /// Describes them as the others see them first.
    pub(crate) fn peer(&self) -> Peer {
        let color = graphy_protocol::bucket::bucket_of(self.user_id.as_str()) % COLORS;
        Peer {
            session_id: self.session_id.clone(),
            client_id: self.client_id.clone(),
            user_id: self.user_id.clone(),
            name: self.name.clone(),
            color: u8::try_from(color).expect("there are few colours"),
            node: self.node.clone(),
            joined_at: self.joined_at,
            away: false,
            state: PresenceState::default(),
        }
    }
}

/// Makes a name presentable; the user's id stands for one that is not there.
pub(crate) fn display_name(given: Option<&str>, user: &UserId) -> String {
    let printable = given
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control());
    let name: String = printable.take(DISPLAY_NAME_CHARS_MAX).collect();
    match name.trim() {
        "" => user.to_string(),
        name => name.to_owned(),
    }
}

#[derive(Debug, Clone, Copy)]
struct Seat {
    role: Role,
    access: GraphRole,
}

/// How a socket ended, as far as the others are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// The client said goodbye, or was turned out.
    Goodbye,
    /// The connection was lost.
    Lost,
}

/// One socket in a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) who: Who,
    pub(crate) outbox: Outbox,
    seat: Mutex<Seat>,
    /// The version that was handed out last.
    version: AtomicU64,
    active_at: AtomicU64,
    said_goodbye: AtomicBool,
    /// What the client told of itself since the last look.
    told: Mutex<Option<PresenceState>>,
}

impl Member {
    pub(crate) fn new(who: Who, outbox: Outbox, role: Role, access: GraphRole) -> Self {
        Self {
            active_at: AtomicU64::new(who.joined_at),
            who,
            outbox,
            seat: Mutex::new(Seat { role, access }),
            version: AtomicU64::new(0),
            said_goodbye: AtomicBool::new(false),
            told: Mutex::default(),
        }
    }

    pub(crate) fn access(&self) -> GraphRole {
        self.seat().access
    }

    /// Works out anew what the bearer may do, tells them if that changed, and turns them out if
    /// it is nothing any more.
    pub(crate) fn review(&self, owner: &UserId, grants: &Grants) {
        let mut seat = self.seat();
        let now = access(owner, grants, &self.who.user_id, seat.role);
        if now == seat.access {
            return;
        }
        seat.access = now;
        // Told under the lock, so that two changes are told in their order.
        if now == GraphRole::None {
            self.turn_out();
        } else {
            let frame = ServerFrame::Access { access: now };
            self.outbox.push_text(frame.to_text().into());
        }
    }

    /// Works out what the bearer may do before they were told anything.
    pub(crate) fn settle(&self, owner: &UserId, grants: &Grants) {
        let mut seat = self.seat();
        seat.access = access(owner, grants, &self.who.user_id, seat.role);
    }

    /// Takes over what a new token allows; the caller reviews the access then.
    pub(crate) fn set_role(&self, role: Role) {
        self.seat().role = role;
    }

    fn turn_out(&self) {
        self.depart(Departure::Goodbye);
        self.outbox.close_at_once(Closing {
            code: close::FORBIDDEN,
            reason: "access to the graph was taken away",
        });
    }

    /// Notes how the socket ends; what was said first counts.
    pub(crate) fn depart(&self, departure: Departure) {
        if departure == Departure::Goodbye {
            self.said_goodbye.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn departure(&self) -> Departure {
        if self.said_goodbye.load(Ordering::Relaxed) {
            Departure::Goodbye
        } else {
            Departure::Lost
        }
    }

    pub(crate) fn set_version(&self, version: u64) {
        self.version.store(version, Ordering::Relaxed);
    }

    pub(crate) fn touch(&self, now_ms: u64) {
        self.active_at.store(now_ms, Ordering::Relaxed);
    }

    /// Keeps what the client told of itself; true if nothing was kept before.
    pub(crate) fn tell(&self, state: PresenceState) -> bool {
        self.told().replace(state).is_none()
    }

    pub(crate) fn take_told(&self) -> Option<PresenceState> {
        self.told().take()
    }

    pub(crate) fn record(&self, graph_id: &graphy_model::GraphId) -> SessionRecord {
        SessionRecord {
            session_id: self.who.session_id.clone(),
            graph_id: graph_id.clone(),
            client_id: self.who.client_id.clone(),
            user_id: self.who.user_id.clone(),
            name: self.who.name.clone(),
            node: self.who.node.clone(),
            joined_at: self.who.joined_at,
            last_activity: self.active_at.load(Ordering::Relaxed),
            client_version: self.version.load(Ordering::Relaxed),
        }
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Option<PresenceState>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_presentable() {
        let user = UserId::new("ann").unwrap();
        assert_eq!(display_name(Some("  Ann\u{7} B. "), &user), "Ann B.");
        assert_eq!(display_name(Some(" \n"), &user), "ann");
        assert_eq!(display_name(None, &user), "ann");
        let long = "x".repeat(500);
        assert_eq!(
            display_name(Some(&long), &user).len(),
            DISPLAY_NAME_CHARS_MAX
        );
    }
}

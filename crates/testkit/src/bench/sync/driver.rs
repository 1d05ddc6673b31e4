//! Runs the clients of one measurement in one thread and meters the servers meanwhile.
//!
//! Moves are sent when they are due, whatever became of the ones before (open loop); latencies
//! count from the due time. A second thread does nothing but wake clients at those times, because
//! the timer of the clients' thread has a grain of a millisecond.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use super::client::{Client, Order, Role};
use super::gauge::{Gauge, Reading, Watched};
use super::load::{Load, Replica, Tally};
use super::systems::{Speaker, Speakers};

/// How many sockets are opened at the same time.
const OPENING_MAX: usize = 64;
/// How long the last moves may take to reach everybody.
const DRAIN_MAX: Duration = Duration::from_secs(40);
/// How long all sockets together may take to open.
const OPEN_MAX: Duration = Duration::from_secs(120);
/// How often the end of a phase is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// One client.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) role: Role,
    pub(super) server: SocketAddr,
    pub(super) speaker: Speaker,
}

/// What is to be run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seats: Vec<Seat>,
    /// Who makes the graph, where the server does not.
    pub(super) filler: Option<Seat>,
    /// A client that looks at the result afterwards.
    pub(super) reader: Seat,
    pub(super) watched: Watched,
    /// Each editor moves a node this often.
    pub(super) period: Duration,
    pub(super) warm_up: Duration,
    pub(super) counted: Duration,
    /// So many editors lose their connection at a time, this often.
    pub(super) churn: Option<(usize, Duration)>,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) tally: Tally,
    pub(super) reading: Reading,
    /// Resident memory of the servers before the first socket, with all of them, and at the end.
    pub(super) rss_before_kib: u64,
    pub(super) rss_open_kib: u64,
    pub(super) rss_end_kib: u64,
    /// From the last move's due time until all clients held everything; none if they never did.
    pub(super) drained: Option<Duration>,
    /// The hash of what all clients and a newcomer hold; none if they differ.
    pub(super) hash: Option<u64>,
    /// How often the slow reader was sent away.
    pub(super) slow_reader_closed: u64,
}

/// What the clients share.
pub(super) struct State {
    pub(super) tally: Option<Tally>,
    pub(super) replicas: Vec<Replica>,
    pub(super) ready: usize,
    pub(super) fault: Option<anyhow::Error>,
    pub(super) slow_reader_closed: u64,
}

/// Runs a plan; blocks its thread.
pub(super) fn drive(plan: Plan) -> anyhow::Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, run(plan))
}

/// A loopback address for a client; servers count handshakes by address.
fn address_of(number: usize) -> Ipv4Addr {
    let host = u8::try_from(number % 100).unwrap_or(0) + 1;
    Ipv4Addr::new(127, 0, 1, host)
}

async fn run(plan: Plan) -> anyhow::Result<Measured> {
    let state = Rc::new(RefCell::new(State {
        tally: None,
        replicas: vec![Replica::new(); plan.seats.len() + 2],
        ready: 0,
        fault: None,
        slow_reader_closed: 0,
    }));
    let speakers = Speakers::new();
    let mut gauge = Gauge::new(plan.watched.clone());
    let rss_before_kib = gauge.rss_kib()?;
    let editors = open(&plan, &state, &speakers).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rss_open_kib = gauge.rss_kib()?;
    let load = schedule(&plan, editors.len());
    state.borrow_mut().tally = Some(Tally::new(load));
    let pacer = std::thread::spawn({
        let churn = plan.churn;
        move || pace(load, &editors, churn)
    });
    tokio::time::sleep_until(load.counted_from.into()).await;
    gauge.start()?;
    let end = load.start + plan.warm_up + plan.counted;
    while Instant::now() < end {
        tokio::time::sleep_until((Instant::now() + LOOK * 5).min(end).into()).await;
        check(&state)?;
    }
    let reading = gauge.read()?;
    let rss_end_kib = gauge.rss_kib()?;
    let drained = drain(&plan, &state, load, end).await?;
    // The pacer is done: its last move was due before.
    let _ = pacer.join();
    let hash = agree(&plan, &state, &speakers).await?;
    let mut state = state.borrow_mut();
    Ok(Measured {
        tally: state.tally.take().context("the tally is there")?,
        reading,
        rss_before_kib,
        rss_open_kib,
        rss_end_kib,
        drained,
        hash: hash.filter(|_| drained.is_some()),
        slow_reader_closed: state.slow_reader_closed,
    })
}

fn schedule(plan: &Plan, editors: usize) -> Load {
    let start = Instant::now() + Duration::from_millis(200);
    let periods = (plan.warm_up + plan.counted).as_secs_f64() / plan.period.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count"
    )]
    let moves = if editors == 0 { 0 } else { periods as u32 };
    Load {
        editors,
        period: plan.period,
        moves,
        start,
        counted_from: start + plan.warm_up,
    }
}

/// Opens all sockets and returns the editors' lines.
async fn open(
    plan: &Plan,
    state: &Rc<RefCell<State>>,
    speakers: &Speakers,
) -> anyhow::Result<Vec<UnboundedSender<Order>>> {
    let deadline = Instant::now() + OPEN_MAX;
    if let Some(filler) = &plan.filler {
        let (_line, orders) = unbounded_channel();
        start(plan.seats.len() + 1, filler, orders, state, speakers);
        wait_for(state, deadline, |state| state.ready > 0).await?;
        state.borrow_mut().ready = 0;
    }
    let mut editors = Vec::new();
    let mut opened = 0;
    for (number, seat) in plan.seats.iter().enumerate() {
        let (sender, orders) = unbounded_channel();
        if seat.role == Role::Editor {
            editors.push(sender);
        }
        start(number, seat, orders, state, speakers);
        opened += usize::from(seat.role != Role::SlowReader);
        let enough = (opened + 1).saturating_sub(OPENING_MAX);
        wait_for(state, deadline, |state| state.ready >= enough).await?;
    }
    wait_for(state, deadline, |state| state.ready >= opened).await?;
    Ok(editors)
}

fn start(
    number: usize,
    seat: &Seat,
    orders: UnboundedReceiver<Order>,
    state: &Rc<RefCell<State>>,
    speakers: &Speakers,
) {
    let client = Client {
        number,
        role: seat.role,
        server: seat.server,
        from: address_of(number),
        dialect: speakers.speak(&seat.speaker),
        state: Rc::clone(state),
    };
    tokio::task::spawn_local(client.run(orders));
}

async fn wait_for(
    state: &Rc<RefCell<State>>,
    deadline: Instant,
    reached: impl Fn(&State) -> bool,
) -> anyhow::Result<()> {
    while !reached(&state.borrow()) {
        check(state)?;
        if Instant::now() > deadline {
            bail!("only {} sockets are ready in time", state.borrow().ready);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn check(state: &Rc<RefCell<State>>) -> anyhow::Result<()> {
    state.borrow_mut().fault.take().map_or(Ok(()), Err)
}

/// Waits until everybody holds every move.
async fn drain(
    plan: &Plan,
    state: &Rc<RefCell<State>>,
    load: Load,
    end: Instant,
) -> anyhow::Result<Option<Duration>> {
    loop {
        check(state)?;
        let complete = plan
            .seats
            .iter()
            .zip(&state.borrow().replicas)
            .filter(|(seat, _)| seat.role != Role::SlowReader)
            .all(|(_, replica)| replica.is_complete(&load));
        if complete {
            return Ok(Some(end.elapsed()));
        }
        if end.elapsed() > DRAIN_MAX {
            return Ok(None);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Compares what all clients hold, and what a newcomer is told.
async fn agree(
    plan: &Plan,
    state: &Rc<RefCell<State>>,
    speakers: &Speakers,
) -> anyhow::Result<Option<u64>> {
    let reader = plan.seats.len();
    let before = state.borrow().ready;
    let (_line, orders) = unbounded_channel();
    start(reader, &plan.reader, orders, state, speakers);
    let deadline = Instant::now() + DRAIN_MAX;
    wait_for(state, deadline, |state| state.ready > before).await?;
    let state = state.borrow();
    let truth = state.replicas[reader].hash();
    let same = plan
        .seats
        .iter()
        .zip(&state.replicas)
        .filter(|(seat, _)| seat.role != Role::SlowReader)
        .all(|(_, replica)| replica.hash() == truth);
    Ok(same.then_some(truth))
}

/// Wakes the editors when their moves are due.
#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own, which does nothing but sleep"
)]
fn pace(load: Load, editors: &[UnboundedSender<Order>], churn: Option<(usize, Duration)>) {
    let mut lost = 0;
    let mut churn_at = churn.map(|(_, every)| load.start + every);
    for number in 0..load.moves {
        for (editor, line) in editors.iter().enumerate() {
            let due = load.due(editor, number);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if let (Some((count, every)), Some(at)) = (churn, churn_at)
                && due >= at
            {
                for _ in 0..count {
                    // A client that has ended is told by the state's fault.
                    let _ = editors[lost % editors.len()].send(Order::Reconnect);
                    lost += 1;
                }
                churn_at = Some(at + every);
            }
            let _ = line.send(Order::Move(number));
        }
    }
}

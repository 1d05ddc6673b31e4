//! Traces: one for each command, from the socket or request it came in by to what its author was
//! told, through every process on the way.
//!
//! A trace travels as a [`TraceParent`], which stands beside a command wherever the command goes:
//! in its job, and in the published event. Only commands that are traced have one, so where
//! traces are off, or a command was not chosen, nothing is written and nothing is measured.
//!
//! **Invariant:** nothing here waits or fails; spans that cannot be sent are lost, commands are
//! not.

mod export;
mod parent;

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{Link, Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, Value};

pub use export::{BadCollectorUrl, CollectorUrl, TraceError, TraceSettings, flush, install};
pub use parent::{BadTraceParent, TraceParent};

/// A moment at which a span begins or ends.
#[derive(Debug, Clone, Copy)]
pub struct Moment(SystemTime);

impl Moment {
    /// Returns the present.
    #[must_use]
    pub fn now() -> Self {
        Self(SystemTime::now())
    }

    /// Returns a moment in milliseconds since 1970.
    #[must_use]
    pub fn of_ms(ms: u64) -> Self {
        Self(SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(ms))
    }
}

/// What a span covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A command came in; the root of its trace. It ends when the command is durable or refused.
    Command,
    /// From handing a command in until it was durable in the queue.
    Intake,
    /// From then until a worker fetched its job.
    Queue,
    /// A worker carries a job out; a trace of its own, linked with those of the job's commands.
    Job,
    /// A batch is decided against the graph in memory.
    Decide,
    /// The script of Redis writes and publishes it.
    Apply,
    /// From hearing of it until it was put out for every socket of a node.
    Broadcast,
    /// From then until the author's socket had taken the outcome.
    Deliver,
}

impl Step {
    /// Returns the name of the span.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Intake => "intake",
            Self::Queue => "queue",
            Self::Job => "job",
            Self::Decide => "decide",
            Self::Apply => "apply",
            Self::Broadcast => "broadcast",
            Self::Deliver => "deliver",
        }
    }

    fn kind(self) -> SpanKind {
        match self {
            Self::Command => SpanKind::Server,
            Self::Intake | Self::Broadcast => SpanKind::Producer,
            Self::Queue | Self::Job => SpanKind::Consumer,
            Self::Apply => SpanKind::Client,
            Self::Decide | Self::Deliver => SpanKind::Internal,
        }
    }
}

/// What a request said of its trace, and when it came.
#[derive(Debug, Clone, Copy)]
struct Received {
    at: Moment,
    parent: Option<TraceParent>,
}

tokio::task_local! {
    static REQUEST: Received;
}

/// Runs a request. Commands that come in inside of it belong to the trace that its header
/// `traceparent` names; a header of another form is passed over, as the standard asks.
pub async fn within_request<F: Future>(header: Option<&str>, request: F) -> F::Output {
    let received = Received {
        at: Moment::now(),
        parent: header.and_then(|text| text.parse().ok()),
    };
    REQUEST.scope(received, request).await
}

/// Says whether spans are sent at all.
#[must_use]
pub fn enabled() -> bool {
    export::export().is_some()
}

/// A span that goes on; it ends when it is dropped.
#[derive(Debug)]
pub struct OpenSpan(opentelemetry_sdk::trace::Span);

impl OpenSpan {
    /// Returns what its children are told.
    #[must_use]
    pub fn parent(&self) -> TraceParent {
        TraceParent::of(self.0.span_context())
    }

    /// Notes something about it.
    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.set_attribute(KeyValue::new(name, value));
    }

    /// Notes that it failed, and why.
    pub fn fail(&mut self, reason: impl Into<Cow<'static, str>>) {
        self.0.set_status(Status::error(reason));
    }
}

/// Begins the trace of a command that came in at a moment; of a request, when that came.
///
/// None if traces are off or this one is not chosen.
#[must_use]
pub fn begin_command(at: Moment) -> Option<OpenSpan> {
    let export = export::export()?;
    let received = REQUEST.try_with(|received| *received).ok();
    let at = received.map_or(at, |received| received.at);
    let parent = received.and_then(|received| received.parent);
    let span = export
        .tracer
        .span_builder(Step::Command.as_str())
        .with_kind(Step::Command.kind())
        .with_start_time(at.0)
        .start_with_context(&export.tracer, &context(parent));
    span.span_context().is_sampled().then(|| OpenSpan(span))
}

/// Begins a step of a command.
#[must_use]
pub fn begin(parent: TraceParent, step: Step) -> Option<OpenSpan> {
    let export = export::export()?;
    let span = export
        .tracer
        .span_builder(step.as_str())
        .with_kind(step.kind())
        .start_with_context(&export.tracer, &context(Some(parent)));
    Some(OpenSpan(span))
}

/// Begins the trace of a job that carries commands; none if none of them is traced.
#[must_use]
pub fn begin_job(commands: &[TraceParent]) -> Option<OpenSpan> {
    let export = export::export().filter(|_| !commands.is_empty())?;
    let links = commands
        .iter()
        .map(|parent| Link::with_context(parent.context()))
        .collect();
    let span = export
        .tracer
        .span_builder(Step::Job.as_str())
        .with_kind(Step::Job.kind())
        .with_links(links)
        .start_with_context(&export.tracer, &Context::new());
    Some(OpenSpan(span))
}

/// Writes down steps that are over, one for each command; `link` is the job that they were part of.
pub fn record(
    parents: &[TraceParent],
    step: Step,
    (from, to): (Moment, Moment),
    link: Option<TraceParent>,
    notes: &[(&'static str, Value)],
) {
    let Some(export) = export::export() else {
        return;
    };
    for parent in parents {
        let links = link
            .iter()
            .map(|link| Link::with_context(link.context()))
            .collect();
        let mut span = export
            .tracer
            .span_builder(step.as_str())
            .with_kind(step.kind())
            .with_start_time(from.0)
            .with_links(links)
            .with_attributes(
                notes
                    .iter()
                    .map(|(name, value)| KeyValue::new(*name, value.clone())),
            )
            .start_with_context(&export.tracer, &context(Some(*parent)));
        span.end_with_timestamp(to.0);
    }
}

fn context(parent: Option<TraceParent>) -> Context {
    let context = Context::new();
    match parent {
        Some(parent) => context.with_remote_span_context(parent.context()),
        None => context,
    }
}

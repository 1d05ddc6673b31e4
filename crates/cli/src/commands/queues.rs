//! `graphy queues`: every BullMQ queue of the node's Redis, its jobs and what is done to them.

mod arguments;
mod bulk;
mod text;
mod values;

use graphy_protocol::queues::{
    AddJob, AddedJob, ConfigureQueue, DeadLetters, DeadLettersRequest, EditJob, EditedJob,
    JobDetail, JobFilter, JobPage, JobRef, JobsRequest, QueueDetail, QueueList, QueueRef,
    SchedulerList, SchedulerRef,
};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use arguments::QueuesArguments;
use arguments::{Action, AddArguments, Filter, JobName, JobsArguments, Limits, OnScheduler};

use crate::exit::Failure;
use crate::output::Output;
use crate::remote::RemoteNode;

/// How many parts of a queue one command looks through until it finds something.
const SEARCH_CALLS_MAX: usize = 100;

pub(crate) async fn run(
    node: &RemoteNode,
    arguments: QueuesArguments,
    output: Output,
) -> Result<(), Failure> {
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let list: QueueList = node.ask("queues.list").await?;
            output.result(&list, text::list)
        }
        Action::Show { queue } => {
            let detail: QueueDetail = node.call("queues.get", &queue.reference()).await?;
            output.result(&detail, text::queue)
        }
        Action::Jobs(jobs) => {
            let page = first_page(node, JobsRequest::from(jobs)).await?;
            output.result(&page, text::jobs)
        }
        Action::Job(job) => {
            let detail: JobDetail = node.call("queues.job", &job.reference()).await?;
            output.result(&detail, text::job)
        }
        Action::Retry(job) => one(node, output, "queues.retry_job", &job, "runs again").await,
        Action::Promote(job) => one(node, output, "queues.promote_job", &job, "runs now").await,
        Action::Remove(job) => one(node, output, "queues.remove_job", &job, "is removed").await,
        Action::Edit { job, data } => edit(node, &job, &data, output).await,
        Action::Bulk(arguments) => bulk::run(node, arguments, output).await,
        Action::Runs => bulk::list(node, output).await,
        Action::Status { run } => bulk::status(node, &run, output).await,
        Action::Stop { run } => bulk::stop(node, &run, output).await,
        Action::Undo { run } => bulk::undo(node, &run, output).await,
        Action::Pause { queue } => {
            let says = "it starts no more jobs";
            told(node, output, "queues.pause", &queue.reference(), says).await
        }
        Action::Resume { queue } => {
            let says = "it starts jobs again";
            told(node, output, "queues.resume", &queue.reference(), says).await
        }
        Action::Limit(limits) => limit(node, limits, output).await,
        Action::Schedulers { queue, action } => {
            schedulers(node, queue.reference(), action, output).await
        }
        Action::DeadLetters { queue } => {
            let request = DeadLettersRequest {
                queue: queue.map(|queue| queue.reference()),
            };
            let letters: DeadLetters = node.call("queues.dead_letters", &request).await?;
            output.result(&letters, text::dead_letters)
        }
        Action::Add(job) => {
            let added: AddedJob = node.call("queues.add_job", &AddJob::try_from(job)?).await?;
            output.result(&added, |added| format!("added {}", added.job_id))
        }
    }
}

/// Removes a job and adds it with other data.
async fn edit(node: &RemoteNode, job: &JobName, data: &str, output: Output) -> Result<(), Failure> {
    let request = EditJob {
        queue: job.queue.reference(),
        job_id: job.job_id.clone(),
        data: json_of("DATA", data)?,
    };
    let edited: EditedJob = node.call("queues.edit_job", &request).await?;
    output.result(&edited, |edited| match &edited.operation_id {
        Some(id) => format!("its commands are sent anew, the first as operation {id}"),
        None => format!("{} runs with the new data", job.job_id),
    })
}

/// Reads the first page that holds something: one call looks through a bounded part of the queue,
/// and the next job that fits may be beyond it.
async fn first_page(node: &RemoteNode, mut request: JobsRequest) -> Result<JobPage, Failure> {
    let mut page: JobPage = node.call("queues.jobs", &request).await?;
    for _ in 1..SEARCH_CALLS_MAX {
        let Some(next) = page.next.filter(|_| page.jobs.is_empty()) else {
            break;
        };
        request.offset = Some(next);
        page = node.call("queues.jobs", &request).await?;
    }
    Ok(page)
}

/// Does something to one job.
async fn one(
    node: &RemoteNode,
    output: Output,
    operation: &str,
    job: &JobName,
    says: &str,
) -> Result<(), Failure> {
    let says = format!("{} {says}", job.job_id);
    told(node, output, operation, &job.reference(), &says).await
}

/// Calls an operation that answers nothing.
async fn told(
    node: &RemoteNode,
    output: Output,
    operation: &str,
    request: &impl Serialize,
    says: &str,
) -> Result<(), Failure> {
    let _: Value = node.call(operation, request).await?;
    output.result(&json!({}), |_| says.to_owned())
}

/// Sets limits; what is not named stays as it is.
async fn limit(node: &RemoteNode, limits: Limits, output: Output) -> Result<(), Failure> {
    let queue = limits.queue.reference();
    if limits.concurrency.is_none() && limits.rate.is_none() {
        let message = "say what to limit: --concurrency N|none, --rate MAX/MS|none";
        return Err(Failure::Usage(message.to_owned()));
    }
    let now: QueueDetail = node.call("queues.get", &queue).await?;
    let request = ConfigureQueue {
        queue,
        concurrency: limits.concurrency.map_or(now.concurrency, |limit| limit.0),
        rate_limit: limits.rate.map_or(now.rate_limit, |limit| limit.0),
    };
    told(
        node,
        output,
        "queues.configure",
        &request,
        "the limits hold from now on",
    )
    .await
}

async fn schedulers(
    node: &RemoteNode,
    queue: QueueRef,
    action: Option<OnScheduler>,
    output: Output,
) -> Result<(), Failure> {
    let named = |scheduler_id: String| SchedulerRef {
        queue: queue.clone(),
        scheduler_id,
    };
    match action {
        None => {
            let list: SchedulerList = node.call("queues.schedulers", &queue).await?;
            output.result(&list, text::schedulers)
        }
        Some(OnScheduler::Repair { scheduler }) => {
            let request = named(scheduler);
            let list: SchedulerList = node.call("queues.repair_scheduler", &request).await?;
            output.result(&list, text::schedulers)
        }
        Some(OnScheduler::Remove { scheduler }) => {
            let request = named(scheduler);
            told(node, output, "queues.remove_scheduler", &request, "removed").await
        }
    }
}

fn json_of(what: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::Usage(format!("{what} is not JSON: {error}")))
}

impl From<JobsArguments> for JobsRequest {
    fn from(arguments: JobsArguments) -> Self {
        Self {
            queue: arguments.queue.reference(),
            state: arguments.state.into(),
            filter: arguments.filter.into(),
            offset: arguments.offset,
            limit: Some(arguments.limit),
        }
    }
}

impl TryFrom<AddArguments> for AddJob {
    type Error = Failure;

    fn try_from(arguments: AddArguments) -> Result<Self, Failure> {
        Ok(Self {
            queue: arguments.queue.reference(),
            data: json_of("DATA", &arguments.data)?,
            name: arguments.name,
            delay_ms: arguments.delay_ms,
            priority: arguments.priority,
            attempts: arguments.attempts,
        })
    }
}

impl From<Filter> for JobFilter {
    fn from(filter: Filter) -> Self {
        Self {
            text: filter.text,
            name: filter.name,
            fingerprint: filter.fingerprint,
        }
    }
}

impl JobName {
    fn reference(&self) -> JobRef {
        JobRef {
            queue: self.queue.reference(),
            job_id: self.job_id.clone(),
        }
    }
}

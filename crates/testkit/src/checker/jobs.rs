//! The jobs of the queue: what is done has an end, and nothing was made up.

use super::{Commands, JobEnd, StoredJob, Violation};

/// Checks the jobs that the queue still keeps.
///
/// That each command of a job has one effect at most is the history's rule; here it is about
/// commands of which no client ever heard, because the queue had them all the same.
pub(super) fn check(jobs: &[StoredJob], commands: &Commands<'_>, violations: &mut Vec<Violation>) {
    for job in jobs {
        for operation in &job.operations {
            let Some(command) = commands.get(operation) else {
                violations.push(Violation::GhostInJob {
                    job: job.job_id.clone(),
                    operation: *operation,
                });
                continue;
            };
            if job.end == JobEnd::Completed && command.outcome.is_none() {
                violations.push(Violation::JobWithoutOutcome {
                    job: job.job_id.clone(),
                    operation: *operation,
                });
            }
        }
    }
}

//! Failed jobs in groups of those that failed alike.

use std::collections::{BTreeSet, HashMap};

use graphy_protocol::ApiError;
use graphy_protocol::queues::{DeadLetterGroup, DeadLetters, JobState};
use graphy_store::bullmq::{DataWanted, QueueName, SLICE_JOBS_MAX};

use super::fingerprint::fingerprint;
use super::row::list_of;
use super::{Queues, reference};
use crate::fault::store_fault;

/// How many failed jobs one call looks at.
const LOOKED_AT_MAX: u64 = 5000;
/// How many groups are given.
const GROUPS_MAX: usize = 200;
/// How many names of jobs a group shows.
const NAMES_MAX: usize = 20;
/// How much of an error is shown.
const ERROR_CHARS_MAX: usize = 1000;

struct Group {
    letters: DeadLetterGroup,
    names: BTreeSet<String>,
}

/// Returns how much each may take of a whole, at most, if nobody takes more than they need and
/// what some leave over goes to the others.
fn fair_share(needs: impl Iterator<Item = u64>, whole: u64) -> u64 {
    let mut needs: Vec<u64> = needs.filter(|need| *need > 0).collect();
    needs.sort_unstable();
    let (mut left, mut takers) = (whole, needs.len() as u64);
    for need in needs {
        if need > left / takers {
            return left / takers;
        }
        left -= need;
        takers -= 1;
    }
    whole
}

impl Queues {
    /// Groups the newest failed jobs of queues; each queue gets a fair share of what is looked at.
    pub(crate) async fn dead_letters(
        &self,
        queues: &[(QueueName, u64)],
    ) -> Result<DeadLetters, ApiError> {
        let share = fair_share(queues.iter().map(|(_, failed)| *failed), LOOKED_AT_MAX);
        let mut groups: HashMap<(QueueName, String), Group> = HashMap::new();
        let mut looked_at = 0;
        for (queue, failed) in queues.iter().filter(|(_, failed)| *failed > 0) {
            let wanted = share.min(*failed);
            let mut seen = 0;
            while seen < wanted {
                let count = (wanted - seen).min(SLICE_JOBS_MAX as u64);
                let found = self.group_slice(queue, seen, count, &mut groups).await?;
                seen += found;
                looked_at += found;
                if found < count {
                    break;
                }
            }
        }
        let mut groups: Vec<DeadLetterGroup> = groups
            .into_values()
            .map(|group| DeadLetterGroup {
                job_names: group.names.into_iter().take(NAMES_MAX).collect(),
                ..group.letters
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.jobs, group.last_at)));
        groups.truncate(GROUPS_MAX);
        Ok(DeadLetters {
            at: self.now_ms(),
            groups,
            jobs: queues.iter().map(|(_, failed)| failed).sum(),
            looked_at,
        })
    }

    async fn group_slice(
        &self,
        queue: &QueueName,
        offset: u64,
        count: u64,
        groups: &mut HashMap<(QueueName, String), Group>,
    ) -> Result<u64, ApiError> {
        let reader = self.reader();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let ids = reader
            .ids(queue, list_of(JobState::Failed), offset, count)
            .await;
        let ids = ids.map_err(|error| store_fault(&error))?;
        let names: Vec<String> = ids.iter().map(|(id, _)| id.clone()).collect();
        let hashes = reader.hashes(queue, &names, DataWanted::Size).await;
        let hashes = hashes.map_err(|error| store_fault(&error))?;
        for ((id, score), hash) in ids.iter().zip(hashes) {
            let hash = hash.unwrap_or_default();
            let field = |name: &str| hash.fields.get(name).map_or("", String::as_str);
            let error = field("failedReason");
            let print = fingerprint(error);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a time"
            )]
            let failed_at = hash
                .number("finishedOn")
                .unwrap_or(score.unwrap_or(0.0) as u64);
            let group = groups
                .entry((queue.clone(), print.clone()))
                // The newest comes first.
                .or_insert_with(|| Group {
                    letters: DeadLetterGroup {
                        fingerprint: print,
                        queue: reference(queue),
                        error: error.chars().take(ERROR_CHARS_MAX).collect(),
                        jobs: 0,
                        job_names: Vec::new(),
                        first_at: failed_at,
                        last_at: failed_at,
                        newest_job_id: id.clone(),
                    },
                    names: BTreeSet::new(),
                });
            group.letters.jobs += 1;
            group.letters.first_at = group.letters.first_at.min(failed_at);
            group.letters.last_at = group.letters.last_at.max(failed_at);
            if group.names.len() < NAMES_MAX {
                group.names.insert(field("name").to_owned());
            }
        }
        Ok(ids.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_small_queues_leave_over_goes_to_large_ones() {
        let share = |needs: &[u64]| fair_share(needs.iter().copied(), 5000);
        assert_eq!(share(&[3000, 2, 1]), 5000, "there is enough for all");
        assert_eq!(share(&[9000, 400, 0, 600]), 4000);
        assert_eq!(share(&[9000, 9000, 600]), 2200);
        assert_eq!(share(&[]), 5000);
    }
}

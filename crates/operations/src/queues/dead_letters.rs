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

impl Queues {
    /// Groups the newest failed jobs of queues; each queue gets its share of what is looked at.
    pub(crate) async fn dead_letters(
        &self,
        queues: &[(QueueName, u64)],
    ) -> Result<DeadLetters, ApiError> {
        let failing = queues.iter().filter(|(_, failed)| *failed > 0).count() as u64;
        let share = LOOKED_AT_MAX / failing.max(1);
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

//! The search for queues that nobody has named, in pieces.

use graphy_store::StoreError;
use graphy_store::bullmq::QueueName;

use super::{SEARCH_REST_MS, Watch};

/// How many keys one step of the search looks at.
const SEARCH_STEP_KEYS: u32 = 500;
/// How many keys the search looks at in a second.
const SEARCH_KEYS_PER_SECOND: u64 = 10_000;

impl Watch {
    /// Goes on with the search, as far as the budget of a second reaches.
    pub(super) async fn search(&self, now: u64) -> Result<(), StoreError> {
        let reader = self.queues.reader();
        let (mut cursor, rests) = {
            let sight = self.queues.sight();
            let search = &sight.search;
            let rests = search
                .completed_at
                .is_some_and(|at| at + SEARCH_REST_MS > now);
            (search.cursor, rests && search.cursor == 0)
        };
        if rests {
            return Ok(());
        }
        if cursor == 0 {
            let keys_total = reader.count_keys().await?;
            let mut sight = self.queues.sight();
            sight.search.keys_seen = 0;
            sight.search.keys_total = keys_total;
        }
        let mut found = Vec::new();
        let mut seen = 0;
        while seen < SEARCH_KEYS_PER_SECOND {
            let step = reader.scan(cursor, SEARCH_STEP_KEYS).await?;
            seen += u64::from(SEARCH_STEP_KEYS);
            cursor = step.cursor;
            found.extend(step.found);
            if cursor == 0 {
                break;
            }
        }
        found.sort();
        found.dedup();
        self.find(found).await?;
        if cursor == 0 {
            self.forget_gone().await?;
        }
        let mut sight = self.queues.sight();
        let search = &mut sight.search;
        search.cursor = cursor;
        search.keys_seen = (search.keys_seen + seen).min(search.keys_total);
        if cursor == 0 {
            search.keys_seen = search.keys_total;
            search.completed_at = Some(now);
        }
        Ok(())
    }

    /// Forgets queues that exist no more.
    async fn forget_gone(&self) -> Result<(), StoreError> {
        let known = self.queues.sight().names();
        for names in known.chunks(100) {
            let are = self.queues.reader().are_queues(names).await?;
            let gone = names.iter().zip(are).filter(|(_, is)| !is);
            let mut sight = self.queues.sight();
            for (name, _) in gone {
                sight.queues.remove(name);
                sight.search.cut = false;
            }
        }
        Ok(())
    }

    /// Takes those of the names into sight that are queues.
    pub(super) async fn find(&self, mut names: Vec<QueueName>) -> Result<(), StoreError> {
        {
            let sight = self.queues.sight();
            names.retain(|name| !sight.queues.contains_key(name));
        }
        // A key space full of names that look like queues is looked at in pieces.
        for names in names.chunks(100) {
            let are = self.queues.reader().are_queues(names).await?;
            let found = names.iter().zip(are).filter(|(_, is)| *is);
            self.queues.sight().add(found.map(|(name, _)| name.clone()));
        }
        Ok(())
    }
}

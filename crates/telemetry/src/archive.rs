//! Metric history that outlives the process: every second for a day, every minute for a month.
//!
//! Rows of values are appended to a segment for each hour. When an hour is over, its minutes (least,
//! mean, greatest, count) are appended to the segment of the day. Segments are only ever appended to
//! and removed whole, so a crash loses at most the rows that were not handed over yet; what it tore
//! is skipped ([`codec`]). If the minutes of an hour are missing after a crash, they are made from its
//! seconds at the next start.
//!
//! How much is kept is bounded by the number of segments and by their bytes, not by their age: a
//! clock that jumps can make history misplaced, but never erases it. An hour that is entered is noted
//! in the segment of its day, by minutes that are empty: what was said of it before is no longer all,
//! also for a process that comes after a crash. A second process on the same folder keeps its history
//! in memory and says so ([`Archive::place`]).
//!
//! All functions here read or write files: call them where blocking is allowed. [`recorder`] does.

mod bins;
mod codec;
mod content;
mod place;
mod range;
mod recorder;
#[cfg(test)]
mod tests;
mod thinning;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use bins::Bin;
pub use content::Row;
pub use place::Place;
pub use range::{Range, RangeQuery};
pub use recorder::{FLUSH_INTERVAL, Recorder};

use codec::{Blocks, write_block};
use content::{Content, write_full, write_names, write_thin};
use place::{SegmentId, Segments};

const HOUR_S: u64 = 3600;
const HOURS_OF_DAY: u64 = 24;
/// The most series in one segment; further ones are not kept.
pub const SERIES_MAX: usize = 400;

/// How much is kept, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// The folder; none keeps everything in memory.
    pub folder: Option<PathBuf>,
    /// How many hours of seconds, besides the one that is being written.
    pub full_hours: usize,
    /// How many days of minutes, besides the one that is being written.
    pub thin_days: usize,
    /// How many bytes of seconds and of minutes, each.
    pub bytes_max: u64,
}

impl ArchiveSettings {
    /// A day of seconds and 30 of minutes, at most 96 MiB of each.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            full_hours: 24,
            thin_days: 30,
            bytes_max: 96 * 1024 * 1024,
        }
    }

    /// The same in memory, at most 16 MiB of each.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            folder: None,
            bytes_max: 16 * 1024 * 1024,
            ..Self::in_folder("")
        }
    }
}

type Ids = HashMap<Arc<str>, u64>;

/// The history of one process.
#[derive(Debug)]
pub struct Archive {
    settings: ArchiveSettings,
    segments: Segments,
    place: Place,
    /// Hours whose minutes are complete, among those whose seconds are kept.
    thinned: BTreeSet<u64>,
    /// The hour that is being written.
    current: Option<u64>,
    /// The numbers of names in its segment.
    ids: Ids,
    /// The oldest second that is kept.
    since: Option<u64>,
}

impl Archive {
    /// Opens the history. If its folder cannot be used, or another process uses it, history is kept
    /// in memory; [`Archive::place`] says so.
    #[must_use]
    pub fn open(settings: ArchiveSettings) -> Self {
        let (segments, place) = Segments::open(settings.folder.as_deref());
        let mut settings = settings;
        if let Place::Memory(_) = place {
            settings.bytes_max = settings
                .bytes_max
                .min(ArchiveSettings::in_memory().bytes_max);
        }
        let mut archive = Self {
            settings,
            segments,
            place,
            thinned: BTreeSet::new(),
            current: None,
            ids: Ids::new(),
            since: None,
        };
        archive.catch_up();
        archive
    }

    /// Says where the history is kept.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Says how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.sizes().values().sum()
    }

    /// Finds out what an earlier process left, and makes the minutes that it did not come to make.
    fn catch_up(&mut self) {
        let hours: Vec<u64> = self.full_hours();
        let days: BTreeSet<u64> = hours.iter().map(|hour| hour / HOURS_OF_DAY).collect();
        for day in days {
            let segment = self.segments.read(SegmentId::Thin(day));
            for content in Blocks::of(&segment) {
                match Content::read(content) {
                    // It was entered, perhaps anew, and not left in order.
                    Some(Content::Thin(thin)) if thin.is_empty() => {
                        self.thinned.remove(&thin.hour);
                    }
                    Some(Content::Thin(thin)) => {
                        self.thinned.insert(thin.hour);
                    }
                    Some(Content::Names(_) | Content::Full(_)) | None => {}
                }
            }
        }
        // The newest hour goes on being written.
        if let Some((newest, older)) = hours.split_last() {
            for hour in older {
                if !self.thinned.contains(hour) {
                    self.thin_or_say(*hour);
                }
            }
            self.enter(*newest);
        }
        self.retain();
        self.since = self.oldest_second();
    }

    /// Appends rows, in the order in which they were taken.
    ///
    /// # Errors
    /// That of the file system. Rows that could not be written are lost; the next ones may be
    /// written all the same.
    pub fn append(&mut self, rows: &[Row]) -> io::Result<()> {
        // A block is of one hour and its seconds grow; a clock that was set back begins a new one.
        let goes_on =
            |a: &Row, b: &Row| a.second < b.second && a.second / HOUR_S == b.second / HOUR_S;
        let mut result = Ok(());
        for run in rows.chunk_by(goes_on) {
            let hour = run[0].second / HOUR_S;
            let is_new = self.current != Some(hour);
            if is_new {
                if let Some(left) = self.current {
                    self.thin_or_say(left);
                    self.segments.sync(SegmentId::Full(left));
                }
                self.enter(hour);
            }
            // What is known of its minutes is no longer all.
            if self.thinned.remove(&hour) || is_new {
                result = result.and(self.note_open(hour));
            }
            let written = self.append_run(hour, run);
            let since = self.since.get_or_insert(run[0].second);
            *since = (*since).min(run[0].second);
            result = result.and(written);
        }
        self.retain();
        result
    }

    fn append_run(&mut self, hour: u64, run: &[Row]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let names = run
            .iter()
            .flat_map(|row| row.values.iter().map(|(name, _)| name));
        let news = number_names(&mut self.ids, names);
        if !news.is_empty() {
            write_block(&write_names(&news), &mut bytes);
        }
        write_block(&write_full(run, &self.ids), &mut bytes);
        let written = self.segments.append(SegmentId::Full(hour), &bytes);
        if written.is_err() {
            // Nobody knows which numbers are on the disk: read them again next time.
            self.ids = self.read_ids(SegmentId::Full(hour));
        }
        written
    }

    fn enter(&mut self, hour: u64) {
        self.current = Some(hour);
        self.ids = self.read_ids(SegmentId::Full(hour));
    }

    /// Notes that the minutes of an hour are not all that there is of it.
    fn note_open(&mut self, hour: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        write_block(&write_thin(hour, &[]), &mut bytes);
        let day = SegmentId::Thin(hour / HOURS_OF_DAY);
        self.segments.append(day, &bytes)
    }

    fn read_ids(&self, id: SegmentId) -> Ids {
        let segment = self.segments.read(id);
        let mut ids = Ids::new();
        for content in Blocks::of(&segment) {
            if let Some(Content::Names(names)) = Content::read(content) {
                ids.extend(names.into_iter().map(|(id, name)| (name, id)));
            }
        }
        ids
    }

    fn thin_or_say(&mut self, hour: u64) {
        if let Err(error) = self.thin(hour) {
            tracing::warn!(%error, hour, "cannot thin metric history");
        }
    }

    /// Removes the oldest segments beyond the bounds, never the one that is being written.
    fn retain(&mut self) {
        let sizes = self.segments.sizes();
        let writing = self.current;
        let (mut full, mut thin): (Vec<_>, Vec<_>) = sizes
            .into_iter()
            .partition(|(id, _)| matches!(id, SegmentId::Full(_)));
        let settings = self.settings.clone();
        full.retain(|(id, _)| writing.map(SegmentId::Full) != Some(*id));
        for id in surplus(&full, settings.full_hours, settings.bytes_max) {
            if let SegmentId::Full(hour) = id {
                if !self.thinned.contains(&hour) {
                    self.thin_or_say(hour);
                }
                self.thinned.remove(&hour);
            }
            self.forget(id);
        }
        thin.retain(|(id, _)| {
            writing.map(|hour| SegmentId::Thin(hour / HOURS_OF_DAY)) != Some(*id)
        });
        for id in surplus(&thin, settings.thin_days, settings.bytes_max) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: SegmentId) {
        self.segments.remove(id);
        self.since = self.oldest_second();
    }

    fn full_hours(&self) -> Vec<u64> {
        let ids = self.segments.sizes().into_keys();
        ids.filter_map(|id| match id {
            SegmentId::Full(hour) => Some(hour),
            SegmentId::Thin(_) => None,
        })
        .collect()
    }

    fn oldest_second(&self) -> Option<u64> {
        let sizes = self.segments.sizes();
        let first = |wanted: fn(&SegmentId) -> bool| {
            let id = sizes.keys().copied().find(wanted)?;
            let segment = self.segments.read(id);
            let mut contents = Blocks::of(&segment).filter_map(Content::read);
            contents.find_map(|content| match content {
                Content::Full(full) => Some(full.first_second),
                Content::Thin(thin) => Some(thin.hour * HOUR_S),
                Content::Names(_) => None,
            })
        };
        let full = first(|id| matches!(id, SegmentId::Full(_)));
        let thin = first(|id| matches!(id, SegmentId::Thin(_)));
        match (full, thin) {
            // The hour's minutes begin with its first second that was measured.
            (Some(full), Some(thin)) if full / HOUR_S * HOUR_S == thin => Some(full),
            (full, thin) => [full, thin].into_iter().flatten().min(),
        }
    }
}

/// Gives new names a number each, and returns them.
fn number_names<'a>(
    ids: &mut Ids,
    names: impl Iterator<Item = &'a Arc<str>>,
) -> Vec<(u64, Arc<str>)> {
    let mut news = Vec::new();
    for name in names {
        if !ids.contains_key(name) && ids.len() < SERIES_MAX {
            // Not the count: after a damaged block numbers may be missing in between.
            let id = ids.values().max().map_or(0, |last| last + 1);
            ids.insert(Arc::clone(name), id);
            news.push((id, Arc::clone(name)));
        }
    }
    news
}

/// The oldest segments that are too many or too much.
fn surplus(segments: &[(SegmentId, u64)], count_max: usize, bytes_max: u64) -> Vec<SegmentId> {
    let mut count = segments.len();
    let mut bytes: u64 = segments.iter().map(|(_, size)| size).sum();
    let mut surplus = Vec::new();
    for (id, size) in segments {
        if count <= count_max && bytes <= bytes_max {
            break;
        }
        surplus.push(*id);
        count -= 1;
        bytes -= size;
    }
    surplus
}

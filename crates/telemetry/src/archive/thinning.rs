//! Making the minutes of an hour.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use super::bins::{Bin, add_to};
use super::codec::{Blocks, write_block};
use super::content::{Content, MINUTES, write_names, write_thin};
use super::place::SegmentId;
use super::{Archive, HOUR_S, HOURS_OF_DAY, number_names};

/// The minutes of an hour, by series.
type Columns = BTreeMap<Arc<str>, [Option<Bin>; MINUTES]>;

impl Archive {
    /// Makes the minutes of an hour from its seconds.
    ///
    /// Where the hour was entered anew after its seconds had been removed, its minutes are all that
    /// is known of what was there before: each minute is that of which there are more values.
    pub(super) fn thin(&mut self, hour: u64) -> io::Result<()> {
        let mut columns = self.minutes_of_seconds(hour);
        for (name, minutes) in self.kept_minutes(hour) {
            let there = columns.entry(name).or_insert([None; MINUTES]);
            for (there, kept) in there.iter_mut().zip(minutes) {
                let count = |minute: &Option<Bin>| minute.map_or(0, |bin| bin.count);
                if count(&kept) > count(there) {
                    *there = kept;
                }
            }
        }
        let day = SegmentId::Thin(hour / HOURS_OF_DAY);
        let mut ids = self.read_ids(day);
        let mut bytes = Vec::new();
        let news = number_names(&mut ids, columns.keys());
        if !news.is_empty() {
            write_block(&write_names(&news), &mut bytes);
        }
        let numbered: Vec<_> = columns
            .into_iter()
            .filter_map(|(name, minutes)| Some((*ids.get(&name)?, minutes)))
            .collect();
        write_block(&write_thin(hour, &numbered), &mut bytes);
        self.segments.append(day, &bytes)?;
        self.segments.sync(day);
        self.thinned.insert(hour);
        Ok(())
    }

    fn minutes_of_seconds(&self, hour: u64) -> Columns {
        let segment = self.segments.read(SegmentId::Full(hour));
        let mut columns = Columns::new();
        let mut names = HashMap::new();
        for content in Blocks::of(&segment) {
            match Content::read(content) {
                Some(Content::Names(found)) => names.extend(found),
                Some(Content::Full(full)) => {
                    let places = Places::of(&names);
                    full.each(
                        |id| places.of_id(id),
                        |place, second, value| {
                            let minutes = places.column(place, &mut columns);
                            if second / HOUR_S == hour {
                                let minute = usize::try_from(second % HOUR_S / 60).unwrap_or(0);
                                add_to(&mut minutes[minute], &Bin::of(value));
                            }
                        },
                    );
                }
                Some(Content::Thin(_)) | None => {}
            }
        }
        columns
    }

    /// The minutes that were made of an hour before.
    fn kept_minutes(&self, hour: u64) -> Columns {
        let segment = self.segments.read(SegmentId::Thin(hour / HOURS_OF_DAY));
        let mut columns = Columns::new();
        let mut names = HashMap::new();
        for content in Blocks::of(&segment) {
            match Content::read(content) {
                Some(Content::Names(found)) => names.extend(found),
                Some(Content::Thin(thin)) if thin.hour == hour && !thin.is_empty() => {
                    columns.clear();
                    let places = Places::of(&names);
                    let first = hour * MINUTES as u64;
                    thin.each(
                        |id| places.of_id(id),
                        |place, minute, bin| {
                            let minute = usize::try_from(minute - first).unwrap_or(0);
                            places.column(place, &mut columns)[minute] = Some(bin);
                        },
                    );
                }
                Some(Content::Thin(_) | Content::Full(_)) | None => {}
            }
        }
        columns
    }
}

/// The names of a segment, in some order.
struct Places<'a> {
    names: Vec<&'a Arc<str>>,
    of_id: HashMap<u64, usize>,
}

impl<'a> Places<'a> {
    fn of(names: &'a HashMap<u64, Arc<str>>) -> Self {
        let places = names.keys().enumerate();
        Self {
            names: names.values().collect(),
            of_id: places.map(|(place, id)| (*id, place)).collect(),
        }
    }

    fn of_id(&self, id: u64) -> Option<usize> {
        self.of_id.get(&id).copied()
    }

    fn column<'b>(&self, place: usize, columns: &'b mut Columns) -> &'b mut [Option<Bin>; MINUTES] {
        let name = Arc::clone(self.names[place]);
        columns.entry(name).or_insert([None; MINUTES])
    }
}

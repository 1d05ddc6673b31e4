//! What the contents of blocks say. Pure.
//!
//! Three kinds: names (a number for each series of this segment), a stretch of full steps, and an
//! hour of minutes. Columns say their length, so that who wants three series skips the others.

use std::collections::HashMap;
use std::sync::Arc;

use super::bins::Bin;
use super::codec::{Reader, write_number, write_value};

const NAMES: u8 = 1;
const FULL: u8 = 2;
const THIN: u8 = 3;

/// Minutes in the block of an hour.
pub(super) const MINUTES: usize = 60;

/// The values of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The step, in seconds since 1970.
    pub second: u64,
    /// The values of the series that have one.
    pub values: Vec<(Arc<str>, f64)>,
}

/// Writes numbers for names.
pub(super) fn write_names(names: &[(u64, Arc<str>)]) -> Vec<u8> {
    let mut content = vec![NAMES];
    for (id, name) in names {
        write_number(*id, &mut content);
        write_number(name.len() as u64, &mut content);
        content.extend_from_slice(name.as_bytes());
    }
    content
}

/// Writes rows of growing seconds.
pub(super) fn write_full(rows: &[Row], id_of: &HashMap<Arc<str>, u64>) -> Vec<u8> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Vec::new();
    };
    let steps = usize::try_from(last.second - first.second + 1).unwrap_or(usize::MAX);
    let mut columns: Vec<(u64, Vec<Option<f64>>)> = Vec::new();
    let mut place_of: HashMap<u64, usize> = HashMap::new();
    for row in rows {
        let step = usize::try_from(row.second - first.second).unwrap_or(usize::MAX);
        for (name, value) in &row.values {
            let Some(id) = id_of.get(name) else { continue };
            let place = *place_of.entry(*id).or_insert_with(|| {
                columns.push((*id, vec![None; steps]));
                columns.len() - 1
            });
            columns[place].1[step] = Some(*value);
        }
    }
    let mut content = vec![FULL];
    write_number(first.second, &mut content);
    write_number(steps as u64, &mut content);
    for (id, values) in columns {
        let mut column = bitmap(values.iter().map(Option::is_some));
        let mut before = 0.0;
        for value in values.into_iter().flatten() {
            write_value(value, before, &mut column);
            before = value;
        }
        write_column(id, &column, &mut content);
    }
    content
}

/// Writes the minutes of an hour.
pub(super) fn write_thin(hour: u64, columns: &[(u64, [Option<Bin>; MINUTES])]) -> Vec<u8> {
    let mut content = vec![THIN];
    write_number(hour, &mut content);
    for (id, minutes) in columns {
        let mut column = bitmap(minutes.iter().map(Option::is_some));
        let mut before = 0.0;
        for bin in minutes.iter().flatten() {
            write_number(bin.count, &mut column);
            write_value(bin.min, before, &mut column);
            write_value(bin.mean, bin.min, &mut column);
            write_value(bin.max, bin.min, &mut column);
            before = bin.min;
        }
        write_column(*id, &column, &mut content);
    }
    content
}

fn write_column(id: u64, column: &[u8], content: &mut Vec<u8>) {
    write_number(id, content);
    write_number(column.len() as u64, content);
    content.extend_from_slice(column);
}

fn bitmap(present: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bytes = vec![0; present.len().div_ceil(8)];
    for (place, _) in present.enumerate().filter(|(_, is_there)| *is_there) {
        bytes[place / 8] |= 1 << (place % 8);
    }
    bytes
}

fn is_set(bitmap: &[u8], place: usize) -> bool {
    bitmap[place / 8] & (1 << (place % 8)) != 0
}

/// A content, not yet looked into.
pub(super) enum Content<'a> {
    Names(Vec<(u64, Arc<str>)>),
    Full(Full<'a>),
    Thin(Thin<'a>),
}

/// A stretch of full steps.
pub(super) struct Full<'a> {
    pub(super) first_second: u64,
    pub(super) steps: usize,
    columns: Reader<'a>,
}

/// The minutes of an hour.
pub(super) struct Thin<'a> {
    pub(super) hour: u64,
    columns: Reader<'a>,
}

impl<'a> Content<'a> {
    /// Reads a content; none if it is of a kind that this version does not know.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        match reader.byte()? {
            NAMES => {
                let mut names = Vec::new();
                while !reader.0.is_empty() {
                    let id = reader.number()?;
                    let length = reader.length()?;
                    let name = std::str::from_utf8(reader.bytes(length)?).ok()?;
                    names.push((id, Arc::from(name)));
                }
                Some(Self::Names(names))
            }
            FULL => Some(Self::Full(Full {
                first_second: reader.number()?,
                // An hour at most, whatever the bytes say.
                steps: reader.length().filter(|steps| *steps <= 3600)?,
                columns: reader,
            })),
            THIN => Some(Self::Thin(Thin {
                hour: reader.number()?,
                columns: reader,
            })),
            _ => None,
        }
    }
}

fn next_column<'a>(reader: &mut Reader<'a>) -> Option<(u64, &'a [u8])> {
    let id = reader.number()?;
    let length = reader.length()?;
    Some((id, reader.bytes(length)?))
}

impl Full<'_> {
    /// Gives each value of the columns that are wanted: (column's place, second, value).
    pub(super) fn each(
        &self,
        wanted: impl Fn(u64) -> Option<usize>,
        mut take: impl FnMut(usize, u64, f64),
    ) {
        let mut columns = self.columns;
        while let Some((id, column)) = next_column(&mut columns) {
            let Some(place) = wanted(id) else { continue };
            let mut reader = Reader(column);
            let Some(present) = reader.bytes(self.steps.div_ceil(8)) else {
                return;
            };
            let mut before = 0.0;
            for step in (0..self.steps).filter(|step| is_set(present, *step)) {
                let Some(value) = reader.value(before) else {
                    return;
                };
                take(place, self.first_second + step as u64, value);
                before = value;
            }
        }
    }
}

impl Thin<'_> {
    /// Says whether it tells nothing of the hour, but that it was entered.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.0.is_empty()
    }

    /// Gives each bin of the columns that are wanted: (column's place, minute since 1970, bin).
    pub(super) fn each(
        &self,
        wanted: impl Fn(u64) -> Option<usize>,
        mut take: impl FnMut(usize, u64, Bin),
    ) {
        let mut columns = self.columns;
        while let Some((id, column)) = next_column(&mut columns) {
            let Some(place) = wanted(id) else { continue };
            let mut reader = Reader(column);
            let Some(present) = reader.bytes(MINUTES.div_ceil(8)) else {
                return;
            };
            let mut before = 0.0;
            for minute in (0..MINUTES).filter(|minute| is_set(present, *minute)) {
                let Some(bin) = read_bin(&mut reader, before) else {
                    return;
                };
                take(place, self.hour * MINUTES as u64 + minute as u64, bin);
                before = bin.min;
            }
        }
    }
}

fn read_bin(reader: &mut Reader<'_>, before: f64) -> Option<Bin> {
    let count = reader.number()?;
    let min = reader.value(before)?;
    Some(Bin {
        count,
        min,
        mean: reader.value(min)?,
        max: reader.value(min)?,
    })
}

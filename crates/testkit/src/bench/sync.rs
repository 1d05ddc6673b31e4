//! Many editors on one graph, for Graphy and its peers: the same load from the same driver.
//!
//! What each figure is stands in `bench/README.md`.

mod client;
mod dialect;
mod driver;
mod gauge;
mod graphy;
mod hocuspocus;
mod lib0;
mod load;
mod page;
mod plots;
mod reasons;
mod record;
mod results;
mod rows;
mod sharedb;
mod start;
mod systems;
mod wire;
mod yjs;

use std::time::Duration;

use anyhow::{Context, bail};

use record::Record;
use results::Results;
use rows::{ROWS, Row};
use systems::{Running, System};

/// A run of all rows is kept if it was at least so long; shorter ones are for a look.
const SECONDS_KEPT: u64 = 20;

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// How long each of the main rows counts; the others count for less.
    pub seconds: u64,
    /// Which rows; all if none is named.
    pub rows: Vec<String>,
    /// Which systems; all if none is named.
    pub systems: Vec<String>,
    /// Whether the results replace those of the last run also if this is but a part of one.
    pub write: bool,
}

impl SyncOptions {
    /// Reads the words of the command line.
    ///
    /// # Errors
    /// When a word is not known.
    pub fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self {
            seconds: 60,
            rows: Vec::new(),
            systems: Vec::new(),
            write: false,
        };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            if word == "--write" {
                options.write = true;
                continue;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            let value = value.or_else(|| words.next());
            let value = value.with_context(|| format!("{name} needs a value"))?;
            let list = || value.split(',').map(str::to_owned).collect();
            match name.as_str() {
                "--seconds" => options.seconds = value.parse().context("--seconds")?,
                "--rows" | "--only" => options.rows = list(),
                "--systems" => options.systems = list(),
                other => bail!("there is no option {other}"),
            }
        }
        for name in &options.systems {
            if !System::ALL.iter().any(|known| known.id() == *name) {
                let known: Vec<_> = System::ALL.iter().map(|system| system.id()).collect();
                bail!("there is no system {name:?}; systems: {}", known.join(", "));
            }
        }
        for row in &options.rows {
            if !ROWS.iter().any(|known| known.id == row) {
                let known: Vec<_> = ROWS.iter().map(|row| row.id).collect();
                bail!("there is no row {row:?}; rows: {}", known.join(", "));
            }
        }
        Ok(options)
    }

    /// Says whether the run is one whose results are kept.
    fn is_whole(&self) -> bool {
        self.rows.is_empty() && self.systems.is_empty() && self.seconds >= SECONDS_KEPT
    }

    fn wants(&self, row: &Row, system: System) -> bool {
        let row_wanted = self.rows.is_empty() || self.rows.iter().any(|id| id == row.id);
        let name = system.id();
        let wanted = self.systems.is_empty() || self.systems.contains(&name);
        row_wanted && wanted && row.systems.contains(&system)
    }
}

/// Measures.
///
/// # Errors
/// When a system cannot be started or the results cannot be written.
pub async fn sync(options: SyncOptions) -> anyhow::Result<()> {
    let mut records = Vec::new();
    Record::print_head();
    for row in ROWS {
        for system in row.systems {
            if options.wants(row, *system) {
                let record = measure(row, *system, options.seconds).await;
                record.print();
                records.push(record);
            }
        }
    }
    let results = if options.is_whole() {
        Results::of(records)?
    } else if options.write {
        Results::merge(records)?
    } else {
        return Ok(());
    };
    results.write()?;
    plots::draw(&results)?;
    page::write(&results)
}

async fn measure(row: &Row, system: System, seconds: u64) -> Record {
    let counted = row.counted(seconds);
    match run(row, system, counted).await {
        Ok(record) => record,
        Err(error) => Record::failed(row, system, &error),
    }
}

async fn run(row: &Row, system: System, counted: Duration) -> anyhow::Result<Record> {
    let running = Running::start(system, row.fsync, row.nodes, row.editors).await?;
    let plan = row.plan(&running, counted);
    let measured = tokio::task::spawn_blocking(move || driver::drive(plan)).await??;
    Ok(Record::new(row, system, &measured))
}

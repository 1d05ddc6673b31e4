//! The journal's tables. Each batch of edits is one transaction, on disk when it returns.

use std::collections::{BTreeMap, HashSet};

use graphy_model::{Envelope, GraphId, OperationId};
use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::stored::{
    Count, Edit, Parked, Sent, StoredLine, Task, command_text, marked_sent, read_command,
};
use super::{PARKED_MAX, Usage};

/// Which form the rows have.
const FORMAT: u64 = 1;

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const LINES: TableDefinition<u64, &str> = TableDefinition::new("lines");
/// By line and order.
const COMMANDS: TableDefinition<(u64, u64), &str> = TableDefinition::new("commands");
/// By graph and order.
const PARKED: TableDefinition<(&str, u64), &str> = TableDefinition::new("parked");

/// Why the tables could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(transparent)]
    Database(Box<redb::Error>),
    #[error("the journal has format {0}, this program reads {FORMAT}")]
    Format(u64),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// A line as it was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) line: u64,
    pub(super) count: Count,
    pub(super) touched_at: u64,
    pub(super) commands: Vec<FoundCommand>,
}

#[derive(Debug, Clone)]
pub(super) struct FoundCommand {
    pub(super) order: u64,
    pub(super) bytes: usize,
    pub(super) envelope: Envelope,
    pub(super) sent: Sent,
}

pub(super) struct Store {
    database: Database,
}

impl Store {
    /// Takes a database over and makes its tables.
    pub(super) fn new(database: Database) -> Result<Self, StoreError> {
        let store = Self { database };
        let format = store.format()?;
        match format {
            Some(FORMAT) => return Ok(store),
            Some(other) => return Err(StoreError::Format(other)),
            None => {}
        }
        let mut transaction = store.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        transaction.open_table(LINES)?;
        transaction.open_table(COMMANDS)?;
        transaction.open_table(PARKED)?;
        transaction.open_table(META)?.insert("format", FORMAT)?;
        transaction.commit()?;
        Ok(store)
    }

    fn format(&self) -> Result<Option<u64>, StoreError> {
        let transaction = self.database.begin_read()?;
        match transaction.open_table(META) {
            Ok(table) => Ok(table.get("format")?.map(|format| format.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts what is there.
    pub(super) fn usage(&self) -> Result<Usage, StoreError> {
        let transaction = self.database.begin_read()?;
        let mut usage = Usage::default();
        for row in transaction.open_table(COMMANDS)?.iter()? {
            let (key, value) = row?;
            usage.commands += 1;
            usage.bytes += value.value().len();
            usage.next_order = usage.next_order.max(key.value().1 + 1);
            usage.unreadable += usize::from(read_command(value.value()).is_none());
        }
        for row in transaction.open_table(PARKED)?.iter()? {
            let (key, value) = row?;
            usage.next_order = usage.next_order.max(key.value().1 + 1);
            usage.unreadable += usize::from(Parked::from_text(value.value()).is_none());
        }
        Ok(usage)
    }

    /// Writes a batch, in order.
    pub(super) fn write(&self, tasks: &[Task], now_ms: u64) -> Result<(), StoreError> {
        self.transact(|tables| {
            let mut touched = BTreeMap::new();
            for task in tasks {
                if let Some(graph) = tables.graph_of(task.line)? {
                    tables.edit(task, &graph)?;
                    touched.insert(task.line, (graph, &task.count));
                }
            }
            for (line, (graph, count)) in touched {
                tables.put_line(line, &graph, count, now_ms)?;
            }
            Ok(())
        })
    }

    /// Deletes commands that were refused although a failed write may have kept them.
    pub(super) fn forget(&self, refused: &[(u64, u64)]) -> Result<(), StoreError> {
        self.transact(|tables| {
            for key in refused {
                tables.commands.remove(key)?;
            }
            Ok(())
        })
    }

    /// Finds the lines of a graph that nobody uses, in order.
    pub(super) fn idle_lines(
        &self,
        graph: &GraphId,
        busy: &HashSet<u64>,
    ) -> Result<Vec<Found>, StoreError> {
        let transaction = self.database.begin_read()?;
        let commands = transaction.open_table(COMMANDS)?;
        let mut found = Vec::new();
        for row in transaction.open_table(LINES)?.iter()? {
            let (line, text) = row?;
            let line = line.value();
            let Ok(stored) = serde_json::from_str::<StoredLine>(text.value()) else {
                continue;
            };
            if stored.graph != *graph || busy.contains(&line) {
                continue;
            }
            let mut of_line = Vec::new();
            for row in commands.range((line, 0)..=(line, u64::MAX))? {
                let (key, value) = row?;
                // What another version of this program wrote stays; `usage` has counted it.
                if let Some((envelope, sent)) = read_command(value.value()) {
                    of_line.push(FoundCommand {
                        order: key.value().1,
                        bytes: value.value().len(),
                        envelope,
                        sent,
                    });
                }
            }
            found.push(Found {
                line,
                count: stored.count,
                touched_at: stored.touched_at,
                commands: of_line,
            });
        }
        Ok(found)
    }

    /// Returns the highest number that a line has.
    pub(super) fn last_line(&self) -> Result<u64, StoreError> {
        let transaction = self.database.begin_read()?;
        let lines = transaction.open_table(LINES)?;
        Ok(lines.last()?.map_or(0, |(line, _)| line.value()))
    }

    /// Reads the refused commands of a graph, oldest first.
    pub(super) fn parked(&self, graph: &GraphId) -> Result<Vec<Parked>, StoreError> {
        let transaction = self.database.begin_read()?;
        let graph = graph.as_str();
        let mut found = Vec::new();
        for row in transaction
            .open_table(PARKED)?
            .range((graph, 0)..=(graph, u64::MAX))?
        {
            found.extend(Parked::from_text(row?.1.value()));
        }
        Ok(found)
    }

    /// Writes a line as a session begins with it. `taken` are the rows that it holds from now on,
    /// of its own and of the lines that it ends.
    pub(super) fn take_over(
        &self,
        graph: &GraphId,
        into: &Found,
        taken: &[(u64, u64)],
        ended: &[u64],
        now_ms: u64,
    ) -> Result<(), StoreError> {
        self.transact(|tables| {
            for key in taken {
                tables.commands.remove(key)?;
            }
            for line in ended {
                tables.lines.remove(line)?;
            }
            for command in &into.commands {
                let row = command_text(&command.envelope, command.sent);
                tables
                    .commands
                    .insert((into.line, command.order), row.as_str())?;
            }
            tables.put_line(into.line, graph, &into.count, now_ms)
        })
    }

    fn transact(
        &self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let mut tables = Tables {
            lines: transaction.open_table(LINES)?,
            commands: transaction.open_table(COMMANDS)?,
            parked: transaction.open_table(PARKED)?,
        };
        work(&mut tables)?;
        drop(tables);
        transaction.commit()?;
        Ok(())
    }
}

struct Tables<'t> {
    lines: redb::Table<'t, u64, &'static str>,
    commands: redb::Table<'t, (u64, u64), &'static str>,
    parked: redb::Table<'t, (&'static str, u64), &'static str>,
}

impl Tables<'_> {
    fn edit(&mut self, task: &Task, graph: &GraphId) -> Result<(), StoreError> {
        let line = task.line;
        match &task.edit {
            Edit::Put { order, row, .. } => {
                self.commands.insert((line, *order), row.as_str())?;
            }
            Edit::MarkSent(entries) => {
                for (order, _) in entries {
                    let row = self.commands.get((line, *order))?;
                    let marked = row.map(|row| marked_sent(row.value()));
                    if let Some(marked) = marked {
                        self.commands.insert((line, *order), marked.as_str())?;
                    }
                }
            }
            Edit::Remove(order) => {
                self.commands.remove((line, *order))?;
            }
            Edit::Park(order, parked) => {
                self.commands.remove((line, *order))?;
                self.park(graph, *order, parked)?;
            }
            Edit::Rewrite(entries) => {
                for (order, _, row) in entries {
                    self.commands.insert((line, *order), row.as_str())?;
                }
            }
            Edit::Unpark(id) => self.unpark(graph, *id)?,
        }
        Ok(())
    }

    fn graph_of(&self, line: u64) -> Result<Option<GraphId>, StoreError> {
        let row = self.lines.get(line)?;
        let stored = row.and_then(|row| serde_json::from_str::<StoredLine>(row.value()).ok());
        Ok(stored.map(|stored| stored.graph))
    }

    fn put_line(
        &mut self,
        line: u64,
        graph: &GraphId,
        count: &Count,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let stored = StoredLine {
            graph: graph.clone(),
            count: count.clone(),
            touched_at: now_ms,
        };
        let text = serde_json::to_string(&stored).expect("a line holds only texts and numbers");
        self.lines.insert(line, text.as_str())?;
        Ok(())
    }

    fn park(&mut self, graph: &GraphId, order: u64, parked: &Parked) -> Result<(), StoreError> {
        let graph = graph.as_str();
        let text = parked.to_text();
        self.parked.insert((graph, order), text.as_str())?;
        let mut orders = Vec::new();
        for row in self.parked.range((graph, 0)..=(graph, u64::MAX))? {
            orders.push(row?.0.value().1);
        }
        let surplus = orders.len().saturating_sub(PARKED_MAX);
        for order in &orders[..surplus] {
            tracing::warn!(
                graph,
                "the oldest of too many refused commands is forgotten"
            );
            self.parked.remove((graph, *order))?;
        }
        Ok(())
    }

    fn unpark(&mut self, graph: &GraphId, id: OperationId) -> Result<(), StoreError> {
        let graph = graph.as_str();
        let mut order = None;
        for row in self.parked.range((graph, 0)..=(graph, u64::MAX))? {
            let (key, value) = row?;
            let parked = Parked::from_text(value.value());
            if parked.is_some_and(|parked| parked.envelope.operation_id == id) {
                order = Some(key.value().1);
            }
        }
        if let Some(order) = order {
            self.parked.remove((graph, order))?;
        }
        Ok(())
    }
}

//! Several commands as one version.

use super::{Draft, Extent};
use crate::command::{Atomicity, BatchUpdate};
use crate::outcome::Rejection;

impl Draft<'_> {
    /// Runs the commands of a batch in order.
    ///
    /// All or nothing: the first refusal takes everything back. Best effort: a refused command is
    /// left out, and only if all are refused, the first refusal is that of the batch.
    pub(super) fn batch(&mut self, batch: &BatchUpdate) -> Result<Extent, Rejection> {
        let mut extent = Extent::Whole;
        let mut first_refusal = None;
        for (index, command) in batch.operations.iter().enumerate() {
            let before = self.checkpoint();
            match self.run(command) {
                Ok(Extent::Whole) => {}
                Ok(Extent::Part) => extent = Extent::Part,
                Err(rejection) => {
                    let rejection = place(rejection, index);
                    if batch.atomic == Atomicity::AllOrNothing {
                        return Err(rejection);
                    }
                    self.rewind(&before);
                    extent = Extent::Part;
                    first_refusal.get_or_insert(rejection);
                }
            }
        }
        match first_refusal {
            Some(rejection) if self.changes.is_empty() => Err(rejection),
            _ => Ok(extent),
        }
    }
}

fn place(rejection: Rejection, index: usize) -> Rejection {
    let field = match &rejection.field {
        Some(field) => format!("operations[{index}].{field}"),
        None => format!("operations[{index}]"),
    };
    rejection.on(field)
}

//! The command processor: intake, batches, queues, the apply loop and outcomes.

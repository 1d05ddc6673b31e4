//! The WebSocket client: socket, resume, pending queue and a replica for bots and the CLI.

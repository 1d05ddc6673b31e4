//! Wire types of Graphy: HTTP bodies, WebSocket frames, console frames and error codes.

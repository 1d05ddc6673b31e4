//! The axum adapter: v2 API, WebSocket, console endpoints, OpenAPI, metrics and the static UI.

//! A collector of traces on loopback: OTLP over HTTP with protobuf, kept in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use graphy_testkit::cluster::PATIENCE;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep};

/// How often a level is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A span and the process that it is of.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) instance: String,
    pub(crate) span: Span,
}

impl Seen {
    /// Returns the value of an attribute as a text.
    pub(crate) fn note(&self, name: &str) -> Option<String> {
        text(&self.span.attributes, name)
    }
}

/// How the collector answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It takes everything.
    Takes,
    /// It refuses everything as a fault of its own.
    Fails,
    /// It takes connections and never answers.
    Hangs,
}

/// The collector; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Collector {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    requests: Arc<Mutex<usize>>,
}

impl Collector {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            requests: Arc::default(),
        };
        let heard = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(heard.clone().serve(stream, manner));
            }
        });
        collector
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns how many requests came.
    pub(crate) fn requests(&self) -> usize {
        *self.requests.lock().unwrap()
    }

    /// Returns the spans by their traces.
    pub(crate) fn traces(&self) -> HashMap<Vec<u8>, Vec<Seen>> {
        let mut traces: HashMap<Vec<u8>, Vec<Seen>> = HashMap::new();
        for seen in self.seen.lock().unwrap().iter() {
            let id = seen.span.trace_id.clone();
            traces.entry(id).or_default().push(seen.clone());
        }
        traces
    }

    /// Waits until what was seen is enough.
    pub(crate) async fn until(&self, what: &str, enough: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(self) {
            let late = Instant::now() >= deadline;
            assert!(!late, "{what} did not come: {:#?}", self.traces());
            sleep(LOOK_INTERVAL).await;
        }
    }

    async fn serve(self, stream: TcpStream, manner: Manner) {
        let mut stream = BufReader::new(stream);
        while let Some((head, body)) = request(&mut stream).await {
            *self.requests.lock().unwrap() += 1;
            assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
            let answer = match manner {
                Manner::Takes => {
                    self.keep(ExportTraceServiceRequest::decode(&body[..]).unwrap());
                    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
                }
                Manner::Fails => "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
                Manner::Hangs => std::future::pending().await,
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn keep(&self, request: ExportTraceServiceRequest) {
        for of_process in request.resource_spans {
            let resource = of_process.resource.unwrap();
            assert_eq!(
                text(&resource.attributes, "service.name").as_deref(),
                Some("graphy")
            );
            let instance = text(&resource.attributes, "service.instance.id").unwrap();
            let spans = of_process.scope_spans.into_iter().flat_map(|of| of.spans);
            self.seen.lock().unwrap().extend(spans.map(|span| Seen {
                instance: instance.clone(),
                span,
            }));
        }
    }
}

/// Reads a request: its head, and its body by the length that the head says.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match &found.value {
        Some(AnyValue { value: Some(value) }) => Some(match value {
            Value::StringValue(text) => text.clone(),
            Value::IntValue(number) => number.to_string(),
            Value::BoolValue(value) => value.to_string(),
            other => format!("{other:?}"),
        }),
        _ => None,
    }
}

//! Sends spans to a collector over OTLP: HTTP, protobuf.
//!
//! Finished spans wait in a queue of bounded length; when it is full they are dropped and a
//! warning is logged. A thread of the SDK sends them in batches, so a collector that is slow, away
//! or refuses them costs a command nothing.

use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::trace::{Link, SpanKind, TraceId, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SamplingDecision, SamplingResult, SdkTracer,
    SdkTracerProvider, ShouldSample,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How many finished spans wait to be sent; more are dropped.
const WAITING_SPANS_MAX: usize = 16_384;
/// How many spans go in one request.
const REQUEST_SPANS_MAX: usize = 1024;
/// How often what waits is sent if it does not fill a request.
const SEND_INTERVAL: Duration = Duration::from_secs(1);
/// How long a collector may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// What is appended to a collector's address, as OTLP asks.
const TRACES_PATH: &str = "/v1/traces";

/// Where spans go, and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The collector.
    pub endpoint: CollectorUrl,
    /// Which part of the commands is traced, from 0 to 1.
    pub sample_ratio: f64,
    /// The name under which the spans are shown.
    pub service_name: String,
}

/// The address of a collector: `http://` or `https://`, without user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorUrl(http::Uri);

/// Says why a text is no address of a collector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCollectorUrl {
    /// It is not an address of one of the two kinds.
    #[error("a collector has an address like http://host:4318 or https://host/path")]
    Form,
    /// It holds user and password, which would end up in logs.
    #[error("user and password go into OTEL_EXPORTER_OTLP_HEADERS, not into the address")]
    Credentials,
}

/// Says why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The exporter does not take the settings.
    #[error("cannot set up the export of traces")]
    Exporter(#[from] ExporterBuildError),
    /// No certificate authority is known to this machine.
    #[error("cannot read this machine's certificate authorities")]
    Certificates(#[source] std::io::Error),
}

impl FromStr for CollectorUrl {
    type Err = BadCollectorUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: http::Uri = text.parse().map_err(|_| BadCollectorUrl::Form)?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let Some(authority) = uri.authority().filter(|_| known && uri.query().is_none()) else {
            return Err(BadCollectorUrl::Form);
        };
        if authority.as_str().contains('@') {
            return Err(BadCollectorUrl::Credentials);
        }
        if authority.host().is_empty() {
            return Err(BadCollectorUrl::Form);
        }
        Ok(Self(uri))
    }
}

impl CollectorUrl {
    fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Returns where traces are sent to.
    fn traces(&self) -> String {
        let text = self.0.to_string();
        let base = text.trim_end_matches('/');
        if base.ends_with(TRACES_PATH) {
            base.to_owned()
        } else {
            format!("{base}{TRACES_PATH}")
        }
    }
}

/// The way out of this process.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) tracer: SdkTracer,
    provider: SdkTracerProvider,
}

static EXPORT: OnceLock<Export> = OnceLock::new();

/// Returns the way out, if traces are on.
pub(super) fn export() -> Option<&'static Export> {
    EXPORT.get()
}

/// Begins to send the spans of this process; a second call changes nothing.
///
/// `instance` tells this process from others of the same name. Call it inside of the runtime that
/// lives as long as the process: requests run there.
///
/// # Errors
/// [`TraceError`]. That a collector does not answer is no error.
pub fn install(settings: &TraceSettings, instance: &str) -> Result<(), TraceError> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _turn = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if EXPORT.get().is_some() {
        return Ok(());
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new(&settings.endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(settings.endpoint.traces())
        .with_timeout(ANSWER_WAIT)
        .build()?;
    let queue = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING_SPANS_MAX)
        .with_max_export_batch_size(REQUEST_SPANS_MAX)
        .with_scheduled_delay(SEND_INTERVAL)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(queue)
        .build();
    let resource = Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(Chosen::at(settings.sample_ratio))
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("graphy");
    let _ = EXPORT.set(Export { tracer, provider });
    Ok(())
}

/// Sends what waits; the caller bounds how long it waits for that.
pub async fn flush() {
    let Some(export) = export() else { return };
    let provider = export.provider.clone();
    let (told, flushed) = oneshot::channel();
    // A thread of its own: a runtime that ends waits for its blocking tasks, and a collector may
    // keep this one waiting.
    let flushing = std::thread::Builder::new()
        .name("traces-flush".to_owned())
        .spawn(move || told.send(provider.force_flush()));
    if flushing.is_err() {
        return;
    }
    if let Ok(Err(error)) = flushed.await {
        tracing::warn!(%error, "the last spans were not sent");
    }
}

/// Chooses what is traced: whatever belongs to something chosen, and a part of the rest.
#[derive(Debug, Clone)]
struct Chosen(Sampler);

impl Chosen {
    fn at(ratio: f64) -> Self {
        let rest = Box::new(Sampler::TraceIdRatioBased(ratio));
        Self(Sampler::ParentBased(rest))
    }
}

impl ShouldSample for Chosen {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self
            .0
            .should_sample(parent, trace_id, name, kind, attributes, links);
        // A job carries commands that were chosen; it is the child of none of them.
        if links.iter().any(|link| link.span_context.is_sampled()) {
            result.decision = SamplingDecision::RecordAndSample;
        }
        result
    }
}

/// Sends requests from the exporter's thread through the runtime of the process.
#[derive(Debug)]
struct Client {
    runtime: Handle,
    http: std::sync::Arc<dyn HttpClient>,
}

impl Client {
    fn new(endpoint: &CollectorUrl) -> Result<Self, TraceError> {
        let http: std::sync::Arc<dyn HttpClient> = if endpoint.is_encrypted() {
            let connector = HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(TraceError::Certificates)?
                .https_only()
                .enable_http1()
                .build();
            std::sync::Arc::new(HyperClient::new(connector, ANSWER_WAIT, None))
        } else {
            std::sync::Arc::new(HyperClient::with_default_connector(ANSWER_WAIT, None))
        };
        Ok(Self {
            runtime: Handle::current(),
            http,
        })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = std::sync::Arc::clone(&self.http);
        self.runtime
            .spawn(async move { http.send_bytes(request).await })
            .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_or_https_and_has_no_secrets() {
        let traces = |text: &str| text.parse::<CollectorUrl>().map(|url| url.traces());
        assert_eq!(
            traces("http://localhost:4318").unwrap(),
            "http://localhost:4318/v1/traces"
        );
        assert_eq!(
            traces("https://collector.example/otlp/").unwrap(),
            "https://collector.example/otlp/v1/traces"
        );
        assert_eq!(
            traces("http://[::1]:4318/v1/traces").unwrap(),
            "http://[::1]:4318/v1/traces"
        );
        for bad in [
            "",
            "localhost:4318",
            "grpc://host:4317",
            "http://",
            "/v1/traces",
            "http://h/?a=1",
        ] {
            assert_eq!(traces(bad), Err(BadCollectorUrl::Form), "{bad}");
        }
        assert_eq!(
            traces("http://ann:secret@host:4318"),
            Err(BadCollectorUrl::Credentials)
        );
    }
}

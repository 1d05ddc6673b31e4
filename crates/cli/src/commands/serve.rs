//! `graphy serve`: runs a node until it is told to stop.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use graphy_model::{Role, UserId};
use graphy_operations::settings::{FlagValue, LogStyle, NodeFile, Settings};
use graphy_protocol::console::{ImportFormat, ImportRequest, ImportState};
use graphy_server::{Node, NodeSettings};
use graphy_store::{NewToken, TokenId};
use graphy_telemetry::logging::{LogConfig, LogFormat, LogGuard, install};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Global;
use crate::configuration;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The command's arguments.
#[derive(Debug, Args)]
#[command(after_help = "\
Prints where the API is and a URL that lets one browser in, once. Ctrl-C or SIGTERM stops in
order: clients are told, accepted commands go into the queue, running jobs end.

Several processes share the work over one Redis:
  graphy serve --redis redis://redis:6379 --role api --listen 0.0.0.0:7400
  graphy serve --redis redis://redis:6379 --role worker")]
pub(crate) struct ServeArguments {
    /// What to do: all, api, or worker [default: all]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where Redis is; `private` runs one in the data folder [default: private]
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Name of the deployment, for the console's badge [default: local]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// How many jobs to handle at the same time [default: 16]
    #[arg(long, value_name = "JOBS")]
    concurrency: Option<String>,
    /// Let nothing be changed through this node; what is in the queue is still carried out
    #[arg(long)]
    read_only: bool,
    /// Open the console in a browser
    #[arg(long)]
    open: bool,
    /// If there are no graphs yet, import this file
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
}

/// What the command says once the node answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    url: String,
    api_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_url: Option<String>,
    role: &'static str,
    environment: String,
    redis_url: String,
    read_only: bool,
    pid: u32,
}

impl ServeArguments {
    fn flags(&self) -> Vec<FlagValue> {
        vec![
            ("role", self.role.clone()),
            ("listen", self.listen.clone()),
            ("redis.url", self.redis.clone()),
            ("environment", self.environment.clone()),
            ("worker.concurrency", self.concurrency.clone()),
            ("read_only", self.read_only.then(|| "yes".to_owned())),
        ]
    }
}

pub(crate) async fn run(
    global: &Global,
    arguments: ServeArguments,
    output: Output,
) -> Result<(), Failure> {
    let settings = configuration::read(global, arguments.flags())?.settings;
    let _log = start_log(&settings)?;
    // From here on a signal waits for its turn instead of ending the process.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let node = tokio::select! {
        started = Box::pin(Node::start(NodeSettings::from(&settings))) => {
            started?
        }
        _ = interrupt.recv() => return Err(Failure::Interrupted),
        _ = terminate.recv() => return Err(Failure::Interrupted),
    };
    let registered = match present(&node, &settings, output).await {
        Ok(registered) => registered,
        Err(failure) => {
            node.shutdown().await;
            return Err(failure);
        }
    };
    let first = async {
        if arguments.open
            && let Some(started) = &registered.1
        {
            // Without a browser the printed URL is still there.
            if let Err(error) = open::that_detached(started) {
                output.note(&format!("no browser could be opened: {error}"));
            }
        }
        if let Some(file) = &arguments.import
            && let Err(failure) = import_first(&node, file, output).await
        {
            output.failure(&failure);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = first => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    output.note("stopping; once more stops at once");
    let stopping = async {
        if let Some(file) = registered.0 {
            withdraw(&node, &settings, &file).await;
        }
        node.shutdown().await;
    };
    tokio::select! {
        () = stopping => Ok(()),
        _ = interrupt.recv() => std::process::exit(Exit::Interrupted as i32),
        _ = terminate.recv() => std::process::exit(Exit::Interrupted as i32),
    }
}

fn start_log(settings: &Settings) -> Result<LogGuard, Failure> {
    let format = match settings.log.style {
        LogStyle::Text => LogFormat::Human,
        LogStyle::Json => LogFormat::Json,
    };
    let filter = settings.log.filter.clone();
    let guard = install(&LogConfig {
        filter,
        format,
        files: None,
    });
    Ok(guard.context("cannot write a log")?)
}

/// Makes the node known to people and to other commands on this machine; returns its runtime file
/// and the ticket URL, which only a node with an API has.
async fn present(
    node: &Node,
    settings: &Settings,
    output: Output,
) -> Result<(Option<NodeFile>, Option<String>), Failure> {
    let role = settings.role;
    let mut started = Started {
        url: node.api_url(),
        api_url: node.api_url(),
        ticket_url: None,
        role: role.as_str(),
        environment: settings.environment.clone(),
        redis_url: node.redis().tools_url().to_string(),
        read_only: settings.read_only,
        pid: std::process::id(),
    };
    let mut file = None;
    if role.serves_api() {
        file = register(node, settings).await?;
        if file.is_none() {
            output.note("another node on this data folder keeps being the one that commands find");
        }
        started.ticket_url = Some(node.ticket().await.context("cannot make a ticket")?);
    }
    output.result(&started, text)?;
    Ok((file, started.ticket_url))
}

/// Writes the runtime file, and takes back the token of a node that did not stop in order. None
/// if another living node has written one: that node stays the one that commands find.
async fn register(node: &Node, settings: &Settings) -> Result<Option<NodeFile>, Failure> {
    if let Ok(Some(old)) = NodeFile::read(&settings.data_dir) {
        // In a container every node has the same process number.
        if old.is_alive() && old.pid != std::process::id() {
            return Ok(None);
        }
        if let Some(id) = TokenId::parse(&old.token_id) {
            // It may have been a token of another Redis.
            drop(node.tokens().revoke(&id).await);
        }
    }
    let token = NewToken {
        name: format!("commands on this machine (process {})", std::process::id()),
        role: Role::Admin,
        user_id: UserId::new("local").expect("the text has the form of an id"),
        life: None,
    };
    let token = node
        .tokens()
        .create(token)
        .await
        .context("cannot make a token")?;
    // So that this machine's commands can ask how the node fares while Redis is away.
    let kept = node.tokens().keep(&token.text.expose()).await;
    kept.context("cannot keep the token")?;
    let file = NodeFile {
        api_url: node.api_url(),
        token: token.text.expose(),
        token_id: token.record.id.to_string(),
        redis_url: node.redis().url().expose().to_owned(),
        pid: std::process::id(),
    };
    file.write(&settings.data_dir).with_context(|| {
        format!(
            "cannot write the runtime file in {}",
            settings.data_dir.display()
        )
    })?;
    Ok(Some(file))
}

async fn withdraw(node: &Node, settings: &Settings, file: &NodeFile) {
    if let Err(error) = file.remove(&settings.data_dir) {
        tracing::warn!(%error, "the runtime file could not be removed");
    }
    if let Some(id) = TokenId::parse(&file.token_id)
        && let Err(error) = node.tokens().revoke(&id).await
    {
        tracing::warn!(%error, "the token of this machine's commands could not be revoked");
    }
}

fn text(started: &Started) -> String {
    let mut text = format!(
        "Graphy {} · {} · {}{}\n  API    {}\n  Redis  {}",
        env!("CARGO_PKG_VERSION"),
        started.environment,
        started.role,
        if started.read_only {
            " · read-only"
        } else {
            ""
        },
        started.api_url,
        started.redis_url,
    );
    if let Some(ticket) = &started.ticket_url {
        text.push_str(&format!(
            "\n  Open   {ticket}   (lets one browser in, once)"
        ));
    }
    text.push_str("\nCtrl-C stops.");
    text
}

/// Imports a file if there is nothing yet, in the way that the API does.
async fn import_first(node: &Node, path: &std::path::Path, output: Output) -> Result<(), Failure> {
    let (operations, caller) = (node.operations(), node.local_admin());
    operations.require_writable()?;
    if !operations.graphs_list(&caller).await?.graphs.is_empty() {
        output.note(&format!(
            "{} is not imported: there are graphs already",
            path.display()
        ));
        return Ok(());
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {} as text", path.display()))?;
    let file_name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let request = ImportRequest {
        format: ImportFormat::Auto,
        name: None,
        file_name: file_name.unwrap_or_default(),
        text,
    };
    let started = operations.graphs_import(&caller, request).await?;
    let ended = operations.import_ended(&started.import_id).await;
    match ended {
        Some(ended) if ended.state == ImportState::Done => {
            output.note(&format!(
                "imported {} as {}",
                path.display(),
                ended.graph_id
            ));
            Ok(())
        }
        ended => {
            let reason = ended.and_then(|ended| ended.error);
            let reason = reason.unwrap_or_else(|| "it was cancelled".to_owned());
            Err(anyhow::anyhow!("{} was not imported: {reason}", path.display()).into())
        }
    }
}

//! A real Prometheus on a port and a folder of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use graphy_testkit::cluster::PATIENCE;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A running Prometheus; killed when dropped.
pub(crate) struct Prometheus {
    child: Child,
    port: u16,
    folder: TempDir,
    client: reqwest::Client,
}

/// A rule as Prometheus has loaded it.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) query: String,
    pub(crate) is_alert: bool,
    pub(crate) health: String,
    pub(crate) error: Option<String>,
}

impl Prometheus {
    /// Starts it with the example configuration, except for the node and the pace.
    pub(crate) async fn start(node: SocketAddr) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("graphy-prometheus-")
            .tempdir()
            .unwrap();
        let text = fs::read_to_string(super::deploy("prometheus/prometheus.yml")).unwrap();
        let text = change(&text, "\"127.0.0.1:7400\"", &format!("\"{node}\""));
        let text = change(&text, "scrape_interval: 15s", "scrape_interval: 1s");
        let text = change(&text, "evaluation_interval: 15s", "evaluation_interval: 1s");
        let configuration = folder.path().join("prometheus.yml");
        fs::write(&configuration, text).unwrap();
        let rules = super::deploy("prometheus/graphy.rules.yml");
        fs::copy(rules, folder.path().join("graphy.rules.yml")).unwrap();
        let port = free_port();
        let log = File::create(folder.path().join("log")).unwrap();
        // Nothing that a test starts may outlive it, not even one that is killed.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "SIGKILL", "prometheus"])
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("setpriv (util-linux) can be run");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut prometheus = Self {
            child,
            port,
            folder,
            client,
        };
        prometheus.ready().await;
        prometheus
    }

    async fn ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.client.get(self.url("/-/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "prometheus is not ready ({ended:?}); `cargo xtask setup` installs it\n{log}"
            );
            sleep(LOOK_INTERVAL).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Evaluates an expression now; values that are no numbers are left out.
    pub(crate) async fn query(&self, expression: &str) -> Vec<f64> {
        let mut url = reqwest::Url::parse(&self.url("/api/v1/query")).unwrap();
        url.query_pairs_mut().append_pair("query", expression);
        let answer = self.client.get(url).send().await.unwrap();
        let value: Value = answer.json().await.unwrap();
        assert_eq!(value["status"], "success", "{expression}: {value}");
        let result = &value["data"]["result"];
        let values = result.as_array().into_iter().flatten();
        values
            .map(|one| one["value"][1].as_str().unwrap().parse().unwrap())
            .collect()
    }

    /// Waits until an expression has a result.
    pub(crate) async fn until_some(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.query(expression).await.is_empty() {
            assert!(Instant::now() < deadline, "nothing came of {expression}");
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Returns the names of all that was read of the node.
    pub(crate) async fn names(&self) -> Vec<String> {
        let mut url = reqwest::Url::parse(&self.url("/api/v1/label/__name__/values")).unwrap();
        url.query_pairs_mut()
            .append_pair("match[]", "{job=\"graphy\"}");
        let value: Value = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let names = value["data"].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            // Prometheus' own notes on scrapes and alerts.
            .filter(|name| !["up", "ALERTS", "ALERTS_FOR_STATE"].contains(&name.as_str()))
            .filter(|name| !name.starts_with("scrape_"))
            .collect()
    }

    /// Returns the rules, each evaluated at least once.
    pub(crate) async fn rules(&self) -> Vec<Rule> {
        let answer = self
            .client
            .get(self.url("/api/v1/rules"))
            .send()
            .await
            .unwrap();
        let value: Value = answer.json().await.unwrap();
        let groups = value["data"]["groups"].as_array().unwrap();
        let rules = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap());
        rules
            .map(|rule| Rule {
                name: rule["name"].as_str().unwrap().to_owned(),
                query: rule["query"].as_str().unwrap().to_owned(),
                is_alert: rule["type"] == "alerting",
                health: rule["health"].as_str().unwrap().to_owned(),
                error: rule["lastError"]
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
            })
            .collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended before; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Replaces what must be there.
fn change(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the example has {old}");
    text.replace(old, new)
}

fn free_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    probe.local_addr().unwrap().port()
}

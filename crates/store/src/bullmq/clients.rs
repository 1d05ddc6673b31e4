//! The workers of queues, as CLIENT LIST shows them.

use super::{QueueName, QueueReader, queue_of_client};
use crate::error::StoreError;

/// The connection of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueClient {
    /// Of which queue.
    pub queue: QueueName,
    /// Redis' number of the connection.
    pub client_id: String,
    /// The worker's name; empty if it has none.
    pub name: String,
    /// Where it connects from, without a port.
    pub host: String,
    /// How long it has been connected.
    pub age_ms: u64,
    /// How long it has been silent.
    pub idle_ms: u64,
}

impl QueueReader {
    /// Lists the workers of all queues; none if the server does not tell.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn clients(&self) -> Result<Option<Vec<QueueClient>>, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("CLIENT").arg("LIST").arg("TYPE").arg("NORMAL");
        let mut answers = self.ask("list workers", &mut pipeline).await?;
        let text = super::text(answers.pop().flatten());
        Ok(text.map(|text| text.lines().filter_map(client).collect()))
    }
}

fn client(line: &str) -> Option<QueueClient> {
    let field = |name: &str| {
        let mut parts = line.split(' ').filter_map(|part| part.split_once('='));
        parts.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let (queue, name) = queue_of_client(field("name")?)?;
    let seconds = |name| field(name).and_then(|text| text.parse::<u64>().ok());
    let address = field("addr").unwrap_or_default();
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    Some(QueueClient {
        queue,
        name,
        client_id: field("id").unwrap_or_default().to_owned(),
        // A connection over a unix socket shows the socket's path.
        host: if host.starts_with('/') {
            "localhost"
        } else {
            host
        }
        .to_owned(),
        age_ms: seconds("age").unwrap_or_default() * 1000,
        idle_ms: seconds("idle").unwrap_or_default() * 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_is_read() {
        let line = "id=7 addr=10.0.0.3:52100 laddr=10.0.0.1:6379 fd=9 name=bull:bWFpbA==:w:one \
            age=12 idle=3 flags=b db=0 cmd=bzpopmin user=default";
        let client = client(line).unwrap();
        assert_eq!(client.queue, QueueName::new("bull", "mail"));
        assert_eq!(
            (client.name.as_str(), client.host.as_str()),
            ("one", "10.0.0.3")
        );
        assert_eq!((client.age_ms, client.idle_ms), (12_000, 3_000));
        assert!(super::client("id=8 addr=/run/r.sock:0 name= age=1 idle=0").is_none());
    }
}

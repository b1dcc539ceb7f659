//! Metrics for Prometheus. The recorder is installed before the node starts: that is when the node makes its
//! instruments, and a recorder that comes later sees nothing.
//!
//! ```text
//! cargo run --example metrics                               # does some work, and prints the metrics
//! cargo run --example metrics -- --listen 127.0.0.1:9464    # the same, and then serves them over HTTP
//! ```
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use annals::{CallError, Effect, Event, EventSourced, Node};
use annals_memory::MemoryStorage;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[derive(Default, Serialize, Deserialize)]
struct Account {
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Account)]
enum AccountEvent {
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = AccountEvent;

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Withdrawn { cents } => self.cents -= cents,
        }
    }
}

#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[error("there is not so much in the account")]
struct Overdrawn;

#[annals::commands]
impl Account {
    pub(crate) fn deposit(&self, cents: u64) -> Effect<Self, u64> {
        Effect::persist(AccountEvent::Deposited { cents }).reply(|account| account.cents)
    }

    pub(crate) fn withdraw(&self, cents: u64) -> Effect<Self, u64, Overdrawn> {
        if cents > self.cents {
            return Effect::reject(Overdrawn);
        }
        Effect::persist(AccountEvent::Withdrawn { cents }).reply(|account| account.cents)
    }

    pub(crate) fn balance(&self) -> u64 {
        self.cents
    }
}

/// The buckets of durations, in seconds.
const SECONDS: &[f64] = &[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .install_recorder()?;
    let node = Node::builder(MemoryStorage::new()).register::<Account>().start().await?;
    work(&node).await?;
    match listening_address()? {
        None => println!("{}", metrics.render()),
        Some(address) => serve(&TcpListener::bind(address).await?, &metrics).await?,
    }
    node.shutdown().await;
    Ok(())
}

async fn work(node: &Node) -> Result<(), Box<dyn Error>> {
    for number in 0..10 {
        let account = node.entity::<Account>(format!("account-{number}"));
        account.deposit(100).key("payday").await?;
        account.withdraw(30).await?;
        let refused = account.withdraw(1_000).await;
        assert!(matches!(refused, Err(CallError::Rejected(Overdrawn))));
        assert_eq!(account.balance().await?, 70);
    }
    Ok(())
}

fn listening_address() -> Result<Option<String>, String> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(None),
        (Some("--listen"), Some(address)) => Ok(Some(address)),
        _ => Err("usage: metrics [--listen 127.0.0.1:PORT]".into()),
    }
}

/// Gives the metrics to everyone who asks for anything. A server that does more belongs to a web framework.
async fn serve(listener: &TcpListener, metrics: &PrometheusHandle) -> Result<(), Box<dyn Error>> {
    println!("http://{}/metrics", listener.local_addr()?);
    loop {
        let (client, _) = listener.accept().await?;
        // Without this the recorder keeps every measurement until it is asked.
        metrics.run_upkeep();
        // One that went away, or says nothing, is not waited for.
        let _ = timeout(Duration::from_secs(1), answer(client, &metrics.render())).await;
    }
}

async fn answer(mut client: TcpStream, text: &str) -> std::io::Result<()> {
    // Whatever is asked for, the answer is the same.
    let _ = client.read(&mut [0; 1_024]).await?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        text.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await
}

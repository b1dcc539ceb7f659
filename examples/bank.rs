//! A bank on one file: typed calls, and what can become of them. Run it twice. `bank_by_hand.rs` is the same
//! without macros.

#[path = "quickstart/account.rs"]
mod account;

use account::Account;
use annals::{CallError, Node};
use annals_sqlite::SqliteStorage;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join("annals-bank.db");
    let node = Node::builder(SqliteStorage::open(&file).await?).register::<Account>().start().await?;
    let alice = node.entity::<Account>("alice"); // a typed client; nothing is sent yet
    alice.deposit(50).key("payday-1").await?; // runs once, however often it is sent
    match alice.withdraw(30).timeout(Duration::from_secs(2)).await {
        Ok(balance) => println!("alice has {balance} cents left"), // on disk
        Err(CallError::Rejected(why)) => println!("alice is {why}"), // `Overdrawn`, the entity's own error
        Err(error) => return Err(error.into()),                    // it says whether it is safe to retry
    }
    alice.deposit(0).tell().await?; // handed over, and not waited for
    node.shutdown().await;
    Ok(())
}

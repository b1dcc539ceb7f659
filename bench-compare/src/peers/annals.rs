//! Annals on the memory backend: the query of an account.

use crate::account::{self, Account, Balance, Deposit};
use crate::callers::Callee;
use annals::{EntityRef, Node};
use annals_memory::MemoryStorage;

pub(crate) const NAME: &str = "annals (memory backend)";

pub(crate) struct Annals {
    /// The entities leave memory with the last handle.
    _node: Node,
    accounts: Vec<EntityRef<Account>>,
}

impl Annals {
    pub(crate) async fn start(count: usize) -> Self {
        let node = account::node(MemoryStorage::new()).await;
        let accounts = account::accounts(&node, count);
        for account in &accounts {
            account.ask(Deposit { cents: 1 }).await.expect("a deposit");
        }
        Self { _node: node, accounts }
    }
}

impl Callee for Annals {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(self.accounts[entity].ask(Balance).await.expect("a balance"), 1);
    }
}

/// Activates entities that have stored nothing, and keeps no client of them.
pub(crate) async fn activate(count: usize) -> Node {
    let node = account::node(MemoryStorage::new()).await;
    activate_more(&node, 0, count).await;
    node
}

/// Activates further ones.
pub(crate) async fn activate_more(node: &Node, from: usize, to: usize) {
    for index in from..to {
        let account = node.entity::<Account>(account::entity_id(index));
        account.ask(Balance).await.expect("a balance");
    }
}

//! Annals on the memory backend: the query of an account.

use crate::account::{self, Account, Form};
use crate::callers::Callee;
use annals::Node;
use annals_memory::MemoryStorage;

pub(crate) const NAME: &str = "annals (memory backend)";
/// The same entity without macros.
pub(crate) const BY_HAND: &str = "annals, traits by hand";

pub(crate) struct Annals<F: Form> {
    /// The entities leave memory with the last handle.
    _node: Node,
    accounts: Vec<F::Ref>,
}

impl<F: Form> Annals<F> {
    pub(crate) async fn start(count: usize) -> Self {
        let node = account::node::<F>(MemoryStorage::new()).await;
        let accounts = account::accounts::<F>(&node, count);
        for account in &accounts {
            F::ask_deposit(account, None).await;
        }
        Self { _node: node, accounts }
    }
}

impl<F: Form> Callee for Annals<F> {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(F::ask_balance(&self.accounts[entity]).await, 1);
    }
}

/// Activates entities that have stored nothing, and keeps no client of them.
pub(crate) async fn activate(count: usize) -> Node {
    let node = account::node::<Account>(MemoryStorage::new()).await;
    activate_more(&node, 0, count).await;
    node
}

/// Activates further ones.
pub(crate) async fn activate_more(node: &Node, from: usize, to: usize) {
    for index in from..to {
        Account::ask_balance(&node.entity::<Account>(account::entity_id(index))).await;
    }
}

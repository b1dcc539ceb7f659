//! The port for writing, with faults.

use super::mutation::Mutation;
use super::{FaultStorage, Operation};
use annals::storage::{Committed, Fence, KeyedOutcome, Lane, StorageError, Write, WriteStorage};
use annals::{Epoch, Key, Manifest, PersistenceId, ShardId};
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl WriteStorage for FaultStorage {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let answers = self.mutate(Mutation::Append(lane, group)).await;
        let committed =
            |done: Option<Committed>| done.expect("a stored write is answered with what it came to");
        answers.into_iter().map(|answer| answer.map(committed)).collect()
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        let answer = || async { self.ports.writes.outcomes(id, keys).await };
        self.ask(Operation::Outcomes, vec![id.clone()], answer, answer).await
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let answer = || async { self.ports.writes.manifests(entity_type).await };
        self.ask(Operation::Manifests, Vec::new(), answer, answer).await
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.mutate_one(Mutation::Erase(id.clone(), fence)).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        let fresh = || async {
            let epochs = self.ports.writes.epochs(shards).await?;
            self.faults().with_seen(|seen| seen.note_epochs(shards, &epochs));
            Ok(epochs)
        };
        let stale = || async {
            let earlier = |shard: &ShardId| self.faults().with_seen(|seen| seen.epoch(*shard));
            Ok(shards.iter().map(earlier).collect())
        };
        self.ask(Operation::Epochs, Vec::new(), fresh, stale).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        self.mutate_one(Mutation::RaiseEpochs(raised.to_vec())).await
    }
}

impl FaultStorage {
    /// A call that has one answer.
    pub(super) async fn mutate_one(&self, mutation: Mutation) -> Result<(), StorageError> {
        let answer = self.mutate(mutation).await.pop();
        answer.expect("every call but a group has one answer").map(drop)
    }
}

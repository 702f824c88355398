//! Typed calls on a room's files, and the removal of what nothing refers to any more.

use super::{Node, RoomRef};
use crate::failure::Failure;
use crate::model::{AccountId, Caller, FileId, Spot, TreeContent, TreeItem};
use crate::ports::{BlobId, BlobStore, TreeChange};
use crate::room::{RoomAnswer, RoomRequest};
use crate::tree::rules::By;
use crate::tree::{TreeAnswer, TreeRequest};

/// The name under which one node of a cluster removes blobs.
const JOB: &str = "remove loose blobs";
/// For how long a node takes the job at a time, in milliseconds: ten minutes, and again while it works.
const JOB_MS: i64 = 10 * 60 * 1_000;
/// Blobs, or files of chats, that go before the job is taken again.
const BATCH_FILES: i64 = 100;

impl RoomRef {
    async fn files(&self, caller: Caller, request: TreeRequest) -> Result<TreeAnswer, Failure> {
        match self.ask(RoomRequest::Files { caller, request }).await? {
            RoomAnswer::Files(answer) => Ok(answer),
            other => super::refs::unexpected(other),
        }
    }

    async fn file_item(&self, caller: Caller, request: TreeRequest) -> Result<TreeItem, Failure> {
        match self.files(caller, request).await? {
            TreeAnswer::Item(item) => Ok(item),
            other => super::refs::unexpected(other),
        }
    }

    /// What a folder holds; `None` is the root.
    pub async fn list_files(&self, caller: Caller, folder: Option<FileId>) -> Result<Vec<TreeItem>, Failure> {
        match self.files(caller, TreeRequest::List { folder }).await? {
            TreeAnswer::Items(items) => Ok(items),
            other => super::refs::unexpected(other),
        }
    }

    pub async fn find_file(&self, caller: Caller, id: FileId) -> Result<TreeItem, Failure> {
        self.file_item(caller, TreeRequest::Find { id }).await
    }

    /// How many bytes may be added there.
    pub async fn files_left(&self, caller: Caller, spot: Spot, quota_bytes: i64) -> Result<i64, Failure> {
        match self
            .files(caller, TreeRequest::Left { spot, quota_bytes })
            .await?
        {
            TreeAnswer::Left(bytes) => Ok(bytes),
            other => super::refs::unexpected(other),
        }
    }

    /// Keeps a file whose blob was noted before it was stored, or makes a folder.
    pub async fn add_file(
        &self,
        caller: Caller,
        spot: Spot,
        name: String,
        content: Option<TreeContent>,
        quota_bytes: i64,
    ) -> Result<TreeItem, Failure> {
        let add = TreeRequest::Add {
            spot,
            name,
            content,
            quota_bytes,
        };
        self.file_item(caller, add).await
    }

    pub async fn rename_file(&self, caller: Caller, id: FileId, name: String) -> Result<TreeItem, Failure> {
        self.file_item(caller, TreeRequest::Rename { id, name }).await
    }

    pub async fn move_file(
        &self,
        caller: Caller,
        id: FileId,
        folder: Option<FileId>,
    ) -> Result<TreeItem, Failure> {
        self.file_item(caller, TreeRequest::Move { id, folder }).await
    }

    /// Removes a file, or a folder with all that is in it.
    pub async fn remove_file(&self, caller: Caller, id: FileId) -> Result<TreeItem, Failure> {
        self.file_item(caller, TreeRequest::Remove { id }).await
    }
}

impl Node {
    /// Removes blobs that nothing refers to and that are due, and before them the files that were given in chats more
    /// than `chat_kept_ms` ago, unless another node is at it. How many blobs went.
    pub async fn sweep_blobs(
        &self,
        blobs: &dyn BlobStore,
        chat_kept_ms: Option<i64>,
    ) -> Result<u64, Failure> {
        let (ports, holder) = (&self.0.ports, &self.0.options.name);
        let mut gone = 0;
        loop {
            let now = self.clock().now();
            if !ports.jobs.claim(JOB, holder, now, now.plus_ms(JOB_MS)).await? {
                return Ok(gone);
            }
            let mut more = false;
            if let Some(kept_ms) = chat_kept_ms {
                more |= self.drop_given(kept_ms).await?;
            }
            let due = ports.tree.take_blobs(now, BATCH_FILES).await?;
            for blob in &due {
                // A node that dies in between leaves the note, which the next one finds again.
                if let Some(id) = BlobId::parse(blob) {
                    blobs.delete(&id).await?;
                }
                ports.tree.forget_blob(blob).await?;
                gone += 1;
            }
            if !more && (due.len() as i64) < BATCH_FILES {
                ports.jobs.give_back(JOB, holder).await?;
                return Ok(gone);
            }
        }
    }

    /// Whether there may be more of them.
    async fn drop_given(&self, kept_ms: i64) -> Result<bool, Failure> {
        let (tree, now) = (&self.0.ports.tree, self.clock().now());
        let old = tree.given_before(now.plus_ms(1 - kept_ms), BATCH_FILES).await?;
        let by = By {
            account: AccountId(0),
            manages: true,
        };
        for item in &old {
            let remove = TreeChange::Remove {
                by,
                id: item.id,
                at: now,
            };
            tree.change(item.room, &remove).await?;
        }
        Ok(old.len() as i64 == BATCH_FILES)
    }
}

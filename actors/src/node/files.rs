//! How long files of conversations are kept: what is past its time goes, bytes first.

use super::Node;
use crate::failure::Failure;
use crate::model::SharedFile;
use crate::ports::{BlobId, BlobStore};

/// The name under which one node of a cluster does this.
const JOB: &str = "forget old files";
/// For how long a node takes the job at a time, in milliseconds: ten minutes, and again while it works.
const JOB_MS: i64 = 10 * 60 * 1_000;
/// Files that go before the job is taken again.
const BATCH_FILES: i64 = 100;

impl Node {
    /// Removes files that are past [`SharedFile::KEPT_MS`], unless another node is at it. How many went.
    pub async fn sweep_files(&self, blobs: &dyn BlobStore) -> Result<u64, Failure> {
        let (ports, holder) = (&self.0.ports, &self.0.options.name);
        let mut gone = 0;
        loop {
            let now = self.clock().now();
            if !ports.jobs.claim(JOB, holder, now, now.plus_ms(JOB_MS)).await? {
                return Ok(gone);
            }
            let before = now.plus_ms(1 - SharedFile::KEPT_MS);
            let old = ports.files.older(before, BATCH_FILES).await?;
            for file in &old {
                // A node that dies in between leaves a row without bytes, which the next one finds again.
                if let Some(blob) = BlobId::parse(&file.blob) {
                    blobs.delete(&blob).await?;
                }
                ports.files.forget(file.id).await?;
                gone += 1;
            }
            if old.len() < BATCH_FILES as usize {
                ports.jobs.give_back(JOB, holder).await?;
                return Ok(gone);
            }
        }
    }
}

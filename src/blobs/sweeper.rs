//! Removes, once an hour, what uploads have left that ended with their node. Harmless on several nodes at once.

use roost_actors::ports::blobs::UPLOAD_MS_MAX;
use roost_actors::ports::{BlobStore, Clock};
use std::sync::Arc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Sweeps until the task is dropped.
pub async fn keep_swept(store: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) {
    loop {
        // Twice the longest upload: nodes' clocks differ, and a last part takes its time.
        let before = clock.now().plus_ms(-2 * UPLOAD_MS_MAX);
        match store.sweep(before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed what unfinished uploads had left"),
            Err(error) => tracing::warn!(%error, "unfinished uploads were not swept"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

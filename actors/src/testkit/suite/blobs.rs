//! What every blob store does, whatever it keeps files in.

use crate::failure::{Failure, Thing};
use crate::model::Timestamp;
use crate::ports::blobs::{BlobId, BlobStore, ByteStream};
use crate::ports::{StoreError, StoreResult};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Longer than any store's chunk or part, and no multiple of one.
const LONG: usize = 11 * 1024 * 1024 + 7;
const MAX: u64 = 1 << 40;

/// Runs every behaviour below as a test of its name. `$store` is an async expression of `(Arc<dyn BlobStore>, guard)`.
#[macro_export]
macro_rules! blob_store_suite {
    ($store:expr) => {
        $crate::blob_store_suite!(@each $store,
            what_was_put_is_given_back_with_its_length_and_hash,
            an_empty_file_is_a_file,
            a_long_file_comes_back_whole_and_in_any_range,
            a_range_outside_of_the_file_is_refused,
            a_file_over_the_limit_is_refused_and_leaves_nothing,
            a_stream_that_fails_leaves_nothing,
            an_upload_that_is_dropped_leaves_nothing,
            an_upload_under_way_is_seen_by_nobody,
            an_id_that_is_taken_is_refused_and_keeps_its_file,
            a_deleted_file_is_gone_and_deleting_again_is_no_error,
            a_file_that_never_was_is_unknown,
            files_are_listed_in_order_page_by_page,
            a_sweep_keeps_files_and_young_uploads,
        );
    };
    (@each $store:expr, $($name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            let (store, _guard) = $store.await;
            $crate::testkit::suite::blobs::$name(store).await;
        })+
    };
}

type Store = Arc<dyn BlobStore>;

pub async fn what_was_put_is_given_back_with_its_length_and_hash(store: Store) {
    let content = pattern(100_000);
    let stat = store.put(&id(1), pieces(&content, 777), MAX).await.unwrap();
    assert_eq!(stat.id, id(1));
    assert_eq!(stat.len, 100_000);
    assert_eq!(stat.sha256, sha256(&content));
    assert!(stat.stored_at > Timestamp(0));
    assert_eq!(store.stat(&id(1)).await.unwrap(), stat);
    let (told, bytes) = read(&store, &id(1), None).await.unwrap();
    assert_eq!(told, stat);
    assert_eq!(bytes, content);
}

pub async fn an_empty_file_is_a_file(store: Store) {
    let stat = store.put(&id(1), pieces(&Bytes::new(), 1), 0).await.unwrap();
    assert_eq!(stat.len, 0);
    assert_eq!(stat.sha256, sha256(b""));
    assert_eq!(store.stat(&id(1)).await.unwrap(), stat);
    for range in [None, Some(0..0)] {
        assert!(read(&store, &id(1), range).await.unwrap().1.is_empty());
    }
}

pub async fn a_long_file_comes_back_whole_and_in_any_range(store: Store) {
    let content = pattern(LONG);
    let stat = store
        .put(&id(1), pieces(&content, 65_537), LONG as u64)
        .await
        .unwrap();
    assert_eq!((stat.len, stat.sha256), (LONG as u64, sha256(&content)));
    assert!(read(&store, &id(1), None).await.unwrap().1 == content);
    let mib = 1024 * 1024;
    for range in [
        0..1,
        0..LONG,
        LONG - 1..LONG,
        LONG..LONG,
        mib - 1..mib + 1,
        5 * mib..5 * mib + 1,
        5 * mib - 3..10 * mib + 3,
        256 * 1024..256 * 1024 + 512 * 1024,
        12_345..9_876_543,
    ] {
        let asked = Some(range.start as u64..range.end as u64);
        let (_, bytes) = read(&store, &id(1), asked).await.unwrap();
        assert!(
            bytes == content.slice(range.clone()),
            "{range:?}: {} bytes",
            bytes.len()
        );
    }
}

pub async fn a_range_outside_of_the_file_is_refused(store: Store) {
    store.put(&id(1), pieces(&pattern(10), 10), MAX).await.unwrap();
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "a reversed range is one of the cases"
    )]
    for range in [0..11, 11..11, 5..4, 0..u64::MAX] {
        let refused = read(&store, &id(1), Some(range.clone())).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Refused(Failure::Invalid { field, .. }) if field == "range"),
            "{range:?}: {refused:?}"
        );
    }
}

pub async fn a_file_over_the_limit_is_refused_and_leaves_nothing(store: Store) {
    for (blob, len) in [(1, 1_001), (2, LONG)] {
        let limit = len as u64 - 1;
        let refused = store
            .put(&id(blob), pieces(&pattern(len), 100_000), limit)
            .await
            .unwrap_err();
        let too_long = Failure::TooLong {
            field: "file".to_owned(),
            max: limit,
        };
        assert_eq!(refused, StoreError::Refused(too_long));
        is_gone(&store, &id(blob)).await;
        store
            .put(&id(blob), pieces(&pattern(len), 100_000), len as u64)
            .await
            .unwrap();
    }
}

pub async fn a_stream_that_fails_leaves_nothing(store: Store) {
    let why = Failure::Forbidden("the client went away".to_owned());
    for (blob, len) in [(1, 10), (2, LONG)] {
        let mut source = Source::new(&pattern(len), 100_000);
        source.then = Then::Fail(why.clone());
        let refused = store.put(&id(blob), Box::pin(source), MAX).await.unwrap_err();
        assert_eq!(refused, StoreError::Refused(why.clone()));
        is_gone(&store, &id(blob)).await;
    }
    leaves_no_parts(&store).await;
}

pub async fn an_upload_that_is_dropped_leaves_nothing(store: Store) {
    for (blob, len) in [(1, 10), (2, LONG)] {
        let mut source = Source::new(&pattern(len), 100_000);
        source.then = Then::Wait;
        let blob = id(blob);
        let upload = store.put(&blob, Box::pin(source), MAX);
        let ended = tokio::time::timeout(Duration::from_secs(2), upload).await;
        assert!(ended.is_err(), "the upload ended by itself");
        is_gone(&store, &blob).await;
    }
    leaves_no_parts(&store).await;
}

pub async fn an_upload_under_way_is_seen_by_nobody(store: Store) {
    let content = pattern(LONG);
    let (go, gate) = tokio::sync::oneshot::channel();
    let mut source = Source::new(&content, 100_000);
    source.then = Then::WaitFor(gate);
    let uploading = Arc::clone(&store);
    let upload = tokio::spawn(async move { uploading.put(&id(1), Box::pin(source), MAX).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    is_gone(&store, &id(1)).await;
    go.send(()).unwrap();
    upload.await.unwrap().unwrap();
    assert!(read(&store, &id(1), None).await.unwrap().1 == content);
}

pub async fn an_id_that_is_taken_is_refused_and_keeps_its_file(store: Store) {
    let (first, long) = (pattern(10), pattern(LONG));
    store.put(&id(1), pieces(&first, 10), MAX).await.unwrap();
    for second in [Bytes::from_static(b"other"), long] {
        let refused = store
            .put(&id(1), pieces(&second, 100_000), MAX)
            .await
            .unwrap_err();
        assert_eq!(refused, StoreError::Refused(Failure::Exists(Thing::File)));
        assert_eq!(read(&store, &id(1), None).await.unwrap().1, first);
    }
}

pub async fn a_deleted_file_is_gone_and_deleting_again_is_no_error(store: Store) {
    for (blob, len) in [(1, 10), (2, LONG)] {
        store
            .put(&id(blob), pieces(&pattern(len), 100_000), MAX)
            .await
            .unwrap();
        store.delete(&id(blob)).await.unwrap();
        is_gone(&store, &id(blob)).await;
        store.delete(&id(blob)).await.unwrap();
    }
    store.delete(&id(3)).await.unwrap();
}

pub async fn a_file_that_never_was_is_unknown(store: Store) {
    is_gone(&store, &id(9)).await;
    assert!(store.list(None, 10).await.unwrap().is_empty());
}

pub async fn files_are_listed_in_order_page_by_page(store: Store) {
    for blob in [3, 1, 5, 4, 2] {
        store.put(&id(blob), pieces(&pattern(1), 1), MAX).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(after.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        assert!(page.iter().all(|listed| listed.stored_at > Timestamp(0)));
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|listed| listed.id));
    }
    assert_eq!(seen, [id(1), id(2), id(3), id(4), id(5)]);
}

pub async fn a_sweep_keeps_files_and_young_uploads(store: Store) {
    let content = pattern(LONG);
    store.put(&id(1), pieces(&content, 100_000), MAX).await.unwrap();
    let (go, gate) = tokio::sync::oneshot::channel();
    let mut source = Source::new(&content, 100_000);
    source.then = Then::WaitFor(gate);
    let uploading = Arc::clone(&store);
    let upload = tokio::spawn(async move { uploading.put(&id(2), Box::pin(source), MAX).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(store.sweep(Timestamp(1)).await.unwrap(), 0);
    go.send(()).unwrap();
    upload.await.unwrap().unwrap();
    assert_eq!(store.sweep(Timestamp(i64::MAX / 2)).await.unwrap(), 0);
    for blob in [1, 2] {
        assert!(read(&store, &id(blob), None).await.unwrap().1 == content);
    }
}

/// The nth id of a suite; ids sort as their numbers do, and each begins differently.
#[must_use]
pub fn id(number: u8) -> BlobId {
    BlobId::parse(&format!("{number:02x}000000-0000-4000-8000-000000000000")).unwrap()
}

/// Bytes that differ from place to place, and from one chunk to the next.
#[must_use]
pub fn pattern(len: usize) -> Bytes {
    let mut bytes = BytesMut::with_capacity(len + 8);
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() < len {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.freeze()
}

/// Content as a stream of pieces.
#[must_use]
pub fn pieces(content: &Bytes, piece: usize) -> ByteStream {
    Box::pin(Source::new(content, piece))
}

/// All that a store gives of a file.
pub async fn read(
    store: &Store,
    id: &BlobId,
    range: Option<Range<u64>>,
) -> StoreResult<(crate::ports::BlobStat, Bytes)> {
    let (stat, mut stream) = store.get(id, range).await?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((stat, bytes.freeze()))
}

/// Asserts that there is no such file.
pub async fn is_gone(store: &Store, id: &BlobId) {
    let unknown = StoreError::Refused(Failure::Unknown(Thing::File));
    assert_eq!(store.stat(id).await.unwrap_err(), unknown);
    assert_eq!(read(store, id, None).await.unwrap_err(), unknown);
}

/// Asserts that parts are removed by the upload that ended, soon after it, and not only by a sweep.
async fn leaves_no_parts(store: &Store) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.sweep(Timestamp(i64::MAX / 2)).await.unwrap(), 0);
    assert!(store.list(None, 10).await.unwrap().is_empty());
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What follows the last piece of a source.
enum Then {
    End,
    Fail(Failure),
    Wait,
    WaitFor(tokio::sync::oneshot::Receiver<()>),
}

struct Source {
    pieces: VecDeque<Bytes>,
    then: Then,
}

impl Source {
    fn new(content: &Bytes, piece: usize) -> Source {
        let mut rest = content.clone();
        let mut pieces = VecDeque::new();
        while !rest.is_empty() {
            pieces.push_back(rest.split_to(piece.min(rest.len())));
        }
        Source {
            pieces,
            then: Then::End,
        }
    }
}

impl Stream for Source {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        match &mut self.then {
            Then::End => Poll::Ready(None),
            Then::Fail(failure) => Poll::Ready(Some(Err(failure.clone()))),
            Then::Wait => Poll::Pending,
            Then::WaitFor(gate) => Pin::new(gate).poll(context).map(|_| None),
        }
    }
}

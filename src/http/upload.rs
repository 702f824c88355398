//! Takes in forms with files: part by part, straight into the blob store, within bounds of count, size and time.

use super::Params;
use super::params::of_query;
use crate::blobs::content::{HEAD_BYTES, sniff};
use crate::blobs::{Media, names};
use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_ENCODING;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use roost_actors::Failure;
use roost_actors::ports::blobs::UPLOAD_MS_MAX;
use roost_actors::ports::{BlobId, BlobStat, BlobStore, ByteStream, Clock};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

/// Pieces of a file that may wait for the store. A piece is what one read from the socket gave.
const PIECES_MAX: usize = 8;
/// What an upload may take before its rate counts, and the least rate from then on, in bytes a second.
const GRACE: Duration = Duration::from_secs(60);
const RATE_MIN: u64 = 4 * 1024;

/// The bounds of a form. The bound of a file is said by whoever admits it.
#[derive(Clone, Copy, Debug)]
pub struct FormLimits {
    /// Text fields and files together.
    pub parts_max: usize,
    pub files_max: usize,
    /// The longest text field in bytes.
    pub text_bytes_max: usize,
}

impl Default for FormLimits {
    fn default() -> FormLimits {
        FormLimits {
            parts_max: 64,
            files_max: 1,
            text_bytes_max: 64 * 1024,
        }
    }
}

/// The file part that is about to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// The name of its form field.
    pub field: String,
    /// The client's name for it, cleaned.
    pub name: String,
}

/// A form that was taken in.
#[derive(Default)]
pub struct Form {
    /// The query and the text fields, wherever they stood.
    pub params: Params,
    pub files: Vec<Uploaded>,
}

/// A file that was stored. Removed again when it is dropped and was offered to nobody.
pub struct Uploaded {
    pub part: FilePart,
    pub stat: BlobStat,
    /// What its bytes say it is.
    pub media: Media,
    store: Option<Arc<dyn BlobStore>>,
}

impl Uploaded {
    /// To be called before anything is asked to refer to the file.
    pub fn offer(mut self) -> Offered {
        Offered {
            id: self.stat.id.clone(),
            store: self.store.take(),
        }
    }
}

impl Drop for Uploaded {
    fn drop(&mut self) {
        if let Some(store) = self.store.take() {
            remove(store, self.stat.id.clone());
        }
    }
}

/// A file that something may refer to by now, whatever becomes of the request that brought it: it stays, unless it is
/// known that nothing does. Of what nobody knows the note of its blob sees to it.
pub struct Offered {
    id: BlobId,
    store: Option<Arc<dyn BlobStore>>,
}

impl Offered {
    /// Removes the file if it was refused.
    pub fn settle<T>(self, kept: &Result<T, Failure>) {
        if matches!(kept, Err(failure) if !is_open(failure)) {
            self.withdraw();
        }
    }

    /// Removes a file to which nothing came to refer.
    pub fn withdraw(self) {
        if let Some(store) = self.store {
            remove(store, self.id);
        }
    }
}

/// Whether what was asked for may have been done nevertheless, now or later.
fn is_open(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::OutcomeUnknown | Failure::Unavailable(_) | Failure::Moved | Failure::Internal(_)
    )
}

fn remove(store: Arc<dyn BlobStore>, id: BlobId) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        if let Err(error) = store.delete(&id).await {
            tracing::warn!(%error, %id, "a refused upload stays until it is due");
        }
    });
}

/// Takes uploads in, so many at once. The store is to note what it is given ([`crate::blobs::NotedBlobs`]).
#[derive(Clone)]
pub struct Uploads {
    store: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
    running: Arc<Semaphore>,
    stall: Duration,
}

impl Uploads {
    /// At most `running_max` at once; a client that sends nothing for `stall` is refused.
    #[must_use]
    pub fn new(
        store: Arc<dyn BlobStore>,
        clock: Arc<dyn Clock>,
        running_max: usize,
        stall: Duration,
    ) -> Uploads {
        Uploads {
            store,
            clock,
            running: Arc::new(Semaphore::new(running_max)),
            stall,
        }
    }

    /// Reads a form. `admit` is asked when a file begins, with what came before it, and says how long the file may be;
    /// what it cannot decide yet the caller decides with the whole form, and drops it to refuse it.
    pub async fn receive(
        &self,
        request: &HttpRequest,
        payload: Payload,
        limits: FormLimits,
        mut admit: impl AsyncFnMut(&Params, &FilePart) -> Result<u64, Failure>,
    ) -> Result<Form, Failure> {
        let _running = Arc::clone(&self.running)
            .try_acquire_owned()
            .map_err(|_| Failure::Busy("taking in files".to_owned()))?;
        let encoding = request.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Failure::invalid(
                "Content-Encoding",
                "files are taken as they are",
            ));
        }
        let mut form = Form {
            params: of_query(request).map_err(|error| Failure::invalid("query", &error.to_string()))?,
            files: Vec::new(),
        };
        let mut pace = Pace::new(self.stall);
        let mut parts = Multipart::new(request.headers(), payload);
        let mut count = 0;
        while let Some(part) = pace.within(parts.next()).await? {
            let mut field = part.map_err(broken)?;
            count += 1;
            if count > limits.parts_max {
                return Err(Failure::invalid("body", "too many parts"));
            }
            match file_part(&field)? {
                None => self.text(&mut field, &mut form, limits, &mut pace).await?,
                Some(_) if form.files.len() == limits.files_max => {
                    return Err(Failure::invalid("body", "too many files"));
                }
                Some(part) => {
                    let len_max = admit(&form.params, &part).await?;
                    let uploaded = self.file(&mut field, part, len_max, &mut pace).await?;
                    form.files.push(uploaded);
                }
            }
        }
        Ok(form)
    }

    async fn text(
        &self,
        field: &mut Field,
        form: &mut Form,
        limits: FormLimits,
        pace: &mut Pace,
    ) -> Result<(), Failure> {
        let name = field.name().unwrap_or_default().to_owned();
        let mut value = Vec::new();
        while let Some(piece) = pace.within(field.next()).await? {
            value.extend_from_slice(&pace.count(piece.map_err(broken)?));
            if value.len() > limits.text_bytes_max {
                return Err(Failure::TooLong {
                    field: name,
                    max: limits.text_bytes_max as u64,
                });
            }
        }
        let value = String::from_utf8(value).map_err(|_| Failure::invalid(&name, "not valid UTF-8"))?;
        form.params
            .add_field(name, value)
            .map_err(|error| Failure::invalid("body", &error.to_string()))
    }

    async fn file(
        &self,
        field: &mut Field,
        part: FilePart,
        len_max: u64,
        pace: &mut Pace,
    ) -> Result<Uploaded, Failure> {
        let id = BlobId::random(self.clock.as_ref())?;
        let (sender, mut receiver) = mpsc::channel(PIECES_MAX);
        let bytes: ByteStream = Box::pin(stream::poll_fn(move |context| receiver.poll_recv(context)));
        // The socket's side stays on this thread, the store's may be anywhere: between them, a few pieces.
        let (head, stored) = tokio::join!(pump(field, sender, pace), self.store.put(&id, bytes, len_max));
        Ok(Uploaded {
            part,
            stat: stored?,
            media: sniff(&head),
            store: Some(Arc::clone(&self.store)),
        })
    }
}

/// Moves a file's pieces from the socket towards the store, and keeps its first bytes.
async fn pump(field: &mut Field, sender: mpsc::Sender<Result<Bytes, Failure>>, pace: &mut Pace) -> Vec<u8> {
    let mut head = Vec::new();
    loop {
        let next = tokio::select! {
            // The store has ended first: the file is too long, or it cannot be stored.
            () = sender.closed() => break,
            next = pace.within(field.next()) => next,
        };
        let piece = match next {
            Ok(None) => break,
            Ok(Some(Ok(piece))) => Ok(pace.count(piece)),
            Ok(Some(Err(error))) => Err(broken(error)),
            Err(late) => Err(late),
        };
        if let Ok(piece) = &piece {
            let want = HEAD_BYTES.saturating_sub(head.len()).min(piece.len());
            head.extend_from_slice(&piece[..want]);
        }
        let ended = piece.is_err();
        if sender.send(piece).await.is_err() || ended {
            break;
        }
    }
    head
}

/// Whether a part is a file, and which. Only a part with a file name is one.
fn file_part(field: &Field) -> Result<Option<FilePart>, Failure> {
    let Some(name) = field.name() else {
        return Err(Failure::invalid("body", "a part has no name"));
    };
    let disposition = field.content_disposition();
    // The extended form is the client's exact name; the other may be a stand-in.
    let extended = disposition
        .and_then(|told| told.get_filename_ext())
        .map(|told| String::from_utf8_lossy(&told.value).into_owned());
    let plain = disposition
        .and_then(|told| told.get_filename())
        .map(str::to_owned);
    Ok(extended.or(plain).map(|file| FilePart {
        field: name.to_owned(),
        name: names::clean(&file),
    }))
}

/// The time an upload has: so long for the next piece, so long in all for what has come.
struct Pace {
    began: Instant,
    stall: Duration,
    received: u64,
}

impl Pace {
    fn new(stall: Duration) -> Pace {
        Pace {
            began: Instant::now(),
            stall,
            received: 0,
        }
    }

    fn count(&mut self, piece: Bytes) -> Bytes {
        self.received += piece.len() as u64;
        piece
    }

    async fn within<T>(&self, next: impl Future<Output = T>) -> Result<T, Failure> {
        let longest = Duration::from_millis(UPLOAD_MS_MAX.unsigned_abs());
        let whole = (GRACE + Duration::from_secs(self.received / RATE_MIN)).min(longest);
        let until = (Instant::now() + self.stall).min(self.began + whole);
        timeout_at(until, next)
            .await
            .map_err(|_| Failure::invalid("body", "it did not arrive in time"))
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::invalid("body", &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::testkit::{ManualClock, MemoryBlobs};

    /// A file as a form leaves it.
    async fn stored(store: &Arc<MemoryBlobs>, clock: &ManualClock) -> Uploaded {
        let id = BlobId::random(clock).unwrap();
        let bytes = stream::once(async { Ok(Bytes::from_static(b"the file")) });
        Uploaded {
            part: FilePart {
                field: "file".to_owned(),
                name: "a".to_owned(),
            },
            stat: store.put(&id, Box::pin(bytes), 100).await.unwrap(),
            media: Media::OTHER,
            store: Some(store.clone()),
        }
    }

    /// Whether it is there once all that was begun is done.
    async fn is_there(store: &MemoryBlobs, id: &BlobId) -> bool {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        store.stat(id).await.is_ok()
    }

    #[actix_web::test]
    async fn what_was_refused_goes_and_what_was_kept_or_may_have_been_stays() {
        let clock = Arc::new(ManualClock::frozen(1));
        let store = Arc::new(MemoryBlobs::new(clock.clone()));
        let refusals = [
            Failure::NotMember,
            Failure::Exists(roost_actors::Thing::File),
            Failure::Busy("the directory".to_owned()),
        ];
        let open = [
            Failure::OutcomeUnknown,
            Failure::Unavailable("the database".to_owned()),
            Failure::Moved,
            Failure::Internal("a bug".to_owned()),
        ];
        let refusals = refusals.map(|failure| (Err(failure), false));
        let open = open.map(|failure| (Err(failure), true));
        for (kept, stays) in refusals.into_iter().chain(open).chain([(Ok(()), true)]) {
            let file = stored(&store, &clock).await;
            let id = file.stat.id.clone();
            file.offer().settle(&kept);
            assert_eq!(is_there(&store, &id).await, stays, "{kept:?}");
        }
    }

    #[actix_web::test]
    async fn a_file_goes_with_its_request_until_it_is_offered() {
        let clock = Arc::new(ManualClock::frozen(1));
        let store = Arc::new(MemoryBlobs::new(clock.clone()));
        let file = stored(&store, &clock).await;
        let id = file.stat.id.clone();
        drop(file);
        assert!(!is_there(&store, &id).await);
        let file = stored(&store, &clock).await;
        let id = file.stat.id.clone();
        let offered = file.offer();
        drop(offered);
        assert!(is_there(&store, &id).await);
        let file = stored(&store, &clock).await;
        let id = file.stat.id.clone();
        file.offer().withdraw();
        assert!(!is_there(&store, &id).await);
    }
}

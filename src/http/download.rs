//! Sends stored files: ranges, conditions, and headers under which nothing a stranger uploaded runs in a browser.

use crate::blobs::{Encoded, Media, names};
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, DispositionType,
    ETAG, EntityTag, Header, IF_RANGE, IfNoneMatch, RANGE, Range, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::stream;
use roost_actors::Failure;
use roost_actors::ports::{BlobId, BlobStat, BlobStore};

/// What a page may do that a browser makes of a file: nothing, in an origin that is nobody's.
const POLICY: &str = "default-src 'none'; img-src *; media-src *; style-src 'unsafe-inline'; sandbox";
/// Kept by the client alone, and asked for again each time: access may end.
pub const REVALIDATE: &str = "private, no-cache";

/// How a file is shown to whoever fetches it.
#[derive(Clone, Copy, Debug)]
pub struct Face<'a> {
    /// Cleaned again before it is sent.
    pub name: &'a str,
    /// As sniffed when it was stored.
    pub media: Media,
    /// Whether it is to be saved and not shown. What is not [`Media::is_shown`] is always to be saved.
    pub attachment: bool,
    /// The `Cache-Control`, as in [`REVALIDATE`].
    pub cache: &'a str,
}

/// What a request gets of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    All,
    Range(std::ops::Range<u64>),
    Unchanged,
    Unsatisfiable,
}

/// Answers with a stored file, streamed in bounded memory: 200, 206, 304 or 416.
pub async fn file(
    request: &HttpRequest,
    store: &dyn BlobStore,
    id: &BlobId,
    face: Face<'_>,
) -> Result<HttpResponse, Failure> {
    let stat = store.stat(id).await?;
    let tag = tag_of(&stat);
    let part = part(request, &tag, stat.len);
    let (status, range) = match &part {
        Part::All => (StatusCode::OK, 0..stat.len),
        Part::Range(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
        Part::Unchanged => return Ok(head(StatusCode::NOT_MODIFIED, &tag, face).finish()),
        Part::Unsatisfiable => {
            return Ok(head(StatusCode::RANGE_NOT_SATISFIABLE, &tag, face)
                .insert_header((CONTENT_RANGE, format!("bytes */{}", stat.len)))
                .finish());
        }
    };
    let mut answer = head(status, &tag, face);
    if part != Part::All {
        let told = format!("bytes {}-{}/{}", range.start, range.end - 1, stat.len);
        answer.insert_header((CONTENT_RANGE, told));
    }
    let len = range.end - range.start;
    if request.method() == Method::HEAD || len == 0 {
        let nothing = stream::empty::<Result<Bytes, Failure>>();
        return Ok(answer.body(SizedStream::new(len, nothing)));
    }
    let (_, bytes) = store.get(id, Some(range)).await?;
    Ok(answer.body(SizedStream::new(len, bytes)))
}

/// Answers with a picture that was made of a file; `of` is the file's tag-to-be, as in its hash and the size wished for.
#[must_use]
pub fn picture(request: &HttpRequest, made: &Encoded, of: &str, face: Face<'_>) -> HttpResponse {
    let face = Face {
        media: Media::named(made.mime),
        ..face
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let tag = EntityTag::new_strong(of.bytes().filter(plain).map(char::from).collect());
    if part(request, &tag, 0) == Part::Unchanged {
        return head(StatusCode::NOT_MODIFIED, &tag, face).finish();
    }
    let mut answer = head(StatusCode::OK, &tag, face);
    answer.body(made.bytes.clone())
}

fn tag_of(stat: &BlobStat) -> EntityTag {
    EntityTag::new_strong(stat.sha256.clone())
}

fn head(status: StatusCode, tag: &EntityTag, face: Face<'_>) -> HttpResponseBuilder {
    let shown = face.media.is_shown() && !face.attachment;
    let kind = if shown {
        DispositionType::Inline
    } else {
        DispositionType::Attachment
    };
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CONTENT_TYPE, face.media.mime))
        .insert_header(names::disposition(kind, face.name))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, face.cache))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((ACCEPT_RANGES, "bytes"));
    answer
}

/// Reads the conditions of a request in the order of RFC 9110, section 13.2.2.
fn part(request: &HttpRequest, tag: &EntityTag, len: u64) -> Part {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => return Part::Unchanged,
        Ok(IfNoneMatch::Items(tags)) if tags.iter().any(|known| known.weak_eq(tag)) => {
            return Part::Unchanged;
        }
        _ => {}
    }
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A range of another version, or of one known by a date only, would not fit to what the client has.
    let current = text(IF_RANGE).is_none_or(|known| known.trim() == tag.to_string());
    if request.method() != Method::GET || !current {
        return Part::All;
    }
    match text(RANGE).and_then(|range| range.parse::<Range>().ok()) {
        // One range is served. Several, or another unit, may be answered with everything, and are.
        Some(Range::Bytes(ranges)) if ranges.len() == 1 => match ranges[0].to_satisfiable_range(len) {
            Some((first, last)) => Part::Range(first..last + 1),
            None => Part::Unsatisfiable,
        },
        _ => Part::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn told(headers: &[(&str, &str)], len: u64) -> Part {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        part(
            &request.to_http_request(),
            &EntityTag::new_strong("abc".to_owned()),
            len,
        )
    }

    #[test]
    fn ranges_are_read() {
        let cases = [
            ("bytes=0-0", 10, Part::Range(0..1)),
            ("bytes=0-9", 10, Part::Range(0..10)),
            ("bytes=3-", 10, Part::Range(3..10)),
            ("bytes=-4", 10, Part::Range(6..10)),
            ("bytes=-400", 10, Part::Range(0..10)),
            ("bytes=5-400", 10, Part::Range(5..10)),
            ("bytes=10-", 10, Part::Unsatisfiable),
            ("bytes=10-20", 10, Part::Unsatisfiable),
            ("bytes=-0", 10, Part::Unsatisfiable),
            ("bytes=0-", 0, Part::Unsatisfiable),
            ("bytes=0-1,4-5", 10, Part::All),
            ("bytes=5-2", 10, Part::All),
            ("bytes=a-b", 10, Part::All),
            ("bytes=", 10, Part::All),
            ("bytes=18446744073709551615-", 10, Part::Unsatisfiable),
            ("bytes=0-18446744073709551615", 10, Part::Range(0..10)),
            ("bytes=99999999999999999999999-", 10, Part::All),
            ("lines=1-2", 10, Part::All),
            ("", 10, Part::All),
        ];
        for (range, len, part) in cases {
            assert_eq!(told(&[("Range", range)], len), part, "{range} of {len}");
        }
    }

    #[test]
    fn conditions_go_before_ranges() {
        let range = ("Range", "bytes=0-1");
        for (name, value, part) in [
            ("If-None-Match", "\"abc\"", Part::Unchanged),
            ("If-None-Match", "W/\"abc\"", Part::Unchanged),
            ("If-None-Match", "\"x\", \"abc\"", Part::Unchanged),
            ("If-None-Match", "*", Part::Unchanged),
            ("If-None-Match", "\"x\"", Part::Range(0..2)),
            ("If-Range", "\"abc\"", Part::Range(0..2)),
            ("If-Range", "\"x\"", Part::All),
            ("If-Range", "W/\"abc\"", Part::All),
            ("If-Range", "Wed, 21 Oct 2015 07:28:00 GMT", Part::All),
        ] {
            assert_eq!(told(&[range, (name, value)], 10), part, "{name}: {value}");
        }
    }

    #[test]
    fn only_what_cannot_run_is_shown_in_place() {
        for (mime, attachment, kind) in [
            ("image/png", false, "inline"),
            ("video/mp4", false, "inline"),
            ("image/png", true, "attachment"),
            ("text/html", false, "attachment"),
            ("image/svg+xml", false, "attachment"),
        ] {
            let face = Face {
                name: "a.html",
                media: Media::named(mime),
                attachment,
                cache: REVALIDATE,
            };
            let answer = head(StatusCode::OK, &EntityTag::new_strong("x".to_owned()), face).finish();
            let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
            assert!(header("content-disposition").starts_with(kind), "{mime}");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(header("content-security-policy").contains("sandbox"));
            assert!(!header("content-type").contains("html") && !header("content-type").contains("svg"));
        }
    }
}

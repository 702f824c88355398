//! Reads a request's parameters: bounded body, decompressed within the same bound, taken apart by what it is.

use super::{Origin, Param, Params, ParamsError, multipart, urlencoded};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use std::io::Read;
use std::time::Duration;

/// How long the body of a request with parameters may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// The bounds of parameter bodies; `app_data` of the application, otherwise the default.
#[derive(Clone, Copy, Debug)]
pub struct ParamsLimits {
    /// The longest body, before and after decompression, in bytes.
    pub body_bytes_max: usize,
}

impl Default for ParamsLimits {
    fn default() -> ParamsLimits {
        ParamsLimits {
            body_bytes_max: 1 << 20,
        }
    }
}

impl ParamsLimits {
    /// The bounds in force for a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> ParamsLimits {
        let shared = || {
            request
                .app_data::<web::Data<ParamsLimits>>()
                .map(|data| data.get_ref())
        };
        request
            .app_data::<ParamsLimits>()
            .or_else(shared)
            .copied()
            .unwrap_or_default()
    }
}

impl FromRequest for Params {
    type Error = ParamsError;
    type Future = LocalBoxFuture<'static, Result<Params, ParamsError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = ParamsLimits::of(request);
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { read(&request, payload, limits).await })
    }
}

/// Reads all parameters of a request: the union of query and body, whatever the method.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    limits: ParamsLimits,
) -> Result<Params, ParamsError> {
    let mut params = of_query(request)?;
    let headers = request.headers();
    let body = tokio::time::timeout(ARRIVES_WITHIN, collect(headers, payload, limits.body_bytes_max))
        .await
        .unwrap_or(Err(ParamsError::Broken("it took too long".to_owned())))?;
    let body = decompressed(headers, body, limits.body_bytes_max)?;
    if body.is_empty() {
        return Ok(params);
    }
    match kind_of(headers, &body) {
        Kind::Multipart => multipart::fields(headers, body, &mut params).await?,
        Kind::Json => json(&body, &mut params)?,
        Kind::Urlencoded => {
            for pair in urlencoded::pairs(&body) {
                let (key, value) = pair?;
                params.add(Origin::Body, key, Param::Text(value))?;
            }
        }
    }
    Ok(params)
}

/// The parameters of a request's query alone.
pub fn of_query(request: &HttpRequest) -> Result<Params, ParamsError> {
    let mut params = Params::default();
    for pair in urlencoded::pairs(request.query_string().as_bytes()) {
        let (key, value) = pair?;
        params.add(Origin::Query, key, Param::Text(value))?;
    }
    Ok(params)
}

async fn collect(headers: &HeaderMap, mut payload: Payload, max: usize) -> Result<Bytes, ParamsError> {
    let announced = header_text(headers, CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(ParamsError::TooLarge { max });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ParamsError::Broken(error.to_string()))?;
        if body.len() + chunk.len() > max {
            return Err(ParamsError::TooLarge { max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn decompressed(headers: &HeaderMap, body: Bytes, max: usize) -> Result<Bytes, ParamsError> {
    let encoding = header_text(headers, CONTENT_ENCODING)
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match encoding.as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(body.as_ref()), max),
        // The name means zlib; some clients send the bare stream.
        "deflate" => inflate(ZlibDecoder::new(body.as_ref()), max).or_else(|error| match error {
            ParamsError::Compression(_) => inflate(DeflateDecoder::new(body.as_ref()), max),
            other => Err(other),
        }),
        _ => Err(ParamsError::Encoding(encoding)),
    }
}

fn inflate(decoder: impl Read, max: usize) -> Result<Bytes, ParamsError> {
    let mut out = Vec::new();
    decoder
        .take(max as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|error| ParamsError::Compression(error.to_string()))?;
    if out.len() > max {
        return Err(ParamsError::TooLarge { max });
    }
    Ok(out.into())
}

enum Kind {
    Multipart,
    Json,
    Urlencoded,
}

/// What a body is. Clients forget the type, or let their tool put the urlencoded one on JSON: an opening brace decides then.
fn kind_of(headers: &HeaderMap, body: &[u8]) -> Kind {
    let content_type = header_text(headers, CONTENT_TYPE)
        .unwrap_or_default()
        .trim_start()
        .to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim_end();
    if media_type == "multipart/form-data" {
        Kind::Multipart
    } else if media_type == "application/json"
        || media_type.ends_with("+json")
        || body.trim_ascii_start().first() == Some(&b'{')
    {
        Kind::Json
    } else {
        Kind::Urlencoded
    }
}

fn json(body: &[u8], params: &mut Params) -> Result<(), ParamsError> {
    let text = std::str::from_utf8(body).map_err(|_| ParamsError::NotUtf8 {
        key: "the body".to_owned(),
    })?;
    if text.trim().is_empty() {
        return Ok(());
    }
    let value: Value = serde_json::from_str(text).map_err(|error| ParamsError::Json(error.to_string()))?;
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Null => return Ok(()),
        Value::Bool(_) => return Err(ParamsError::NotAnObject("a boolean")),
        Value::Number(_) => return Err(ParamsError::NotAnObject("a number")),
        Value::String(_) => return Err(ParamsError::NotAnObject("a string")),
        Value::Array(_) => return Err(ParamsError::NotAnObject("an array")),
    };
    for (key, value) in fields {
        if !value.is_null() {
            params.add(Origin::Body, key, Param::Json(value))?;
        }
    }
    Ok(())
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

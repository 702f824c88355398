//! The text fields of a multipart body that is already in memory. Files are for upload routes and are passed over.

use super::{Origin, Param, Params, ParamsError};
use actix_multipart::Multipart;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

pub async fn fields(headers: &HeaderMap, body: Bytes, params: &mut Params) -> Result<(), ParamsError> {
    let source = stream::once(async move { Ok(body) });
    let mut parts = Multipart::new(headers, source);
    while let Some(part) = parts.next().await {
        let mut field = part.map_err(|error| ParamsError::Multipart(error.to_string()))?;
        let disposition = field.content_disposition();
        let is_file = disposition.is_some_and(|d| d.get_filename().is_some());
        let Some(key) = field.name().map(str::to_owned) else {
            return Err(ParamsError::Multipart("a part has no name".to_owned()));
        };
        let mut value = Vec::new();
        while let Some(chunk) = field.next().await {
            let chunk = chunk.map_err(|error| ParamsError::Multipart(error.to_string()))?;
            if !is_file {
                value.extend_from_slice(&chunk);
            }
        }
        if is_file {
            continue;
        }
        match String::from_utf8(value) {
            Ok(value) => params.add(Origin::Body, key, Param::Text(value))?,
            Err(_) => return Err(ParamsError::NotUtf8 { key }),
        }
    }
    Ok(())
}

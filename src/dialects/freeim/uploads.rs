//! `upload/qiniu/params`, and where clients upload to when no Qiniu account is configured: Qiniu's own form upload, and
//! the files that came by it.

use super::State;
use super::auth::{Call, state_of};
use super::qiniu::{Bad, Keys, Policy};
use super::reply::{Answer, missing, ok};
use super::wire;
use crate::blobs::Media;
use crate::config::Freeim;
use crate::http::upload::{Form, FormLimits, Uploaded, Uploads};
use crate::http::{Face, Params, Rate, download, peer, rate};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roost_actors::model::{AccountId, Timestamp, Upload};
use roost_actors::ports::{BlobId, BlobStore};
use roost_actors::{Failure, Thing};
use std::sync::Arc;

/// The access key in tokens of Roost's own.
const OWN_ACCESS_KEY: &str = "roost";
/// The longest file that is taken before its token has come, in bytes: some clients send the token after the file.
const UNPROVEN_BYTES_MAX: u64 = 16 << 20;
/// What is under a key stays what it is.
const CACHE: &str = "private, max-age=31536000, immutable";
/// Qiniu's status for a key that another file has.
const FILE_EXISTS: u16 = 614;

/// Where clients upload to.
pub struct Depot {
    place: Place,
    own: Keys,
    blobs: Arc<dyn BlobStore>,
    good_for_seconds: i64,
    bytes_max: u64,
    total_bytes_max: i64,
}

enum Place {
    /// To Qiniu: with whose keys, into which bucket, and where from its files are fetched.
    Qiniu {
        keys: Keys,
        bucket: String,
        domain: String,
    },
    Here,
}

impl Depot {
    /// `key` signs tokens of our own: the same on every node of a cluster.
    pub fn new(settings: &Freeim, key: &[u8], blobs: Arc<dyn BlobStore>) -> Depot {
        let place = match (
            &settings.qiniu_access_key,
            &settings.qiniu_secret_key,
            &settings.qiniu_bucket,
            &settings.qiniu_domain,
        ) {
            (Some(access), Some(secret), Some(bucket), Some(domain)) => Place::Qiniu {
                keys: Keys::new(access, secret.reveal().as_bytes()),
                bucket: bucket.clone(),
                domain: domain.trim_end_matches('/').to_owned(),
            },
            _ => Place::Here,
        };
        // Not the key of tokens itself: neither may pass for the other.
        let own = Keys::new(
            OWN_ACCESS_KEY,
            Keys::new("", key).seal("freeim uploads").as_bytes(),
        );
        Depot {
            place,
            own,
            blobs,
            good_for_seconds: i64::try_from(settings.upload_token_seconds).unwrap_or(i64::MAX),
            bytes_max: settings.upload_bytes,
            total_bytes_max: i64::try_from(settings.upload_total_bytes).unwrap_or(i64::MAX),
        }
    }

    /// What an account needs to know to upload.
    pub fn params(&self, request: &HttpRequest, me: AccountId, now: Timestamp) -> wire::UploadParams {
        let deadline = seconds(now).saturating_add(self.good_for_seconds);
        let policy = |scope: &str| Policy {
            scope: scope.to_owned(),
            deadline,
        };
        match &self.place {
            Place::Qiniu { keys, bucket, domain } => wire::UploadParams {
                access_domain: domain.clone(),
                upload_token: keys.token(&policy(bucket)),
                upload_url: None,
            },
            Place::Here => {
                let base = peer::base_url(request);
                let owner = me.to_string();
                wire::UploadParams {
                    access_domain: format!("{base}/api/v1/upload/files/{owner}-{}", self.own.seal(&owner)),
                    upload_token: self.own.token(&policy(&owner)),
                    upload_url: Some(format!("{base}/api/v1/upload/qiniu")),
                }
            }
        }
    }

    /// The account that a token of our own was made for.
    fn owner(&self, token: &str, now: Timestamp) -> Result<AccountId, Refused> {
        match self.own.check(token, seconds(now)) {
            Ok(policy) => {
                let owner = policy.scope.parse().map(AccountId);
                owner.map_err(|_| Refused::new(401, "bad token"))
            }
            Err(Bad::Token) => Err(Refused::new(401, "bad token")),
            Err(Bad::Expired) => Err(Refused::new(401, "expired token")),
        }
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}

pub async fn params(call: Call) -> Answer {
    let now = call.state.node.clock().now();
    ok(call.state.depot.params(&call.request, call.me.account, now), "")
}

/// A refusal as Qiniu words them.
#[derive(Clone, Debug)]
struct Refused {
    status: u16,
    why: String,
}

/// `upload/qiniu`: the form upload that Qiniu documents, with the fields `token`, `key` and `file`.
pub async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    uploads: web::Data<Uploads>,
) -> HttpResponse {
    match take_in(&request, payload, &uploads).await {
        Ok(kept) => HttpResponse::Ok().json(kept),
        Err(Refused { status, why }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            HttpResponse::build(status).json(serde_json::json!({ "error": why }))
        }
    }
}

async fn take_in(
    request: &HttpRequest,
    payload: web::Payload,
    uploads: &Uploads,
) -> Result<wire::Uploaded, Refused> {
    let state = state_of(request).map_err(|_| Refused::new(503, "not ready"))?;
    let now = state.node.clock().now();
    let mut counted = false;
    let mut refused = None;
    let admit = async |params: &Params, _: &_| {
        let Some(token) = text(params, "token") else {
            rate::check_address(request, Rate::Upload)?;
            return Ok(state.depot.bytes_max.min(UNPROVEN_BYTES_MAX));
        };
        let owner = match state.depot.owner(&token, now) {
            Ok(owner) => owner,
            Err(refusal) => {
                refused = Some(refusal);
                return Err(Failure::Forbidden("a bad token".to_owned()));
            }
        };
        rate::check_account(request, Rate::Upload, owner)?;
        counted = true;
        Ok(state.depot.bytes_max)
    };
    let received = uploads
        .receive(request, payload.into_inner(), FormLimits::default(), admit)
        .await;
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    let Form { params, mut files } = received.map_err(Refused::from)?;
    let token = text(&params, "token").ok_or(Refused::new(401, "no token specified"))?;
    let owner = state.depot.owner(&token, now)?;
    if !counted {
        rate::check_account(request, Rate::Upload, owner)?;
    }
    let key = text(&params, "key");
    if let Some(Err(failure)) = key.as_deref().map(Upload::check_key) {
        return Err(Refused::new(400, &failure.to_string()));
    }
    let file = files.pop().ok_or(Refused::new(400, "no file specified"))?;
    keep(&state, owner, key, file).await
}

fn text(params: &Params, key: &str) -> Option<String> {
    let text = params.get(key)?.text()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// Keeps a file under its key, or under its hash when the client names none.
async fn keep(
    state: &State,
    owner: AccountId,
    key: Option<String>,
    file: Uploaded,
) -> Result<wire::Uploaded, Refused> {
    let hash = short_hash(&file.stat.sha256);
    let upload = Upload {
        owner,
        key: key.unwrap_or_else(|| hash.clone()),
        blob: file.stat.id.to_string(),
        mime: file.media.mime.to_owned(),
        sha256: file.stat.sha256.clone(),
        len: i64::try_from(file.stat.len).unwrap_or(i64::MAX),
        created_at: Timestamp(0),
    };
    let (blob, offered) = (upload.blob.clone(), file.offer());
    let kept = state
        .node
        .directory()
        .add_upload(upload, state.depot.total_bytes_max)
        .await;
    match &kept {
        // The same bytes were under this key already.
        Ok(kept) if kept.blob != blob => offered.withdraw(),
        kept => offered.settle(kept),
    }
    let kept = kept?;
    Ok(wire::Uploaded { hash, key: kept.key })
}

/// A SHA-256 in hexadecimal digits, in letters that fit into an address.
fn short_hash(hex: &str) -> String {
    let pairs = hex.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(pair, 16).unwrap_or_default()
    });
    URL_SAFE_NO_PAD.encode(pairs.collect::<Vec<u8>>())
}

/// `upload/files/OWNER-SEAL/KEY`: a file, for whoever has its address.
pub async fn fetch(request: HttpRequest) -> HttpResponse {
    let sent = match state_of(&request) {
        Ok(state) => found(&state, &request).await,
        Err(_) => Err(Failure::Unavailable("the dialect has no state".to_owned())),
    };
    match sent {
        Ok(answer) => answer,
        Err(Failure::Unknown(_) | Failure::Invalid { .. }) => missing(),
        Err(failure) => {
            tracing::warn!(%failure, "a file could not be sent");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

async fn found(state: &State, request: &HttpRequest) -> Result<HttpResponse, Failure> {
    let unknown = Failure::Unknown(Thing::File);
    let path = request.match_info();
    let (owner, seal) = path.query("owner").split_once('-').ok_or(unknown.clone())?;
    if !state.depot.own.is_sealed(owner, seal) {
        return Err(unknown);
    }
    let owner = owner.parse().map(AccountId).map_err(|_| unknown.clone())?;
    let key = decoded(path.query("key")).ok_or(unknown.clone())?;
    Upload::check_key(&key)?;
    let upload = state.node.directory().upload(owner, key).await?;
    let blob = BlobId::parse(&upload.blob).ok_or(unknown)?;
    let face = Face {
        name: upload.key.rsplit('/').next().unwrap_or_default(),
        media: Media::named(&upload.mime),
        attachment: false,
        cache: CACHE,
    };
    download::file(request, state.depot.blobs.as_ref(), &blob, face).await
}

/// What the router has left of percent encoding: it keeps what stands for `/` and `%`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        let pair = std::str::from_utf8(&pair).ok()?;
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

impl Refused {
    fn new(status: u16, why: &str) -> Refused {
        Refused {
            status,
            why: why.to_owned(),
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        let status = match &failure {
            Failure::TooLong { .. } => 413,
            Failure::RateLimited { .. } => 429,
            Failure::Exists(_) => return Refused::new(FILE_EXISTS, "file exists"),
            Failure::Full { .. } => 403,
            Failure::Unknown(Thing::Account) => 401,
            Failure::Busy(_) | Failure::Unavailable(_) | Failure::OutcomeUnknown => 503,
            Failure::Internal(why) => {
                tracing::error!(%why, "an upload failed inside");
                return Refused::new(503, "not stored");
            }
            _ => 400,
        };
        Refused::new(status, &failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_of_addresses_as_they_went_in() {
        assert_eq!(decoded("a/b.png").as_deref(), Some("a/b.png"));
        assert_eq!(decoded("%2Fa%25b").as_deref(), Some("/a%b"));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_hash_is_short_and_fits_into_an_address() {
        assert_eq!(short_hash("00ff10"), "AP8Q");
    }
}

//! Files of conversations: `UploadFile`, `FileDownloadAddress`, and what their addresses lead to under `/Download`.

use super::auth::{self, Call, someone, state_of};
use super::conversation::{Place, place};
use super::form::Form;
use super::reply::{Answer, Code, Refusal, missing, said, with};
use super::{State, wire};
use crate::blobs::{Fit, Media};
use crate::http::params::of_query;
use crate::http::upload::{FormLimits, Uploaded, Uploads};
use crate::http::{Params, download};
use actix_web::{HttpRequest, HttpResponse, web};
use roost_actors::model::{AccountId, Caller, FileId, FilePlace, SharedFile, Timestamp, ViewId};
use roost_actors::ports::BlobId;
use roost_actors::{Failure, Thing};

/// What other dialects are shown in place of a file that is none of this conversation's.
pub const GONE: &str = "[file not available]";

const FILE_BYTES_MAX: u64 = 1_000 * 1_024 * 1_024;
const NO_FILE: &str = "Please provide a file!";
const EMPTY_FILE: &str = "Please provide a valid file!";
const LARGE_FILE: &str = "Please provide a file which is smaller than 1GB!";

/// The longest side that a picture is resized to.
const SIDE_MAX: i64 = 2_048;
/// Random bytes in the secret of an address.
const SECRET_BYTES: usize = 16;
/// Nobody keeps what was fetched: the right to it may end.
const CACHE: &str = "private, no-store";

impl Place {
    fn file_place(&self) -> FilePlace {
        match self {
            Place::Private(view, _) => FilePlace::View(view.id),
            Place::Group(group) => FilePlace::Group(group.info.id),
        }
    }
}

fn conversation_of(file: &SharedFile) -> i64 {
    match file.place {
        FilePlace::View(ViewId(id)) => id,
        FilePlace::Group(room) => room.0,
    }
}

pub async fn upload(request: HttpRequest, payload: web::Payload, uploads: web::Data<Uploads>) -> Answer {
    let state = state_of(&request)?;
    // Before authentication, as everywhere.
    let asked = conversation_id(of_query(&request)?)?;
    let me = Caller::person(someone(&state, &request).await?.account.id);
    let mut target = match asked {
        Some(id) => Some(upload_place(&state, me, id).await?),
        None => None,
    };
    let mut refused = None;
    let admit = async |params: &Params, _: &_| {
        if target.is_none()
            && let Some(id) = conversation_id(params.clone()).unwrap_or_default()
        {
            match upload_place(&state, me, id).await {
                Ok(found) => target = Some(found),
                Err(refusal) => {
                    refused = Some(refusal);
                    return Err(Failure::Forbidden("no such conversation".to_owned()));
                }
            }
        }
        Ok(FILE_BYTES_MAX)
    };
    let received = uploads
        .receive(&request, payload.into_inner(), FormLimits::default(), admit)
        .await;
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    let mut form = received.map_err(not_received)?;
    let target = match target {
        Some(target) => target,
        // Named after the file, or nowhere.
        None => {
            let id = conversation_id(std::mem::take(&mut form.params))?.unwrap_or_default();
            upload_place(&state, me, id).await?
        }
    };
    let file = form
        .files
        .pop()
        .ok_or_else(|| Refusal::Invalid(vec![NO_FILE.to_owned()]))?;
    keep(&state, &request, me.account, &target, file).await
}

fn conversation_id(params: Params) -> Result<Option<i64>, Refusal> {
    let form = Form::new(params);
    form.read(|f| {
        f.string("ConversationId")
            .map(|_| f.bare_number("ConversationId", 0))
    })
}

async fn upload_place(state: &State, me: Caller, id: i64) -> Result<Place, Refusal> {
    match place(state, me, id).await {
        Ok(place) => Ok(place),
        Err(Failure::Unknown(Thing::Room)) => {
            let text = format!("Could not find the target conversation with id: {id}!");
            Err(said(Code::NotFound, text))
        }
        Err(Failure::NotMember) => {
            let text = format!("You are not authorized to upload file to conversation: {id}!");
            Err(said(Code::Unauthorized, text))
        }
        Err(other) => Err(other.into()),
    }
}

fn not_received(failure: Failure) -> Refusal {
    match failure {
        Failure::TooLong { field, .. } if field == "file" => Refusal::Invalid(vec![LARGE_FILE.to_owned()]),
        Failure::Invalid { field, .. } if field == "body" => Refusal::Invalid(vec![NO_FILE.to_owned()]),
        other => other.into(),
    }
}

async fn keep(
    state: &State,
    request: &HttpRequest,
    owner: AccountId,
    target: &Place,
    file: Uploaded,
) -> Answer {
    let len = i64::try_from(file.stat.len).unwrap_or(i64::MAX);
    if len == 0 {
        return Err(Refusal::Invalid(vec![EMPTY_FILE.to_owned()]));
    }
    let shared = SharedFile {
        id: FileId(0),
        place: target.file_place(),
        owner,
        blob: file.stat.id.to_string(),
        mime: file.media.mime.to_owned(),
        name: file.part.name.replace(' ', ""),
        len,
        created_at: Timestamp(0),
    };
    let offered = file.offer();
    let kept = state.node.directory().add_file(shared).await;
    offered.settle(&kept);
    let kept = kept?;
    let uploaded = wire::Uploaded {
        value: state.file_link(request, kept.id),
        file_key: kept.id.0,
        saved_file_name: kept.name,
        file_size: kept.len,
    };
    with(uploaded, "Successfully uploaded your file!")
}

/// An address of a file of this very conversation that other dialects' clients can fetch while the file is kept.
pub async fn link_for_others(call: &Call, place: &Place, file: i64) -> Result<Option<String>, Failure> {
    match call.state.node.directory().file(FileId(file)).await {
        Ok(file) if file.place == place.file_place() => {
            Ok(Some(call.state.file_link(&call.request, file.id)))
        }
        Ok(_) | Err(Failure::Unknown(Thing::File)) => Ok(None),
        Err(other) => Err(other),
    }
}

pub async fn download_address(call: Call) -> Answer {
    let key = call.form.read(|f| f.number("FileKey", 0))?;
    let me = call.caller().await?;
    let directory = call.state.node.directory();
    let file = directory.file(FileId(key)).await?;
    let conversation = conversation_of(&file);
    match place(&call.state, me, conversation).await {
        Ok(_) => {}
        Err(Failure::NotMember | Failure::Unknown(Thing::Room)) => {
            let text = format!("You are not authorized to download file from conversation: {conversation}!");
            return Err(said(Code::Unauthorized, text));
        }
        Err(other) => return Err(other.into()),
    }
    let mut secret = [0; SECRET_BYTES];
    call.state.node.clock().random(&mut secret);
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    directory.put_ticket(auth::digest(&secret), file.id).await?;
    let path = format!(
        "{}/Download/FromSecret?Sec={secret}",
        call.state.base_url(&call.request)
    );
    let address = wire::FileAddress {
        file_name: file.name,
        download_path: path.clone(),
        documented_download_path: path,
    };
    with(address, "Successfully generated your file download address!")
}

/// `Download/FromSecret?Sec=`: the one download that an address is good for.
pub async fn from_secret(call: Call) -> Answer {
    let (secret, face) = call
        .form
        .read(|f| (f.string("Sec").unwrap_or_default(), Wanted::read(f)))?;
    let taken = call
        .state
        .node
        .directory()
        .take_ticket(auth::digest(&secret))
        .await;
    match taken {
        Ok(file) => sent(&call.state, &call.request, &file, face).await,
        Err(Failure::Unknown(_)) => Ok(missing()),
        Err(other) => Err(other.into()),
    }
}

/// `Download/FromLink/ID?Sign=`: the address in messages as other dialects see them.
pub async fn from_link(call: Call) -> Answer {
    let (id, sign, face) = call.form.read(|f| {
        (
            f.bare_number("id", 0),
            f.string("Sign").unwrap_or_default(),
            Wanted::read(f),
        )
    })?;
    let id = FileId(id);
    if auth::digest(&sign) != auth::digest(&call.state.sign_of(id)) {
        return Ok(missing());
    }
    match call.state.node.directory().file(id).await {
        Ok(file) => sent(&call.state, &call.request, &file, face).await,
        Err(Failure::Unknown(_)) => Ok(missing()),
        Err(other) => Err(other.into()),
    }
}

/// How a download is wanted: the original's `sd`, `w` and `h`.
struct Wanted {
    attachment: bool,
    width: u32,
    height: u32,
}

impl Wanted {
    fn read(fields: &super::form::Fields<'_>) -> Wanted {
        let side = |name| {
            let side = fields.bare_number(name, 0).clamp(0, SIDE_MAX);
            u32::try_from(side).unwrap_or(0)
        };
        Wanted {
            attachment: fields.string("sd").is_some(),
            width: side("w"),
            height: side("h"),
        }
    }
}

async fn sent(state: &State, request: &HttpRequest, file: &SharedFile, wanted: Wanted) -> Answer {
    let blob = BlobId::parse(&file.blob).ok_or(Failure::Unknown(Thing::File))?;
    let face = download::Face {
        name: &file.name,
        media: Media::named(&file.mime),
        attachment: wanted.attachment,
        cache: CACHE,
    };
    let sized = wanted.width > 0 || wanted.height > 0;
    if sized && file.mime.starts_with("image/") {
        let fit = Fit::Exactly(wanted.width, wanted.height);
        match state.media.picture(&blob, fit).await {
            Ok(made) => {
                let tag = format!("{blob}-{}x{}", wanted.width, wanted.height);
                return Ok(download::picture(request, &made, &tag, face));
            }
            // A picture that cannot be decoded is sent as it is.
            Err(Failure::Invalid { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    match download::file(request, state.blobs.as_ref(), &blob, face).await {
        Err(Failure::Unknown(_)) => Ok(missing()),
        answer => Ok(answer?),
    }
}

/// `Download/FromKey/KEY`: the picture of everybody who has none, as the second generation of clients asks for it.
pub async fn from_key(state: web::Data<State>) -> HttpResponse {
    super::reply::response(actix_web::http::StatusCode::OK)
        .content_type("image/png")
        .body(state.icon.clone())
}

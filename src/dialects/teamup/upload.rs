//! Forms with one picture, as `wx.uploadFile` sends them: taken in, looked at, and kept once something refers to it.

use super::State;
use super::auth::{prove_form, state_of};
use super::form::Form;
use super::reply::{Code, Refusal, bad};
use crate::blobs::Media;
use crate::blobs::{Family, Fit};
use crate::http::upload::{FormLimits, Uploaded};
use crate::http::{Params, download};
use actix_web::{HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{Account, Caller, Image};
use roost_actors::ports::BlobId;
use std::sync::Arc;

/// The side of a picture that is made only to see that the whole can be decoded.
const PROOF_SIDE: u32 = 256;

/// A form that was taken in.
pub struct Sent {
    pub state: web::Data<State>,
    pub me: Caller,
    pub form: Form,
    pub image: Image,
    file: Uploaded,
}

impl Sent {
    /// Has something refer to the picture; one that was refused is removed.
    pub async fn keep<T>(self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let offered = self.file.offer();
        let kept = work.await;
        offered.settle(&kept);
        kept
    }
}

/// Takes a form in whose file stands in `field`. Who asks is proven before a byte of it is stored.
pub async fn picture(request: &HttpRequest, payload: web::Payload, field: &str) -> Result<Sent, Refusal> {
    let state = state_of(request)?;
    let mut proven = match prove_form(&state, request, &Params::default()).await {
        Ok(account) => Some(account),
        // It may stand in the form.
        Err(refusal) if refusal.code == Code::TokenMissing => None,
        Err(refusal) => return Err(refusal),
    };
    let mut refused = None;
    let admit = async |params: &Params, part: &crate::http::upload::FilePart| {
        let admitted = admit(&state, request, params, &mut proven, part.field == field).await;
        admitted.map_err(|refusal| {
            refused = Some(refusal);
            Failure::Forbidden("refused".to_owned())
        })
    };
    let received = state
        .uploads
        .receive(request, payload.into_inner(), FormLimits::default(), admit)
        .await;
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    let account = match (proven, &received) {
        (Some(account), _) => account,
        (None, Ok(form)) => prove_form(&state, request, &form.params).await?,
        (None, Err(_)) => return Err(Code::TokenMissing.into()),
    };
    let mut form = received?;
    let file = form
        .files
        .pop()
        .ok_or_else(|| bad(format!("no file in {field}")))?;
    check(&state, &file).await?;
    Ok(Sent {
        me: Caller::person(account.id),
        form: Form::new(std::mem::take(&mut form.params)),
        image: Image {
            blob: file.stat.id.to_string(),
            mime: file.media.mime.to_owned(),
        },
        state,
        file,
    })
}

/// How long the file that is about to come may be.
async fn admit(
    state: &State,
    request: &HttpRequest,
    params: &Params,
    proven: &mut Option<Arc<Account>>,
    is_wanted: bool,
) -> Result<u64, Refusal> {
    if proven.is_none() {
        *proven = Some(prove_form(state, request, params).await?);
    }
    if !is_wanted {
        return Err(bad("the file stands in another field"));
    }
    Ok(state.settings.picture_bytes)
}

/// Refuses what is no picture: its bytes say so, or cannot be decoded.
async fn check(state: &State, file: &Uploaded) -> Result<(), Refusal> {
    if file.media.family != Family::Image {
        return Err(bad("the file is no picture"));
    }
    state
        .media
        .picture(&file.stat.id, Fit::Inside(PROOF_SIDE))
        .await?;
    Ok(())
}

/// Answers with a picture that was kept.
pub async fn send(
    state: &State,
    request: &HttpRequest,
    image: &Image,
    cache: &str,
) -> Result<actix_web::HttpResponse, Failure> {
    let blob = BlobId::parse(&image.blob).ok_or(Failure::Unknown(roost_actors::Thing::Picture))?;
    let media = Media::named(&image.mime);
    let face = download::Face {
        name: &format!("picture{}", media.suffix),
        media,
        attachment: false,
        cache,
    };
    download::file(request, state.blobs.as_ref(), &blob, face).await
}

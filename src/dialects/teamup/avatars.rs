//! Avatars of people and groups: set, shown, and shown to other dialects' clients by their address.

use super::auth::{Call, state_of};
use super::reply::{Answer, Bytes, Code, Refusal, done, user};
use super::user::whom;
use super::{State, groups, upload};
use crate::http::download::REVALIDATE;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use roost_actors::Failure;
use roost_actors::ports::BlobId;
use roost_actors::room::RoomRequest;
use roost_actors::user::UserRequest;

const FIELD: &str = "avatar";
/// The bytes behind an address never change.
const KEPT: &str = "public, max-age=86400, immutable";

/// An address under which anybody may see an avatar: what other dialects' clients are shown.
fn address(request: &HttpRequest, blob: &str) -> String {
    let connection = request.connection_info();
    format!(
        "{}://{}/user/info/avatar/shown/{blob}",
        connection.scheme(),
        connection.host()
    )
}

/// The blob that an address of ours names.
fn blob_of(address: &str) -> Option<BlobId> {
    let (rest, blob) = address.rsplit_once('/')?;
    rest.ends_with("/avatar/shown")
        .then(|| BlobId::parse(blob))
        .flatten()
}

pub async fn set_users(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::picture(&request, payload, FIELD).await?;
    let set = UserRequest::SetAvatar {
        address: address(&request, &sent.image.blob),
        image: sent.image.clone(),
    };
    let me = sent.state.node.user(sent.me.account);
    sent.keep(me.act(set)).await.map_err(user)?;
    done()
}

pub async fn users(call: Call) -> Bytes {
    let account = whom(&call).await?;
    show(&call.state, &call.request, &account.avatar).await
}

pub async fn set_groups(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::picture(&request, payload, FIELD).await?;
    let group = groups::id_in(&sent.form)?;
    let set = RoomRequest::SetAvatar {
        caller: sent.me,
        address: address(&request, &sent.image.blob),
        image: sent.image.clone(),
    };
    let room = sent.state.node.room(group);
    sent.keep(room.act(set)).await?;
    done()
}

pub async fn groups(call: Call) -> Bytes {
    let view = groups::look(&call, groups::id(&call)?).await?;
    show(&call.state, &call.request, &view.info.avatar).await
}

/// An avatar by its address, for whoever has it.
pub async fn anybodys(request: HttpRequest) -> Bytes {
    let state = state_of(&request)?;
    let blob = request.match_info().get("blob").unwrap_or_default();
    let found = match BlobId::parse(blob) {
        Some(blob) => state.node.directory().avatar(blob.to_string()).await?,
        None => None,
    };
    let image = found.ok_or(Refusal::from(Code::PictureUnknown))?;
    Ok(upload::send(&state, &request, &image, KEPT).await?)
}

/// What stands behind an account's or group's avatar, whichever dialect set it.
async fn show(state: &State, request: &HttpRequest, avatar: &str) -> Bytes {
    let kept = match blob_of(avatar) {
        Some(blob) => state.node.directory().avatar(blob.to_string()).await?,
        None => None,
    };
    if let Some(image) = kept {
        match upload::send(state, request, &image, REVALIDATE).await {
            // Another one took its place a moment ago.
            Err(Failure::Unknown(_)) => {}
            answer => return Ok(answer?),
        }
    } else if is_elsewhere(avatar) && !is_navigation(request) {
        return Ok(HttpResponse::Found()
            .insert_header((LOCATION, avatar))
            .insert_header((CACHE_CONTROL, REVALIDATE))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CACHE_CONTROL, REVALIDATE))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(state.icon.clone()))
}

/// An address that another dialect's client has set.
fn is_elsewhere(avatar: &str) -> bool {
    let plain = avatar.bytes().all(|byte| byte.is_ascii_graphic());
    plain && (avatar.starts_with("https://") || avatar.starts_with("http://"))
}

/// Whether a browser is about to leave for the address. It is somebody's word: it may lead a picture elsewhere, and
/// nobody.
fn is_navigation(request: &HttpRequest) -> bool {
    let told = request.headers().get("Sec-Fetch-Dest");
    told.is_some_and(|told| told != "image" && told != "empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ours_are_told_from_others() {
        let blob = "01234567-89ab-4def-8123-456789abcdef";
        let ours = format!("https://host/user/info/avatar/shown/{blob}");
        assert_eq!(blob_of(&ours).map(|blob| blob.to_string()).as_deref(), Some(blob));
        for other in [
            blob,
            "",
            "https://host/a.png",
            "https://host/user/info/avatar/shown/x",
            "/avatar/shown/../x",
        ] {
            assert_eq!(blob_of(other), None, "{other}");
        }
        for (address, elsewhere) in [
            ("https://host/a.png", true),
            ("http://host/a.png", true),
            ("javascript:alert(1)", false),
            ("https://host/a\r\nX: y", false),
            ("avatar.png", false),
            ("", false),
        ] {
            assert_eq!(is_elsewhere(address), elsewhere, "{address:?}");
        }
    }
}

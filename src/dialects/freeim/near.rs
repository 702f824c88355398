//! `friends/near` and `chatGroups/near`: who and what is around a place.

use super::auth::Call;
use super::form::Fields;
use super::reply::{Answer, list};
use super::{convert, wire};
use roost_actors::model::{AccountEdit, AccountId};
use roost_actors::near::{Point, Wanted};

const KILOMETRE: f64 = 1_000.0;

fn point(fields: &Fields<'_>) -> Point {
    Point {
        longitude: fields.required_float("longitude"),
        latitude: fields.required_float("latitude"),
    }
}

fn wanted(from: Point, within_km: u64, except: Option<AccountId>) -> Wanted {
    Wanted {
        from,
        within: within_km as f64 * KILOMETRE,
        limit: Wanted::LIMIT_MAX,
        except,
    }
}

/// Others who say where they are, the nearest first. The caller is at that place from then on.
pub async fn friends(call: Call) -> Answer {
    let from = call.form.read(point)?;
    let (node, me) = (&call.state.node, call.me.account);
    let wanted = wanted(from, call.state.settings.near_friend_km, Some(me));
    let near = node.directory().near_accounts(wanted).await?;
    let known = &node.card(me).await?.place;
    if (known.longitude, known.latitude) != (from.longitude, from.latitude) {
        let edit = AccountEdit {
            longitude: Some(from.longitude),
            latitude: Some(from.latitude),
            ..AccountEdit::default()
        };
        node.user(me).edit(edit).await?;
    }
    let accounts = call.state.accounts(near.iter().map(|(account, _)| account)).await;
    let shown = accounts
        .into_iter()
        .zip(&near)
        .map(|(who, (_, metres))| wire::Near {
            who,
            distance: convert::distance(*metres),
        });
    list(shown.collect())
}

pub async fn groups(call: Call) -> Answer {
    let from = call.form.read(point)?;
    let wanted = wanted(from, call.state.settings.near_group_km, None);
    let near = call.state.node.directory().near_groups(wanted).await?;
    let shown = near.iter().map(|(group, metres)| wire::Near {
        who: convert::group(group),
        distance: convert::distance(*metres),
    });
    list(shown.collect())
}

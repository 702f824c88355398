//! `chatGroups/*`: groups, their members, and requests to join.

use super::auth::Call;
use super::form::Fields;
use super::reply::{Answer, Refusal, done, list, ok, words};
use super::{convert, wire};
use roost_actors::Failure;
use roost_actors::model::{AccountId, GroupQuota, NewGroup, Place, Role, RoomId, RoomInfo, Timestamp};
use roost_actors::node::RoomRef;
use roost_actors::room::{RoomEdit, RoomRequest};
use std::collections::HashSet;

/// Groups found at once, at most.
const FOUND_MAX: i64 = 200;
const MINUTE_MS: i64 = 60_000;
/// The longest mute, in minutes: a hundred years.
const MUTE_MINUTES_MAX: i64 = 100 * 366 * 24 * 60;

/// What creating and editing a group have in common.
struct Described {
    name: String,
    avatar: String,
    intro: String,
    place: Place,
    rules: roost_actors::model::RoomRules,
}

impl Described {
    fn read(fields: &Fields<'_>) -> Described {
        Described {
            name: fields.required("name"),
            avatar: fields.text("avatar"),
            intro: fields.text("intro"),
            place: Place {
                longitude: fields.float("longitude"),
                latitude: fields.float("latitude"),
                country: fields.text("country"),
                province: fields.text("province"),
                city: fields.text("city"),
                district: fields.text("district"),
                address: fields.text("address"),
            },
            rules: convert::rules(
                fields.flag("disableAddMember"),
                fields.flag("disableViewMember"),
                fields.flag("disbaleAddGroup"),
                fields.flag("enbaleBeforeMsg"),
            ),
        }
    }
}

/// A place with every part that `over` gives; what is empty or 0 there stays as it was.
fn merged(base: Place, over: Place) -> Place {
    let number = |base: f64, over: f64| if over == 0.0 { base } else { over };
    let text = |base: String, over: String| if over.is_empty() { base } else { over };
    Place {
        longitude: number(base.longitude, over.longitude),
        latitude: number(base.latitude, over.latitude),
        country: text(base.country, over.country),
        province: text(base.province, over.province),
        city: text(base.city, over.city),
        district: text(base.district, over.district),
        address: text(base.address, over.address),
    }
}

pub async fn create(call: Call) -> Answer {
    let described = call.form.read(Described::read)?;
    let limit = call.state.settings.group_member_limit;
    let group = NewGroup {
        name: described.name,
        avatar: described.avatar,
        intro: described.intro,
        owner: call.me.account,
        members: Vec::new(),
        owner_joins: true,
        member_limit: i64::try_from(limit).unwrap_or(i64::MAX),
        rules: described.rules,
        place: described.place,
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: Timestamp(0),
    };
    let node = &call.state.node;
    let quota = GroupQuota {
        owned_max: i64::try_from(call.state.settings.groups_owned_max).ok(),
        ..GroupQuota::default()
    };
    let made = node.directory().create_group_within(group, quota).await;
    let id = made.map_err(|failure| match failure {
        Failure::Full { .. } => Refusal::Said(words::TOO_MANY_GROUPS),
        other => other.into(),
    })?;
    let info = node.room(id).look(call.me).await?.info;
    let created_at = convert::go_time(info.created_at, call.state.settings.utc_offset_hours);
    let group = wire::Group {
        created_at: Some(created_at),
        ..convert::group(&info)
    };
    ok(group, words::CREATED)
}

/// Empty texts and zeros leave a field as it is; the flags are always set, absent ones to off.
pub async fn edit(call: Call) -> Answer {
    let (id, described) = call
        .form
        .read(|fields| (fields.positive("groupId"), Described::read(fields)))?;
    let room = call.state.node.room(convert::group_id(id)?);
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let place = if described.place == Place::default() {
        None
    } else {
        Some(merged(room.look(call.me).await?.info.place, described.place))
    };
    let edit = RoomEdit {
        name: given(described.name),
        avatar: given(described.avatar),
        intro: given(described.intro),
        place,
        rules: Some(described.rules),
    };
    let request = RoomRequest::Edit {
        caller: call.me,
        edit,
        owner_only: true,
    };
    room.act(request).await?;
    done(words::CHANGED)
}

pub async fn mine(call: Call) -> Answer {
    let groups = call.state.node.user(call.me.account).groups().await?;
    listed(&groups)
}

pub async fn search(call: Call) -> Answer {
    let text = call.form.read(|fields| fields.required("name"))?;
    let groups = call.state.node.directory().search_groups(text, FOUND_MAX).await?;
    listed(&groups)
}

/// The groups that both the caller and another account are in.
pub async fn common(call: Call) -> Answer {
    let to = call.form.read(|fields| AccountId(fields.positive("toId")))?;
    let node = &call.state.node;
    let theirs: HashSet<RoomId> = node.user(to).groups().await?.iter().map(|g| g.id).collect();
    let mut both = node.user(call.me.account).groups().await?;
    both.retain(|group| theirs.contains(&group.id));
    listed(&both)
}

fn listed(groups: &[RoomInfo]) -> Answer {
    list(groups.iter().map(convert::group).collect())
}

pub async fn join(call: Call) -> Answer {
    let (id, reason) = call
        .form
        .read(|fields| (fields.positive("groupId"), fields.text("reason")))?;
    let caller = call.me;
    act(
        &call,
        id,
        RoomRequest::Apply {
            caller,
            reason,
            full_last: false,
        },
        words::APPLIED,
    )
    .await
}

pub async fn join_requests(call: Call) -> Answer {
    let requests = call.state.node.user(call.me.account).join_requests().await?;
    let zone = call.state.settings.utc_offset_hours;
    let accounts = call
        .state
        .accounts(requests.iter().map(|(_, account, _)| account))
        .await;
    let shown = requests.iter().zip(accounts);
    let shown =
        shown.map(|((request, _, group), account)| convert::group_join(request, account, group, zone));
    list(shown.collect())
}

pub async fn join_reply(call: Call) -> Answer {
    let (id, request) = call.form.read(|fields| {
        let request = RoomRequest::AnswerJoin {
            caller: call.me,
            id: None,
            account: AccountId(fields.positive("accountId")),
            accept: fields.one_of("status", &["pass", "deny"]) == "pass",
            reason: fields.text("reason"),
        };
        (fields.positive("groupId"), request)
    })?;
    act(&call, id, request, words::HANDLED).await
}

/// Anybody may look. Where members' profiles are hidden, only managers see more than names and pictures.
pub async fn info(call: Call) -> Answer {
    let room = room(&call, call.form.read(|fields| fields.positive("groupId"))?)?;
    let (view, seats) = room.seats(call.me).await?;
    if view.info.dissolved_at.is_some() {
        return Err(Failure::Dissolved.into());
    }
    let now = call.state.node.clock().now();
    let manages = view.me.as_ref().is_some_and(|me| me.role >= Role::Manager);
    let hidden = view.info.rules.members_hidden && !manages;
    let accounts = call.state.accounts(seats.iter().map(|seat| &seat.account)).await;
    let members = seats.iter().zip(accounts).map(|(seat, account)| {
        let account = if hidden && seat.account.id != call.me.account {
            convert::hidden_account(&seat.account)
        } else {
            account
        };
        convert::member(seat, account, now)
    });
    let group = wire::Group {
        members_list: Some(members.collect()),
        self_info: Some(convert::self_info(view.me.as_ref(), now)),
        ..convert::group(&view.info)
    };
    ok(group, "")
}

pub async fn dissolve(call: Call) -> Answer {
    let id = call.form.read(|fields| fields.positive("groupId"))?;
    let caller = call.me;
    act(&call, id, RoomRequest::Dissolve { caller }, words::HANDLED).await
}

pub async fn exit(call: Call) -> Answer {
    let id = call.form.read(|fields| fields.positive("groupId"))?;
    let request = RoomRequest::Leave {
        caller: call.me,
        owner_may: false,
    };
    act(&call, id, request, words::LEFT).await
}

/// The old owner leaves the group, as in the original.
pub async fn transfer(call: Call) -> Answer {
    let (id, to) = member_named(&call)?;
    let request = RoomRequest::Transfer {
        caller: call.me,
        to,
        old_leaves: true,
    };
    act(&call, id, request, words::TRANSFERRED).await
}

pub async fn kick(call: Call) -> Answer {
    let (id, account) = member_named(&call)?;
    let request = RoomRequest::Kick {
        caller: call.me,
        accounts: vec![account],
        over_managers: false,
    };
    act(&call, id, request, words::HANDLED).await
}

pub async fn manager(call: Call) -> Answer {
    let (id, account) = member_named(&call)?;
    let request = RoomRequest::SetManager {
        caller: call.me,
        account,
        manager: call.form.read(|fields| fields.flag("isManager"))?,
    };
    act(&call, id, request, words::SET).await
}

pub async fn banned(call: Call) -> Answer {
    let (id, account, minutes) = call.form.read(|fields| {
        let account = AccountId(fields.positive("toId"));
        (fields.positive("groupId"), account, fields.positive("minute"))
    })?;
    let now = call.state.node.clock().now();
    let request = RoomRequest::Mute {
        caller: call.me,
        account,
        until: now.plus_ms(minutes.min(MUTE_MINUTES_MAX) * MINUTE_MS),
    };
    act(&call, id, request, words::HANDLED).await
}

/// Brings accounts in without asking them. Managers only.
pub async fn invite(call: Call) -> Answer {
    let (id, accounts) = call
        .form
        .read(|fields| (fields.positive("groupId"), fields.required_ids("toIdList")))?;
    let request = RoomRequest::Add {
        caller: call.me,
        accounts: accounts.into_iter().map(AccountId).collect(),
        by_member: false,
    };
    act(&call, id, request, words::HANDLED).await
}

fn member_named(call: &Call) -> Result<(i64, AccountId), Refusal> {
    call.form
        .read(|fields| (fields.positive("groupId"), AccountId(fields.positive("toId"))))
}

fn room(call: &Call, id: i64) -> Result<RoomRef, Failure> {
    Ok(call.state.node.room(convert::group_id(id)?))
}

async fn act(call: &Call, id: i64, request: RoomRequest, message: &str) -> Answer {
    room(call, id)?.act(request).await?;
    done(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_keeps_the_parts_of_a_place_that_it_does_not_name() {
        let base = Place {
            longitude: 113.0,
            latitude: 22.0,
            city: "深圳".to_owned(),
            ..Place::default()
        };
        let over = Place {
            latitude: 23.0,
            address: "here".to_owned(),
            ..Place::default()
        };
        let merged = merged(base, over);
        assert_eq!((merged.longitude, merged.latitude), (113.0, 23.0));
        assert_eq!((merged.city.as_str(), merged.address.as_str()), ("深圳", "here"));
    }
}

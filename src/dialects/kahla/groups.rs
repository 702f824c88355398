//! Groups by the names they claim: `SearchGroup`, `CreateGroupConversation`, `JoinGroup`, `LeaveGroup`.

use super::auth::Call;
use super::conversation::group_summary;
use super::friends::TAKE;
use super::reply::{Answer, Code, Refusal, done, items, said, value};
use super::wire;
use roost_actors::model::{Caller, GroupQuota, NewGroup, Place, RoomId, RoomRules, Timestamp};
use roost_actors::room::RoomRequest;
use roost_actors::{Failure, Thing};

const SEARCH_UNITS_MIN: usize = 3;
const NAME_UNITS_MIN: usize = 3;
const NAME_UNITS_MAX: usize = 25;
/// The original knows no bound; this one is the core's.
const MEMBERS_MAX: i64 = 100_000;

pub async fn search_group(call: Call) -> Answer {
    let (text, take) = call.form.read(|f| {
        let name = f.text("GroupName").required().min(SEARCH_UNITS_MIN).get();
        (name, f.number("Take", TAKE))
    })?;
    call.caller().await?;
    let found = call
        .state
        .node
        .directory()
        .search_claims(text.trim().to_owned(), take)
        .await?;
    let shown: Vec<wire::GroupConversation> = found
        .iter()
        .map(|info| group_summary(&call.state, info))
        .collect();
    items(shown, "Search result is shown.")
}

pub async fn create_group(call: Call) -> Answer {
    let name = call.form.read(|f| {
        let name = f.text("GroupName").required();
        name.trimmed().min(NAME_UNITS_MIN).max(NAME_UNITS_MAX).get()
    })?;
    let me = call.caller().await?;
    let group = NewGroup {
        name: name.clone(),
        avatar: String::new(),
        intro: String::new(),
        owner: me.account,
        members: Vec::new(),
        owner_joins: true,
        member_limit: MEMBERS_MAX,
        rules: RoomRules {
            history_before_join: true,
            ..RoomRules::default()
        },
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: true,
        created_at: Timestamp(0),
    };
    let quota = GroupQuota {
        per_day_max: call.state.groups_per_day_max,
        ..GroupQuota::default()
    };
    let directory = call.state.node.directory();
    match directory.create_group_within(group, quota).await {
        Ok(id) => value(id.0, "You have successfully created a new group and joined it!"),
        Err(Failure::Exists(Thing::Name)) => Err(said(
            Code::NotEnoughResources,
            format!("A group with name: {name} was already exists!"),
        )),
        Err(Failure::RateLimited { .. }) => Err(said(
            Code::NotEnoughResources,
            "You have created too many groups today. Try it tomorrow!",
        )),
        Err(other) => Err(other.into()),
    }
}

fn name_of(call: &Call) -> Result<String, Refusal> {
    let name = call.form.read(|f| f.string("GroupName"))?;
    Ok(name.unwrap_or_default().trim().to_owned())
}

fn no_group(name: &str) -> Refusal {
    said(
        Code::NotFound,
        format!("We can not find a group with name: {name}!"),
    )
}

pub async fn join_group(call: Call) -> Answer {
    let name = name_of(&call)?;
    let me = call.caller().await?;
    let node = &call.state.node;
    let claimed = node.directory().claimed(name.clone()).await?;
    let room = claimed.ok_or_else(|| no_group(&name))?;
    match node.room(room).act(RoomRequest::Enter { caller: me }).await {
        Ok(()) => done(&format!("You have successfully joint the group: {name}!")),
        Err(Failure::Exists(Thing::Member)) => Err(said(
            Code::HasDoneAlready,
            format!("You have already joined the group: {name}!"),
        )),
        Err(Failure::Dissolved) => Err(no_group(&name)),
        Err(other) => Err(other.into()),
    }
}

pub async fn leave_group(call: Call) -> Answer {
    let name = name_of(&call)?;
    let me = call.caller().await?;
    let room = group_to_leave(&call, me, &name)
        .await?
        .ok_or_else(|| no_group(&name))?;
    match call
        .state
        .node
        .room(room)
        .act(RoomRequest::Quit { caller: me })
        .await
    {
        Ok(()) => done(&format!("You have successfully leaved the group: {name}!")),
        Err(Failure::NotMember) => Err(said(
            Code::HasDoneAlready,
            format!("You did not joined the group: {name} at all!"),
        )),
        Err(Failure::Dissolved) => Err(no_group(&name)),
        Err(other) => Err(other.into()),
    }
}

/// The group that a name means to somebody who leaves: one they are in wins, since groups of other dialects claim no name
/// and a group may be shown by another name than it claims.
async fn group_to_leave(call: &Call, me: Caller, name: &str) -> Result<Option<RoomId>, Failure> {
    let node = &call.state.node;
    let claimed = node.directory().claimed(name.to_owned()).await?;
    let mine = node.user(me.account).groups().await?;
    let folded = name.to_lowercase();
    let by_claim = claimed.filter(|room| mine.iter().any(|info| info.id == *room));
    let by_name = || {
        mine.iter()
            .find(|info| info.name.to_lowercase() == folded)
            .map(|info| info.id)
    };
    Ok(by_claim.or_else(by_name).or(claimed))
}

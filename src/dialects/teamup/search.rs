//! `/group/external/search`: groups by type, name and tags, and what a search may be completed with.

use super::auth::Call;
use super::groups::check_type;
use super::reply::{Answer, Code, Refusal, with};
use super::{convert, wire};
use roost_actors::model::{GroupQuery, HintOf};

/// Hints in one answer, at most.
const HINTS_MAX: i64 = 10;

pub async fn name_hint(call: Call) -> Answer {
    hints(&call, HintOf::Names).await
}

pub async fn tag_hint(call: Call) -> Answer {
    hints(&call, HintOf::Tags).await
}

async fn hints(call: &Call, of: HintOf) -> Answer {
    let category = call.form.required("type")?;
    let key = call.form.optional("key")?.unwrap_or_default();
    check_type(call, &category)?;
    let hints = call
        .state
        .node
        .directory()
        .hints(of, category, key, HINTS_MAX)
        .await?;
    with(&wire::Hints { hints })
}

pub async fn group(call: Call) -> Answer {
    let category = call.form.required("type")?;
    let query = query(&call, category)?;
    let found = call.state.node.directory().find_groups(query).await?;
    let shown = call.state.shown();
    let groups = found.into_iter().map(|group| convert::found_group(group, shown));
    with(&wire::Found {
        groups: groups.collect(),
    })
}

pub async fn my_group(call: Call) -> Answer {
    let category = call.form.optional("type")?.unwrap_or_default();
    let query = GroupQuery {
        member: Some(call.me.account),
        ..query(&call, category.trim().to_owned())?
    };
    let found = call.state.node.directory().find_groups(query).await?;
    let shown = call.state.shown();
    let (dismissed, live): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|group| group.dissolved_at.is_some());
    let list = |groups: Vec<_>| {
        let groups = groups.into_iter().map(|group| convert::found_group(group, shown));
        groups.collect()
    };
    with(&wire::FoundMine {
        groups: list(live),
        dismissed_groups: list(dismissed),
    })
}

/// An empty category is any.
fn query(call: &Call, category: String) -> Result<GroupQuery, Refusal> {
    let form = &call.form;
    let key = form.optional("key")?.unwrap_or_default();
    let tags = form.texts("tags")?;
    let sort = form.optional("sort_method")?;
    let order = form.optional("sort_order")?;
    if !category.is_empty() {
        check_type(call, &category)?;
    }
    let sort = sort.map_or(Some(Default::default()), |name| convert::sort_by(&name));
    let ascending = order.map_or(Some(false), |name| convert::ascends(&name));
    Ok(GroupQuery {
        category,
        key: key.trim().to_owned(),
        tags,
        member: None,
        sort: sort.ok_or(Code::MethodUnknown)?,
        ascending: ascending.ok_or(Code::OrderUnknown)?,
        limit: i64::try_from(call.state.settings.search_results).unwrap_or(i64::MAX),
    })
}

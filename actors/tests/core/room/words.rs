//! The words of a script, turned into requests.

use super::people::id;
use roost_actors::model::{AccountId, Caller, HistoryQuery, Place, RoomRules, Seq, Timestamp};
use roost_actors::room::{RoomEdit, RoomRequest};

pub fn number(word: &str) -> i64 {
    word.parse().unwrap_or_else(|_| panic!("{word} is no number"))
}

pub fn page(caller: Caller, from: i64, to: i64, whole: bool) -> RoomRequest {
    let query = HistoryQuery {
        from_seq: Seq(from),
        to_seq: Seq(to),
        ..HistoryQuery::all()
    };
    RoomRequest::Page { caller, query, whole }
}

fn ids(names: &str) -> Vec<AccountId> {
    names.split(',').filter(|name| !name.is_empty()).map(id).collect()
}

fn rules(words: &[&str]) -> RoomRules {
    RoomRules {
        invite_off: words.contains(&"no-invites"),
        members_hidden: words.contains(&"hidden-members"),
        join_off: words.contains(&"no-joining"),
        history_before_join: words.contains(&"old-history"),
    }
}

pub fn change(caller: Caller, words: &[&str]) -> RoomRequest {
    if let Some(edit) = edit(words) {
        let owner_only = words.last() == Some(&"as-owner");
        return RoomRequest::Edit {
            caller,
            edit,
            owner_only,
        };
    }
    let add = |names, by_member| RoomRequest::Add {
        caller,
        accounts: ids(names),
        by_member,
    };
    let leave = |owner_may| RoomRequest::Leave { caller, owner_may };
    match *words {
        ["adds", names] => add(names, false),
        ["invites", names] => add(names, true),
        ["enters"] => RoomRequest::Enter { caller },
        ["leaves"] => leave(false),
        ["leaves", "anyway"] => leave(true),
        ["nicks", name] => RoomRequest::SetNickname {
            caller,
            nickname: name.to_owned(),
        },
        ["quiets"] => RoomRequest::SetQuiet { caller, quiet: true },
        ["dissolves"] => RoomRequest::Dissolve { caller },
        ["applies", ref reason @ ..] => RoomRequest::Apply {
            caller,
            reason: reason.concat(),
            full_last: false,
        },
        [verb, whom, ref rest @ ..] => towards(caller, verb, whom, rest),
        _ => panic!("nobody understands {words:?}"),
    }
}

/// New settings of the group, if that is what the words are about.
fn edit(words: &[&str]) -> Option<RoomEdit> {
    match *words {
        ["renames", name] | ["renames", name, "as-owner"] => Some(RoomEdit {
            name: Some(name.to_owned()),
            ..RoomEdit::default()
        }),
        ["rules", ref words @ ..] => Some(RoomEdit {
            rules: Some(rules(words)),
            ..RoomEdit::default()
        }),
        ["places", latitude] => Some(RoomEdit {
            place: Some(Place {
                latitude: number(latitude) as f64,
                ..Place::default()
            }),
            ..RoomEdit::default()
        }),
        _ => None,
    }
}

/// What somebody does to somebody.
fn towards(caller: Caller, verb: &str, whom: &str, rest: &[&str]) -> RoomRequest {
    let set_manager = |manager| RoomRequest::SetManager {
        caller,
        account: id(whom),
        manager,
    };
    match (verb, rest) {
        ("accepts", []) => answer_join(caller, whom, true),
        ("denies", []) => answer_join(caller, whom, false),
        ("kicks", []) => RoomRequest::Kick {
            caller,
            accounts: ids(whom),
            over_managers: false,
        },
        ("outranks", []) => RoomRequest::Kick {
            caller,
            accounts: ids(whom),
            over_managers: true,
        },
        ("switches", []) => RoomRequest::SwitchManager {
            caller,
            account: id(whom),
        },
        ("promotes", []) => set_manager(true),
        ("demotes", []) => set_manager(false),
        ("mutes", [ms]) => RoomRequest::Mute {
            caller,
            account: id(whom),
            until: Timestamp(1_000_000 + number(ms)),
        },
        ("hands", [] | ["and-leaves"]) => RoomRequest::Transfer {
            caller,
            to: id(whom),
            old_leaves: !rest.is_empty(),
        },
        _ => panic!("nobody understands {verb} {whom} {rest:?}"),
    }
}

fn answer_join(caller: Caller, who: &str, accept: bool) -> RoomRequest {
    RoomRequest::AnswerJoin {
        caller,
        id: None,
        account: id(who),
        accept,
        reason: String::new(),
    }
}

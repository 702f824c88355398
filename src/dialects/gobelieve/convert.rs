//! From the core's model to GoBelieve's objects and back. Pure.

use super::wire;
use roost_actors::model::{Account, AccountId, RoomId, RoomInfo, Seat};
use roost_actors::{Failure, Thing};

/// The account a client names.
pub fn account_id(id: i64) -> Result<AccountId, Failure> {
    // 0 is the operator's app server.
    if id > 0 {
        Ok(AccountId(id))
    } else {
        Err(Failure::Unknown(Thing::Account))
    }
}

/// The group a client names. Group ids stay below account ids; no other number is a group.
pub fn group_id(id: i64) -> Result<RoomId, Failure> {
    if (1..AccountId::FIRST.0).contains(&id) {
        Ok(RoomId(id))
    } else {
        Err(Failure::Unknown(Thing::Room))
    }
}

/// The name others see, empty when there is none.
#[must_use]
pub fn name(account: &Account) -> String {
    if account.nickname.is_empty() {
        account.username.clone().unwrap_or_default()
    } else {
        account.nickname.clone()
    }
}

#[must_use]
pub fn member(seat: &Seat) -> wire::Member {
    let own = &seat.member.nickname;
    wire::Member {
        uid: seat.account.id.0,
        name: if own.is_empty() {
            name(&seat.account)
        } else {
            own.clone()
        },
    }
}

/// A group without what must be asked for.
#[must_use]
pub fn group(app_id: i64, info: &RoomInfo) -> wire::Group {
    wire::Group {
        id: info.id.0,
        appid: app_id,
        master: info.owner.0,
        is_super: u8::from(info.super_group),
        name: info.name.clone(),
        members: None,
        quiet: None,
    }
}

/// The accounts of a list, each once, in the order given.
pub fn accounts(named: Vec<wire::Named>) -> Result<Vec<AccountId>, Failure> {
    let mut accounts = Vec::with_capacity(named.len());
    let mut seen = std::collections::HashSet::new();
    for named in named {
        let (wire::Named::Id(id) | wire::Named::Object { uid: id }) = named;
        let account = account_id(id.0)?;
        if seen.insert(account) {
            accounts.push(account);
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::super::body::Id;
    use super::*;

    #[test]
    fn ids_outside_their_ranges_name_nothing() {
        assert!(account_id(0).is_err() && account_id(-1).is_err() && account_id(1).is_ok());
        assert!(group_id(0).is_err() && group_id(10_000_000).is_err() && group_id(9_999_999).is_ok());
        // A direct room is no group.
        assert!(group_id(RoomId::FIRST_DIRECT.0).is_err());
    }

    #[test]
    fn an_account_named_twice_counts_once() {
        let named = [5, 3, 5].map(|id| wire::Named::Id(Id(id))).into();
        assert_eq!(accounts(named), Ok(vec![AccountId(5), AccountId(3)]));
        assert!(accounts(vec![wire::Named::Id(Id(0))]).is_err());
    }

    #[test]
    fn a_member_without_a_nickname_goes_by_its_login_name() {
        let mut account = Account::default();
        assert_eq!(name(&account), "");
        account.username = Some("ann".to_owned());
        assert_eq!(name(&account), "ann");
        account.nickname = "Ann".to_owned();
        assert_eq!(name(&account), "Ann");
    }
}

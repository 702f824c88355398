//! From the core's model to team-up's objects and back. Pure.

use roost_actors::model::{Account, Timestamp};
use time::{OffsetDateTime, UtcOffset};

/// What people are called who have not said how.
pub const NAMELESS: &str = "微信用户";

/// A time as `%Y/%m/%d %H:%M:%S`, so many hours from UTC.
#[must_use]
pub fn time(at: Timestamp, utc_offset_hours: i64) -> String {
    let hours = i8::try_from(utc_offset_hours).unwrap_or(0);
    let offset = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
    let shown = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset);
    format!(
        "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
        shown.year(),
        u8::from(shown.month()),
        shown.day(),
        shown.hour(),
        shown.minute(),
        shown.second()
    )
}

/// What a person is called: people of other dialects may have no nickname.
#[must_use]
pub fn display_name(account: &Account) -> String {
    let names = [Some(&account.nickname), account.username.as_ref()];
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    name.cloned().unwrap_or_else(|| account.id.to_string())
}

/// The id a person is shown by: the one at WeChat where there is one and it is wanted, otherwise the account's number.
#[must_use]
pub fn shown_id(account: &Account, openid_shown: bool) -> String {
    match &account.external {
        Some(openid) if openid_shown => openid.clone(),
        _ => account.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::AccountId;

    #[test]
    fn times_are_shown_in_the_zone() {
        let at = Timestamp(1_700_000_000_999);
        assert_eq!(time(at, 8), "2023/11/15 06:13:20");
        assert_eq!(time(at, 0), "2023/11/14 22:13:20");
        assert_eq!(time(Timestamp(0), -12), "1969/12/31 12:00:00");
    }

    #[test]
    fn people_are_called_by_what_they_have() {
        let mut account = Account {
            id: AccountId(10_000_007),
            ..Account::default()
        };
        assert_eq!(display_name(&account), "10000007");
        account.username = Some("bob".to_owned());
        assert_eq!(display_name(&account), "bob");
        account.nickname = "Bob".to_owned();
        account.external = Some("oAbc".to_owned());
        assert_eq!(display_name(&account), "Bob");
        assert_eq!(shown_id(&account, true), "oAbc");
        assert_eq!(shown_id(&account, false), "10000007");
    }
}

//! From the core's model to Kahla's objects and back. Pure.

use super::wire;
use roost_actors::model::{Account, Timestamp};
use time::OffsetDateTime;

/// The picture of whoever has none, and the key it has in the second generation of clients.
pub const USER_ICON: &str = "https://cdn.aiursoft.com/images/userdefaulticon.png";
pub const USER_ICON_KEY: i64 = 739;
/// The same of groups.
pub const GROUP_ICON: &str = "https://cdn.aiursoft.com/images/appdefaulticon.png";
pub const GROUP_ICON_KEY: i64 = 740;

/// The letters of a value: what `AuthByPassword` gives out.
const VALUE_LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The length of a value.
pub const VALUE_CHARS: usize = 30;

/// A time as .NET writes it: UTC, with `Z`, trailing zeros of the fraction dropped.
#[must_use]
pub fn net_time(at: Timestamp) -> String {
    let shown =
        OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (shown.date(), shown.time());
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    let millis = at.0.rem_euclid(1_000);
    if millis != 0 {
        let fraction = format!("{millis:03}");
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// A text that this dialect shows as null when it is empty.
#[must_use]
pub fn nullable(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[must_use]
pub fn user(account: &Account) -> wire::User {
    wire::User {
        id: account.uuid.clone(),
        bio: nullable(&account.intro),
        nick_name: display_name(account),
        sex: nullable(&account.gender),
        head_img_url: image_or(&account.avatar, USER_ICON),
        head_img_file_key: USER_ICON_KEY,
        prefered_language: "en",
        account_create_time: net_time(account.created_at),
        email_confirmed: false,
        email: account.email.clone(),
    }
}

/// Accounts made through other dialects may have no nickname.
#[must_use]
pub fn display_name(account: &Account) -> String {
    if !account.nickname.is_empty() {
        return account.nickname.clone();
    }
    let login = account
        .username
        .as_ref()
        .or(account.email.as_ref())
        .or(account.mobile.as_ref());
    match login {
        Some(login) => login.split('@').next().unwrap_or(login).to_owned(),
        None => account.id.to_string(),
    }
}

/// What a registering person is called at first: the part of the address before the `@`.
#[must_use]
pub fn name_of_email(email: &str) -> String {
    email.split('@').next().unwrap_or(email).to_owned()
}

#[must_use]
pub fn image_or(image: &str, default: &str) -> String {
    if image.is_empty() {
        default.to_owned()
    } else {
        image.to_owned()
    }
}

/// A value from as many random bytes; letters from the top of a byte's range that would favour some are drawn again.
#[must_use]
pub fn value_from(random: impl FnMut(&mut [u8])) -> String {
    let mut random = random;
    let mut value = String::with_capacity(VALUE_CHARS);
    // The largest multiple of 36 in a byte.
    const FAIR: u8 = 252;
    let mut bytes = [0; VALUE_CHARS * 2];
    while value.len() < VALUE_CHARS {
        random(&mut bytes);
        let letters = bytes.iter().filter(|byte| **byte < FAIR);
        let letters = letters.map(|byte| char::from(VALUE_LETTERS[usize::from(byte % 36)]));
        value.extend(letters.take(VALUE_CHARS - value.len()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::AccountId;

    #[test]
    fn times_are_written_as_by_dotnet() {
        assert_eq!(net_time(Timestamp(1_537_409_746_670)), "2018-09-20T02:15:46.67Z");
        assert_eq!(net_time(Timestamp(1_537_409_746_000)), "2018-09-20T02:15:46Z");
        assert_eq!(net_time(Timestamp(0)), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn values_are_thirty_capital_letters_and_digits() {
        let mut next = 0_u8;
        let value = value_from(|bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(7);
            }
        });
        assert_eq!(value.len(), VALUE_CHARS);
        assert!(value.bytes().all(|byte| VALUE_LETTERS.contains(&byte)), "{value}");
    }

    #[test]
    fn an_account_of_another_dialect_has_a_name_and_a_picture() {
        let account = Account {
            id: AccountId::FIRST,
            uuid: "u".to_owned(),
            username: Some("anna".to_owned()),
            ..Account::default()
        };
        let shown = user(&account);
        assert_eq!(
            (shown.nick_name.as_str(), shown.head_img_url.as_str()),
            ("anna", USER_ICON)
        );
        assert_eq!((shown.bio, shown.sex, shown.email), (None, None, None));
        assert_eq!(shown.head_img_file_key, USER_ICON_KEY);
    }
}

//! A user's rules as a value: which change a request asks for, and what it does to the cache. Pure.

use super::contact_groups::ContactGroups;
use super::messages::{Relation, UserRequest};
use crate::failure::{Failure, Thing};
use crate::model::account::check_degrees;
use crate::model::{Account, AccountEdit, AccountId, Contact, ContactGroup, Push, Timestamp};
use crate::ports::{UserChange, UserSnapshot};
use std::collections::HashMap;

/// What one account has, as far as its actor must know it to decide.
#[derive(Debug)]
pub struct UserState {
    account: Account,
    contacts: HashMap<AccountId, Contact>,
    contact_groups: ContactGroups,
}

/// Who must hear of a stored change, and what.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Show the account's sessions this.
    Push(AccountId, Push),
    /// The account's actor must drop its cache.
    Forget(AccountId),
    /// The direct room of this user and the peer must know of the block before the caller is answered.
    Block { peer: AccountId, blocked: bool },
    /// This actor's own cache is stale.
    Reload,
}

/// The longest text of each field, in bytes (four times the original columns' characters).
const FIELDS_BYTES_MAX: [(&str, usize); 9] = [
    ("nickname", 200),
    ("avatar", 2_000),
    ("gender", 40),
    ("birth", 400),
    ("intro", 4_000),
    ("country", 200),
    ("province", 200),
    ("city", 200),
    ("district", 200),
];
const REASON_BYTES_MAX: usize = 400;
const REMARK_BYTES_MAX: usize = 400;
const LABEL_BYTES_MAX: usize = 4_000;
/// Contacts of one account, at most.
pub const CONTACTS_MAX: usize = 10_000;

impl UserState {
    #[must_use]
    pub fn new(snapshot: UserSnapshot) -> UserState {
        let contacts = snapshot.contacts.into_iter().map(|c| (c.peer, c)).collect();
        UserState {
            account: snapshot.account,
            contacts,
            contact_groups: ContactGroups::new(snapshot.contact_groups),
        }
    }

    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// By id.
    #[must_use]
    pub fn contact_groups(&self) -> &[ContactGroup] {
        self.contact_groups.all()
    }

    #[must_use]
    pub fn relation(&self, peer: AccountId) -> Relation {
        Relation {
            contact: self.contacts.get(&peer).cloned(),
        }
    }

    /// The change a request asks for; `None` when it is not a change.
    #[expect(clippy::too_many_lines, reason = "one arm a request")]
    pub fn decide(&self, request: &UserRequest, now: Timestamp) -> Result<Option<UserChange>, Failure> {
        let change = match request {
            UserRequest::Edit(edit) => {
                check_edit(edit)?;
                UserChange::Edit(edit.clone())
            }
            UserRequest::SetAvatar { image, address } => {
                check_edit(&AccountEdit {
                    avatar: Some(address.clone()),
                    ..AccountEdit::default()
                })?;
                UserChange::SetAvatar {
                    image: image.clone(),
                    address: address.clone(),
                    at: now,
                }
            }
            UserRequest::SetPassword { hash } => UserChange::SetPassword {
                hash: hash.clone(),
                at: now,
            },
            UserRequest::AskFriend { to, reason } => {
                Failure::check_len("reason", reason, REASON_BYTES_MAX)?;
                if *to == self.account.id {
                    return Err(Failure::invalid("the receiver", "is the account itself"));
                }
                if self.contacts.contains_key(to) {
                    return Err(Failure::Exists(Thing::Contact));
                }
                self.room_for_one_more()?;
                UserChange::AskFriend {
                    to: *to,
                    reason: reason.clone(),
                    at: now,
                }
            }
            UserRequest::AnswerFriend { from, accept, reason } => {
                Failure::check_len("reason", reason, REASON_BYTES_MAX)?;
                UserChange::AnswerFriend {
                    from: *from,
                    accept: *accept,
                    reason: reason.clone(),
                    at: now,
                }
            }
            UserRequest::AskFriendship { to } => {
                if *to == self.account.id {
                    return Err(Failure::invalid("the receiver", "is the account itself"));
                }
                self.room_for_one_more()?;
                UserChange::AskFriendship { to: *to, at: now }
            }
            UserRequest::EndFriendship { peer } => UserChange::EndFriendship { peer: *peer },
            UserRequest::RemoveContact { peer } => {
                self.contact(*peer)?;
                UserChange::RemoveContact { peer: *peer }
            }
            UserRequest::Block { peer } => {
                if *peer == self.account.id {
                    return Err(Failure::invalid("the blocked", "is the account itself"));
                }
                self.room_for_one_more()?;
                UserChange::Block { peer: *peer, at: now }
            }
            UserRequest::Unblock { peer } => {
                if !self.relation(*peer).is_blocked() {
                    return Err(Failure::Unknown(Thing::Block));
                }
                UserChange::Unblock { peer: *peer }
            }
            UserRequest::SetRemark { peer, remark } => {
                Failure::check_len("remark", remark, REMARK_BYTES_MAX)?;
                self.contact(*peer)?;
                UserChange::SetRemark {
                    peer: *peer,
                    remark: remark.clone(),
                }
            }
            UserRequest::SetLabel { peer, label } => {
                Failure::check_len("label", label, LABEL_BYTES_MAX)?;
                self.contact(*peer)?;
                UserChange::SetLabel {
                    peer: *peer,
                    label: label.clone(),
                }
            }
            request => {
                let held = |peer| self.contacts.contains_key(&peer);
                return self.contact_groups.decide(request, held);
            }
        };
        Ok(Some(change))
    }

    /// Who is told of a change once it is stored.
    #[must_use]
    pub fn told(&self, change: &UserChange) -> Vec<Told> {
        let me = self.account.id;
        match change {
            UserChange::Edit(_) | UserChange::SetAvatar { .. } | UserChange::SetPassword { .. } => {
                vec![Told::Reload]
            }
            UserChange::AskFriend { to, .. } | UserChange::AskFriendship { to, .. } => {
                vec![Told::Push(*to, Push::FriendRequested { from: me, to: *to })]
            }
            UserChange::AnswerFriend {
                from, accept: true, ..
            } => vec![
                Told::Reload,
                Told::Forget(*from),
                Told::Push(*from, Push::FriendAccepted { from: *from, to: me }),
            ],
            UserChange::AnswerFriend { accept: false, .. } => Vec::new(),
            UserChange::EndFriendship { peer, .. } => vec![
                Told::Reload,
                Told::Forget(*peer),
                Told::Block {
                    peer: *peer,
                    blocked: false,
                },
                Told::Push(*peer, Push::FriendRemoved { by: me, to: *peer }),
            ],
            UserChange::RemoveContact { peer } => vec![
                Told::Reload,
                Told::Block {
                    peer: *peer,
                    blocked: false,
                },
                Told::Push(*peer, Push::FriendRemoved { by: me, to: *peer }),
            ],
            UserChange::Block { peer, .. } => {
                vec![
                    Told::Reload,
                    Told::Block {
                        peer: *peer,
                        blocked: true,
                    },
                ]
            }
            UserChange::Unblock { peer } => {
                vec![
                    Told::Reload,
                    Told::Block {
                        peer: *peer,
                        blocked: false,
                    },
                ]
            }
            UserChange::SetRemark { .. } | UserChange::SetLabel { .. } => vec![Told::Reload],
            UserChange::AddContactGroup { .. }
            | UserChange::RemoveContactGroup { .. }
            | UserChange::RenameContactGroup { .. }
            | UserChange::AddToContactGroup { .. }
            | UserChange::RemoveFromContactGroup { .. } => vec![Told::Reload],
        }
    }

    fn contact(&self, peer: AccountId) -> Result<&Contact, Failure> {
        self.contacts.get(&peer).ok_or(Failure::NotFriends)
    }

    fn room_for_one_more(&self) -> Result<(), Failure> {
        if self.contacts.len() >= CONTACTS_MAX {
            return Err(Failure::Full {
                what: "the contact list".to_owned(),
                max: CONTACTS_MAX as i64,
            });
        }
        Ok(())
    }
}

fn check_edit(edit: &AccountEdit) -> Result<(), Failure> {
    let texts = [
        &edit.nickname,
        &edit.avatar,
        &edit.gender,
        &edit.birth,
        &edit.intro,
        &edit.country,
        &edit.province,
        &edit.city,
        &edit.district,
    ];
    for ((field, max), text) in FIELDS_BYTES_MAX.iter().zip(texts) {
        if let Some(text) = text {
            Failure::check_len(field, text, *max)?;
        }
    }
    check_degrees("longitude", edit.longitude.unwrap_or_default(), 180.0)?;
    check_degrees("latitude", edit.latitude.unwrap_or_default(), 90.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId(1);
    const BOB: AccountId = AccountId(2);

    fn ann_with(contacts: Vec<Contact>) -> UserState {
        UserState::new(UserSnapshot {
            account: Account {
                id: ANN,
                ..Account::default()
            },
            contacts,
            contact_groups: Vec::new(),
        })
    }

    fn bob(friend: bool, blocked: bool) -> Contact {
        Contact {
            owner: ANN,
            peer: BOB,
            friend,
            blocked,
            ..Contact::default()
        }
    }

    #[test]
    fn nobody_asks_a_contact_to_become_a_friend() {
        let ask = UserRequest::AskFriend {
            to: BOB,
            reason: String::new(),
        };
        assert!(ann_with(vec![]).decide(&ask, Timestamp(1)).is_ok());
        let refused = ann_with(vec![bob(false, true)]).decide(&ask, Timestamp(1));
        assert_eq!(refused, Err(Failure::Exists(Thing::Contact)));
    }

    #[test]
    fn only_a_block_can_be_lifted() {
        let lift = UserRequest::Unblock { peer: BOB };
        let refused = ann_with(vec![bob(true, false)]).decide(&lift, Timestamp(1));
        assert_eq!(refused, Err(Failure::Unknown(Thing::Block)));
        assert!(
            ann_with(vec![bob(true, true)])
                .decide(&lift, Timestamp(1))
                .is_ok()
        );
    }

    #[test]
    fn a_remark_needs_a_contact_and_has_a_bound() {
        let remark = |text: &str| UserRequest::SetRemark {
            peer: BOB,
            remark: text.to_owned(),
        };
        assert_eq!(
            ann_with(vec![]).decide(&remark("x"), Timestamp(1)),
            Err(Failure::NotFriends)
        );
        let long = "x".repeat(401);
        let refused = ann_with(vec![bob(true, false)]).decide(&remark(&long), Timestamp(1));
        assert!(matches!(refused, Err(Failure::TooLong { .. })));
    }

    #[test]
    fn the_direct_room_hears_of_a_block() {
        let told = ann_with(vec![]).told(&UserChange::Block {
            peer: BOB,
            at: Timestamp(1),
        });
        assert!(told.contains(&Told::Block {
            peer: BOB,
            blocked: true
        }));
    }

    #[test]
    fn a_position_off_the_globe_is_refused() {
        let edit = AccountEdit {
            latitude: Some(90.5),
            ..AccountEdit::default()
        };
        let refused = ann_with(vec![]).decide(&UserRequest::Edit(edit), Timestamp(1));
        assert!(matches!(refused, Err(Failure::Invalid { .. })));
    }
}

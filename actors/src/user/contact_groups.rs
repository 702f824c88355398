//! The rules of an account's groups of contacts: names, members and bounds. Pure.

use super::messages::UserRequest;
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, ContactGroup, ContactGroupId};
use crate::ports::UserChange;

/// Groups of one account, at most.
pub const CONTACT_GROUPS_MAX: usize = 200;
/// Members of all groups of one account together, at most: they are listed in one answer.
pub const CONTACT_GROUP_MEMBERS_MAX: usize = 20_000;
/// The longest name, in bytes (four times the original column's characters).
const NAME_BYTES_MAX: usize = 200;

/// The groups of one account, by id.
#[derive(Debug, Default)]
pub struct ContactGroups(Vec<ContactGroup>);

impl ContactGroups {
    #[must_use]
    pub fn new(groups: Vec<ContactGroup>) -> ContactGroups {
        ContactGroups(groups)
    }

    #[must_use]
    pub fn all(&self) -> &[ContactGroup] {
        &self.0
    }

    /// The change that a request about groups asks for; `None` when it is about something else. `held` says whether
    /// an account is a contact.
    pub fn decide(
        &self,
        request: &UserRequest,
        held: impl Fn(AccountId) -> bool,
    ) -> Result<Option<UserChange>, Failure> {
        let change = match request {
            UserRequest::AddContactGroup { name, members } => {
                self.check_name(name, None)?;
                if self.0.len() >= CONTACT_GROUPS_MAX {
                    return Err(full("the list of contact groups", CONTACT_GROUPS_MAX));
                }
                UserChange::AddContactGroup {
                    name: name.clone(),
                    members: self.newcomers(None, members, held)?,
                }
            }
            UserRequest::RemoveContactGroup { group } => {
                self.find(*group)?;
                UserChange::RemoveContactGroup { group: *group }
            }
            UserRequest::RenameContactGroup { group, name } => {
                self.find(*group)?;
                self.check_name(name, Some(*group))?;
                UserChange::RenameContactGroup {
                    group: *group,
                    name: name.clone(),
                }
            }
            UserRequest::AddToContactGroup { group, members } => {
                let group = self.find(*group)?;
                UserChange::AddToContactGroup {
                    group: group.id,
                    members: self.newcomers(Some(group), members, held)?,
                }
            }
            UserRequest::RemoveFromContactGroup { group, members } => {
                let group = self.find(*group)?;
                let mut members = members.clone();
                members.retain(|member| group.members.contains(member));
                UserChange::RemoveFromContactGroup {
                    group: group.id,
                    members,
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(change))
    }

    fn find(&self, id: ContactGroupId) -> Result<&ContactGroup, Failure> {
        let found = self.0.iter().find(|group| group.id == id);
        found.ok_or(Failure::Unknown(Thing::ContactGroup))
    }

    fn check_name(&self, name: &str, of: Option<ContactGroupId>) -> Result<(), Failure> {
        if name.is_empty() {
            return Err(Failure::invalid("name", "must not be empty"));
        }
        Failure::check_len("name", name, NAME_BYTES_MAX)?;
        if self
            .0
            .iter()
            .any(|group| group.name == name && Some(group.id) != of)
        {
            return Err(Failure::Exists(Thing::ContactGroup));
        }
        Ok(())
    }

    /// Those who are not in the group yet, each once.
    fn newcomers(
        &self,
        group: Option<&ContactGroup>,
        members: &[AccountId],
        held: impl Fn(AccountId) -> bool,
    ) -> Result<Vec<AccountId>, Failure> {
        let mut fresh = members.to_vec();
        fresh.sort_unstable();
        fresh.dedup();
        if !fresh.iter().all(|member| held(*member)) {
            return Err(Failure::NotFriends);
        }
        fresh.retain(|member| !group.is_some_and(|group| group.members.contains(member)));
        let there: usize = self.0.iter().map(|group| group.members.len()).sum();
        if there + fresh.len() > CONTACT_GROUP_MEMBERS_MAX {
            return Err(full("the contact groups", CONTACT_GROUP_MEMBERS_MAX));
        }
        Ok(fresh)
    }
}

fn full(what: &str, max: usize) -> Failure {
    Failure::Full {
        what: what.to_owned(),
        max: max as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: ContactGroupId = ContactGroupId(1);
    const HOME: ContactGroupId = ContactGroupId(2);

    fn groups() -> ContactGroups {
        let group = |id, name: &str, members: &[i64]| ContactGroup {
            id,
            name: name.to_owned(),
            members: members.iter().copied().map(AccountId).collect(),
        };
        ContactGroups::new(vec![group(WORK, "work", &[5]), group(HOME, "home", &[])])
    }

    /// Contacts are 5 to 9.
    fn decide(request: &UserRequest) -> Result<Option<UserChange>, Failure> {
        groups().decide(request, |peer| (5..10).contains(&peer.0))
    }

    fn ids(ids: &[i64]) -> Vec<AccountId> {
        ids.iter().copied().map(AccountId).collect()
    }

    #[test]
    fn a_name_is_one_groups_alone_and_its_own_group_may_keep_it() {
        let add = |name: &str| UserRequest::AddContactGroup {
            name: name.to_owned(),
            members: vec![],
        };
        assert_eq!(decide(&add("work")), Err(Failure::Exists(Thing::ContactGroup)));
        assert!(matches!(decide(&add("sports")), Ok(Some(_))));
        assert!(matches!(decide(&add("")), Err(Failure::Invalid { .. })));
        assert!(matches!(
            decide(&add(&"x".repeat(201))),
            Err(Failure::TooLong { .. })
        ));
        let rename = |group, name: &str| UserRequest::RenameContactGroup {
            group,
            name: name.to_owned(),
        };
        assert!(matches!(decide(&rename(WORK, "work")), Ok(Some(_))));
        assert_eq!(
            decide(&rename(HOME, "work")),
            Err(Failure::Exists(Thing::ContactGroup))
        );
        assert_eq!(
            decide(&rename(ContactGroupId(3), "x")),
            Err(Failure::Unknown(Thing::ContactGroup))
        );
    }

    #[test]
    fn only_contacts_are_put_into_a_group_and_each_once() {
        let add = |members: &[i64]| UserRequest::AddToContactGroup {
            group: WORK,
            members: ids(members),
        };
        assert_eq!(decide(&add(&[6, 4])), Err(Failure::NotFriends));
        let change = UserChange::AddToContactGroup {
            group: WORK,
            members: ids(&[6]),
        };
        assert_eq!(decide(&add(&[6, 5, 6])), Ok(Some(change)));
    }

    #[test]
    fn taking_out_who_is_not_in_it_is_no_matter() {
        let request = UserRequest::RemoveFromContactGroup {
            group: WORK,
            members: ids(&[5, 99]),
        };
        let change = UserChange::RemoveFromContactGroup {
            group: WORK,
            members: ids(&[5]),
        };
        assert_eq!(decide(&request), Ok(Some(change)));
    }

    #[test]
    fn groups_and_their_members_have_a_bound() {
        let many = (1..=CONTACT_GROUPS_MAX as i64).map(|id| ContactGroup {
            id: ContactGroupId(id),
            name: id.to_string(),
            members: Vec::new(),
        });
        let full = ContactGroups::new(many.collect());
        let one_more = UserRequest::AddContactGroup {
            name: "x".to_owned(),
            members: vec![],
        };
        let refused = full.decide(&one_more, |_| true);
        assert!(matches!(refused, Err(Failure::Full { .. })));
        let crowd = UserRequest::AddToContactGroup {
            group: WORK,
            members: (100..).take(CONTACT_GROUP_MEMBERS_MAX).map(AccountId).collect(),
        };
        let refused = groups().decide(&crowd, |_| true);
        assert!(matches!(refused, Err(Failure::Full { .. })));
    }

    #[test]
    fn a_request_about_something_else_is_none_of_theirs() {
        assert_eq!(decide(&UserRequest::Profile), Ok(None));
    }
}

//! What a stored change does to the room in memory, and who is told. Pure.

use super::messages::RoomAnswer;
use super::state::{Effect, RoomState};
use crate::model::{AccountId, Member, Push, Role};
use crate::ports::{RoomChange, RoomSaved};

impl RoomState {
    /// Applies a change that was stored and returns the answer to who asked for it.
    pub(super) fn apply(
        &mut self,
        change: RoomChange,
        saved: RoomSaved,
        out: &mut Vec<Effect>,
    ) -> RoomAnswer {
        match change {
            RoomChange::Edit {
                name,
                avatar,
                intro,
                place,
                rules,
            } => {
                let info = &mut self.info;
                info.name = name.unwrap_or_else(|| std::mem::take(&mut info.name));
                info.avatar = avatar.unwrap_or_else(|| std::mem::take(&mut info.avatar));
                info.intro = intro.unwrap_or_else(|| std::mem::take(&mut info.intro));
                info.place = place.unwrap_or_else(|| std::mem::take(&mut info.place));
                info.rules = rules.unwrap_or(info.rules);
            }
            RoomChange::SetAvatar {
                image: _,
                address,
                at: _,
            } => self.info.avatar = address,
            RoomChange::Add {
                members,
                passed: _,
                at: _,
            } => return self.seat(members, out),
            RoomChange::Remove { accounts, at: _ } => self.unseat(&accounts, out),
            RoomChange::SetRole { account, role } => self.edit_member(account, |m| m.role = role),
            RoomChange::Mute { account, until } => self.edit_member(account, |m| m.muted_until = until),
            RoomChange::SetNickname { account, nickname } => {
                self.edit_member(account, |m| m.nickname = nickname);
            }
            RoomChange::SetQuiet { account, quiet } => self.edit_member(account, |m| m.quiet = quiet),
            RoomChange::Transfer {
                to,
                old_leaves,
                at: _,
            } => self.hand_over(to, old_leaves, out),
            RoomChange::Dissolve { at } => {
                self.info.dissolved_at = Some(at);
                self.join_requests.clear();
                out.push(Effect::Publish(vec![Push::Dissolved { room: self.info.id }]));
            }
            RoomChange::Apply { .. } => return self.applied(saved, out),
            RoomChange::Deny { request, reason: _ } => self.join_requests.retain(|_, r| r.id != request),
            RoomChange::Revoke { message: _, at } => {
                if let Some(mut message) = self.revoking.take() {
                    message.revoked_at = Some(at);
                    let push = Push::Revoked {
                        kind: self.info.kind,
                        message: message.clone(),
                    };
                    out.push(Effect::Publish(vec![push]));
                    return RoomAnswer::Revoked(message);
                }
            }
        }
        RoomAnswer::Done
    }

    fn edit_member(&mut self, account: AccountId, edit: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&account) {
            edit(member);
        }
    }

    fn hand_over(&mut self, to: AccountId, old_leaves: bool, out: &mut Vec<Effect>) {
        let old = std::mem::replace(&mut self.info.owner, to);
        self.edit_member(to, |m| m.role = Role::Owner);
        if old_leaves {
            self.unseat(&[old], out);
        } else {
            self.edit_member(old, |m| m.role = Role::Member);
        }
    }

    fn seat(&mut self, members: Vec<Member>, out: &mut Vec<Effect>) -> RoomAnswer {
        let room = self.info.id;
        let mut added = Vec::with_capacity(members.len());
        for member in members {
            let account = member.account;
            self.join_requests.remove(&account);
            added.push(account);
            self.members.insert(account, member);
            out.push(Effect::PushTo(
                account,
                Push::Joined {
                    room,
                    account,
                    at: self.last_seq,
                },
            ));
        }
        self.info.member_count = self.members.len() as i64;
        RoomAnswer::Added(added)
    }

    fn unseat(&mut self, accounts: &[AccountId], out: &mut Vec<Effect>) {
        for &account in accounts {
            if self.members.remove(&account).is_some() {
                out.push(Effect::PushTo(
                    account,
                    Push::Left {
                        room: self.info.id,
                        account,
                    },
                ));
            }
        }
        self.info.member_count = self.members.len() as i64;
    }

    fn applied(&mut self, saved: RoomSaved, out: &mut Vec<Effect>) -> RoomAnswer {
        let RoomSaved::Applied(request) = saved else {
            return RoomAnswer::Done;
        };
        let room = self.info.id;
        for member in self.members.values().filter(|m| m.role >= Role::Manager) {
            let push = Push::JoinRequested {
                room,
                account: request.account,
                to: member.account,
            };
            out.push(Effect::PushTo(member.account, push));
        }
        self.join_requests.insert(request.account, request.clone());
        RoomAnswer::Applied(request)
    }
}

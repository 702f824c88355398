//! Who may do what in a room, and the change that follows. Pure.

use super::messages::{RoomEdit, RoomRequest};
use super::state::RoomState;
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Caller, ChatMessage, ClientToken, Image, Member, Post, RequestId, Role, RoomKind, Seq,
    Timestamp,
};
use crate::ports::RoomChange;

type Decision = Result<Option<RoomChange>, Failure>;

/// The longest reason given with a request to join, in bytes.
pub const REASON_BYTES_MAX: usize = 400;
/// The longest name of a group and of a member within it, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest introduction of a group, in bytes.
pub const INTRO_BYTES_MAX: usize = 4_000;
/// The longest address of a picture, in bytes.
pub const AVATAR_BYTES_MAX: usize = 2_000;
/// Waiting requests to join one group, at most.
pub const JOIN_REQUESTS_MAX: usize = 10_000;

impl RoomState {
    pub(super) fn may_post(&self, caller: Caller, post: &Post, now: Timestamp) -> Result<(), Failure> {
        Failure::check_len("body", &post.body, ChatMessage::BODY_BYTES_MAX)?;
        Failure::check_len("type", post.kind.name(), ChatMessage::KIND_BYTES_MAX)?;
        if let Some(extra) = &post.extra {
            Failure::check_len("extra", extra, ChatMessage::EXTRA_BYTES_MAX)?;
        }
        if let Some(token) = &post.token {
            Failure::check_len("Idempotency-Key", &token.key, ClientToken::KEY_BYTES_MAX)?;
        }
        if self.info.dissolved_at.is_some() {
            return Err(Failure::Dissolved);
        }
        if caller.trusted {
            return Ok(());
        }
        let member = self.member(caller.account)?;
        if member.muted_until > now {
            return Err(Failure::Muted {
                until: member.muted_until,
            });
        }
        match self.info.kind.peer_of(caller.account) {
            Some(peer) if peer != caller.account && self.blocked_by.contains(&peer) => Err(Failure::Blocked),
            _ => Ok(()),
        }
    }

    /// Where the cursor will stand, and whether that is a change.
    pub(super) fn may_read(&self, caller: Caller, up_to: Option<Seq>) -> Result<(Seq, bool), Failure> {
        let member = self.member(caller.account)?;
        let target = up_to.unwrap_or(self.last_seq).min(self.last_seq);
        Ok((target.max(member.read_seq), target > member.read_seq))
    }

    pub(super) fn may_revoke(
        &self,
        caller: Caller,
        message: ChatMessage,
        within_ms: i64,
        now: Timestamp,
    ) -> Result<ChatMessage, Failure> {
        if message.sender != caller.account || message.revoked_at.is_some() {
            return Err(Failure::NotAuthor);
        }
        if now.since_ms(message.created_at) > within_ms {
            return Err(Failure::TooLate {
                seconds: within_ms / 1000,
            });
        }
        Ok(message)
    }

    /// Turns a request into the change to store; `None` when there is nothing to change.
    #[expect(clippy::too_many_lines, reason = "one arm a request")]
    pub(super) fn decide(&self, request: RoomRequest, now: Timestamp) -> Decision {
        if self.info.kind != RoomKind::Group {
            return Err(Failure::Unknown(Thing::Room));
        }
        if self.info.dissolved_at.is_some() {
            return Err(Failure::Dissolved);
        }
        match request {
            RoomRequest::Edit {
                caller,
                edit,
                owner_only,
            } => self.edit(caller, edit, owner_only),
            RoomRequest::SetAvatar {
                caller,
                image,
                address,
            } => self.set_avatar(caller, image, address, now),
            RoomRequest::Apply {
                caller,
                reason,
                full_last,
            } => self.apply_to_join(caller, reason, full_last, now),
            RoomRequest::AnswerJoin {
                caller,
                id,
                account,
                accept,
                reason,
            } => self.answer_join(caller, (id, account), accept, reason, now),
            RoomRequest::Add {
                caller,
                accounts,
                by_member,
            } => self.add(caller, &accounts, by_member, now),
            RoomRequest::Enter { caller } => self.enter(caller, now),
            RoomRequest::Leave { caller, owner_may } => self.leave(caller, owner_may, now),
            RoomRequest::Quit { caller } => self.quit(caller, now),
            RoomRequest::Kick {
                caller,
                accounts,
                over_managers,
            } => self.kick(caller, accounts, over_managers, now),
            RoomRequest::SwitchManager { caller, account } => self.switch_manager(caller, account),
            RoomRequest::SetManager {
                caller,
                account,
                manager,
            } => self.set_manager(caller, account, manager),
            RoomRequest::Mute {
                caller,
                account,
                until,
            } => self.mute(caller, account, until),
            RoomRequest::SetNickname { caller, nickname } => self.set_nickname(caller, nickname),
            RoomRequest::SetQuiet { caller, quiet } => {
                self.member(caller.account)?;
                Ok(Some(RoomChange::SetQuiet {
                    account: caller.account,
                    quiet,
                }))
            }
            RoomRequest::Transfer {
                caller,
                to,
                old_leaves,
            } => self.transfer(caller, to, old_leaves, now),
            RoomRequest::Dissolve { caller } => {
                self.owner(caller)?;
                Ok(Some(RoomChange::Dissolve { at: now }))
            }
            RoomRequest::Post { .. }
            | RoomRequest::Read { .. }
            | RoomRequest::Revoke { .. }
            | RoomRequest::Page { .. }
            | RoomRequest::Range { .. }
            | RoomRequest::Look { .. }
            | RoomRequest::Seats { .. }
            | RoomRequest::Files { .. }
            | RoomRequest::Board { .. }
            | RoomRequest::BlockChanged { .. }
            | RoomRequest::Census => Err(Failure::Internal("this request is no change".to_owned())),
            #[cfg(feature = "testkit")]
            RoomRequest::Panic => panic!("a room was asked to panic"),
        }
    }

    pub(super) fn manager(&self, caller: Caller) -> Result<(), Failure> {
        if caller.trusted || self.info.owner == caller.account {
            return Ok(());
        }
        match self.members.get(&caller.account) {
            Some(member) if member.role >= Role::Manager => Ok(()),
            _ => Err(Failure::NotManager),
        }
    }

    fn owner(&self, caller: Caller) -> Result<(), Failure> {
        if caller.trusted || self.info.owner == caller.account {
            return Ok(());
        }
        Err(Failure::NotOwner)
    }

    fn room_for(&self, more: usize) -> Result<(), Failure> {
        let max = self.info.member_limit;
        if self.members.len() as i64 + more as i64 > max {
            return Err(Failure::Full {
                what: "the group".to_owned(),
                max,
            });
        }
        Ok(())
    }

    fn newcomer(&self, account: AccountId, now: Timestamp) -> Member {
        Member {
            account,
            role: Role::Member,
            nickname: String::new(),
            muted_until: Timestamp(0),
            joined_at: now,
            from_seq: self.last_seq.next(),
            read_seq: self.last_seq,
            quiet: false,
        }
    }

    fn edit(&self, caller: Caller, edit: RoomEdit, owner_only: bool) -> Decision {
        if owner_only {
            self.owner(caller)?
        } else {
            self.manager(caller)?
        }
        let bounded = [
            ("name", &edit.name, NAME_BYTES_MAX),
            ("avatar", &edit.avatar, AVATAR_BYTES_MAX),
            ("intro", &edit.intro, INTRO_BYTES_MAX),
        ];
        for (field, text, max) in bounded {
            if let Some(text) = text {
                Failure::check_len(field, text, max)?;
            }
        }
        if let Some(place) = &edit.place {
            place.check()?;
        }
        let RoomEdit {
            name,
            avatar,
            intro,
            place,
            rules,
        } = edit;
        Ok(Some(RoomChange::Edit {
            name,
            avatar,
            intro,
            place,
            rules,
        }))
    }

    fn set_avatar(&self, caller: Caller, image: Image, address: String, at: Timestamp) -> Decision {
        self.manager(caller)?;
        Failure::check_len("avatar", &address, AVATAR_BYTES_MAX)?;
        Ok(Some(RoomChange::SetAvatar { image, address, at }))
    }

    fn apply_to_join(&self, caller: Caller, reason: String, full_last: bool, now: Timestamp) -> Decision {
        Failure::check_len("reason", &reason, REASON_BYTES_MAX)?;
        if self.info.rules.join_off {
            return Err(Failure::JoiningOff);
        }
        if !full_last {
            self.room_for(1)?;
        }
        if self.members.contains_key(&caller.account) {
            return Err(Failure::Exists(Thing::Member));
        }
        if self.join_requests.contains_key(&caller.account) {
            return Err(Failure::Waiting(Thing::JoinRequest));
        }
        self.room_for(1)?;
        if self.join_requests.len() >= JOIN_REQUESTS_MAX {
            let what = "the list of join requests".to_owned();
            return Err(Failure::Full {
                what,
                max: JOIN_REQUESTS_MAX as i64,
            });
        }
        Ok(Some(RoomChange::Apply {
            account: caller.account,
            reason,
            at: now,
        }))
    }

    fn answer_join(
        &self,
        caller: Caller,
        (id, account): (Option<RequestId>, AccountId),
        accept: bool,
        reason: String,
        now: Timestamp,
    ) -> Decision {
        let request = self
            .join_requests
            .get(&account)
            .filter(|request| id.is_none_or(|id| request.id == id))
            .ok_or(Failure::Unknown(Thing::JoinRequest))?;
        self.manager(caller)?;
        Failure::check_len("reason", &reason, REASON_BYTES_MAX)?;
        if !accept {
            return Ok(Some(RoomChange::Deny {
                request: request.id,
                reason,
            }));
        }
        self.room_for(1)?;
        let members = vec![self.newcomer(account, now)];
        Ok(Some(RoomChange::Add {
            members,
            passed: Some(request.id),
            at: now,
        }))
    }

    fn add(&self, caller: Caller, accounts: &[AccountId], by_member: bool, now: Timestamp) -> Decision {
        if !by_member || self.info.rules.invite_off {
            self.manager(caller)?;
        } else if self.owner(caller).is_err() {
            // An owner need not be a member.
            self.member(caller.account)?;
        }
        let mut fresh: Vec<AccountId> = accounts
            .iter()
            .copied()
            .filter(|account| !self.members.contains_key(account))
            .collect();
        fresh.sort_unstable();
        fresh.dedup();
        self.room_for(fresh.len())?;
        let members = fresh
            .into_iter()
            .map(|account| self.newcomer(account, now))
            .collect();
        Ok(Some(RoomChange::Add {
            members,
            passed: None,
            at: now,
        }))
    }

    fn enter(&self, caller: Caller, now: Timestamp) -> Decision {
        if self.members.contains_key(&caller.account) {
            return Err(Failure::Exists(Thing::Member));
        }
        if self.info.rules.join_off {
            return Err(Failure::JoiningOff);
        }
        self.room_for(1)?;
        let members = vec![self.newcomer(caller.account, now)];
        Ok(Some(RoomChange::Add {
            members,
            passed: None,
            at: now,
        }))
    }

    fn leave(&self, caller: Caller, owner_may: bool, now: Timestamp) -> Decision {
        let member = self.member(caller.account)?;
        if member.role == Role::Owner && !owner_may {
            return Err(Failure::OwnerStays);
        }
        Ok(Some(RoomChange::Remove {
            accounts: vec![caller.account],
            at: now,
        }))
    }

    fn quit(&self, caller: Caller, now: Timestamp) -> Decision {
        let me = self.member(caller.account)?;
        let heir = self
            .members
            .values()
            .filter(|member| member.account != me.account)
            .min_by_key(|member| (member.joined_at, member.account));
        let change = match heir {
            None => RoomChange::Dissolve { at: now },
            Some(heir) if self.info.owner == me.account => RoomChange::Transfer {
                to: heir.account,
                old_leaves: true,
                at: now,
            },
            Some(_) => RoomChange::Remove {
                accounts: vec![me.account],
                at: now,
            },
        };
        Ok(Some(change))
    }

    fn kick(
        &self,
        caller: Caller,
        accounts: Vec<AccountId>,
        over_managers: bool,
        now: Timestamp,
    ) -> Decision {
        self.manager(caller)?;
        let protected = if over_managers && self.owner(caller).is_ok() {
            Role::Owner
        } else {
            Role::Manager
        };
        for &account in &accounts {
            if self.other(account)?.role >= protected && !caller.trusted {
                return Err(Failure::Protected);
            }
        }
        Ok(Some(RoomChange::Remove { accounts, at: now }))
    }

    fn set_manager(&self, caller: Caller, account: AccountId, manager: bool) -> Decision {
        self.owner(caller)?;
        if self.other(account)?.role == Role::Owner {
            return Err(Failure::Protected);
        }
        let role = if manager { Role::Manager } else { Role::Member };
        Ok(Some(RoomChange::SetRole { account, role }))
    }

    fn switch_manager(&self, caller: Caller, account: AccountId) -> Decision {
        self.owner(caller)?;
        let manager = self.other(account)?.role < Role::Manager;
        self.set_manager(caller, account, manager)
    }

    fn mute(&self, caller: Caller, account: AccountId, until: Timestamp) -> Decision {
        self.manager(caller)?;
        if self.other(account)?.role == Role::Owner {
            return Err(Failure::Protected);
        }
        Ok(Some(RoomChange::Mute { account, until }))
    }

    fn set_nickname(&self, caller: Caller, nickname: String) -> Decision {
        self.member(caller.account)?;
        Failure::check_len("nickname", &nickname, NAME_BYTES_MAX)?;
        Ok(Some(RoomChange::SetNickname {
            account: caller.account,
            nickname,
        }))
    }

    fn transfer(&self, caller: Caller, to: AccountId, old_leaves: bool, now: Timestamp) -> Decision {
        self.owner(caller)?;
        self.other(to)?;
        if to == self.info.owner {
            return Ok(None);
        }
        Ok(Some(RoomChange::Transfer {
            to,
            old_leaves,
            at: now,
        }))
    }
}

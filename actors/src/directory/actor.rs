//! One of the directory's actors: each request is a future of its own, a bounded number of them at a time.

use super::messages::{CodeChannel, DirectoryAnswer, DirectoryRequest, IssuedCode};
use crate::failure::{Failure, Thing};
use crate::fanout::Fanout;
use crate::model::{Account, AccountId, GroupQuota, NewAccount, NewGroup, Push, RoomId, Seq, Told};
use crate::ports::{Notice, Ports};
use crate::registry::Ask;
use actix::prelude::*;
use std::sync::Arc;

/// What the directory's actors share.
pub struct DirectoryShell {
    pub ports: Ports,
    pub fanout: Fanout,
}

/// A stateless actor of the pool.
pub struct Directory {
    shell: Arc<DirectoryShell>,
    running: usize,
}

impl Directory {
    /// Requests under way in one actor of the pool, at most.
    pub const RUNNING_MAX: usize = 512;
    /// Wrong tries after which a code is void.
    pub const CODE_TRIES_MAX: i64 = 10;
    /// The longest login name and password, in bytes.
    pub const LOGIN_BYTES_MAX: usize = 200;
    pub const PASSWORD_BYTES_MAX: usize = 512;
    /// The longest text to search for, in bytes: no name is longer.
    pub const SEARCH_BYTES_MAX: usize = 200;
    /// Answers to a search, at most.
    pub const SEARCH_LIMIT_MAX: i64 = 200;
    /// Length of an app's token.
    pub const TOKEN_CHARS: usize = 30;
    /// Members given when a group is made, at most.
    pub const NEW_MEMBERS_MAX: usize = 100_000;

    #[must_use]
    pub fn new(shell: Arc<DirectoryShell>) -> Directory {
        Directory { shell, running: 0 }
    }
}

impl Actor for Directory {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(Directory::RUNNING_MAX);
    }
}

impl Handler<Ask<DirectoryRequest, DirectoryAnswer>> for Directory {
    type Result = ();

    fn handle(&mut self, ask: Ask<DirectoryRequest, DirectoryAnswer>, ctx: &mut Context<Self>) {
        if self.running >= Directory::RUNNING_MAX {
            let _ = ask.reply.send(Err(Failure::Busy("the directory".to_owned())));
            return;
        }
        self.running += 1;
        let shell = self.shell.clone();
        // A task of its own: should it panic, its caller hears that the outcome is not known, and the pool lives on.
        let work = actix::spawn(async move {
            let answer = shell.answer(ask.request).await;
            // Whoever asked may have gone.
            let _ = ask.reply.send(answer);
        });
        ctx.spawn(work.into_actor(self).map(|ended, directory, _| {
            directory.running -= 1;
            if let Err(error) = ended {
                tracing::error!(%error, "a request to the directory died");
            }
        }));
    }
}

impl DirectoryShell {
    #[expect(clippy::too_many_lines, reason = "one arm a request")]
    async fn answer(&self, request: DirectoryRequest) -> Result<DirectoryAnswer, Failure> {
        let store = &self.ports.directory;
        Ok(match request {
            DirectoryRequest::Register { account, password } => {
                DirectoryAnswer::Account(self.register(account, password).await?)
            }
            DirectoryRequest::LogIn { name, password } => {
                DirectoryAnswer::Account(self.log_in(&name, &password).await?)
            }
            DirectoryRequest::Enter { external, nickname } => self.enter(external, nickname).await?,
            DirectoryRequest::ByLogin { name } => {
                DirectoryAnswer::MaybeAccount(store.by_login(&name).await?.map(|(account, _)| account))
            }
            DirectoryRequest::ById { id } => DirectoryAnswer::MaybeAccount(store.by_id(id).await?),
            DirectoryRequest::AddLogin { id, name } => {
                check_login(name.text())?;
                store.add_login(id, &name).await?;
                DirectoryAnswer::Done
            }
            DirectoryRequest::CreateMany { accounts } => {
                DirectoryAnswer::Ids(self.create_many(accounts).await?)
            }
            DirectoryRequest::Hash { password } => {
                Failure::check_len("password", &password, Directory::PASSWORD_BYTES_MAX)?;
                DirectoryAnswer::Hash(self.ports.passwords.hash(&password).await?)
            }
            DirectoryRequest::SearchAccounts { text, limit } => {
                Failure::check_len("the text to search", &text, Directory::SEARCH_BYTES_MAX)?;
                let limit = limit.clamp(1, Directory::SEARCH_LIMIT_MAX);
                DirectoryAnswer::Accounts(store.search_accounts(&text, limit).await?)
            }
            DirectoryRequest::SearchGroups { text, limit } => {
                Failure::check_len("the text to search", &text, Directory::SEARCH_BYTES_MAX)?;
                let limit = limit.clamp(1, Directory::SEARCH_LIMIT_MAX);
                DirectoryAnswer::Groups(store.search_groups(&text, limit).await?)
            }
            request @ (DirectoryRequest::ByUuid { .. }
            | DirectoryRequest::SearchNicknames { .. }
            | DirectoryRequest::SearchClaims { .. }
            | DirectoryRequest::NearAccounts { .. }
            | DirectoryRequest::NearGroups { .. }
            | DirectoryRequest::Claimed { .. }
            | DirectoryRequest::Positions { .. }
            | DirectoryRequest::Told { .. }) => self.look_up(request).await?,
            request @ (DirectoryRequest::PutGrant { .. }
            | DirectoryRequest::FindGrant { .. }
            | DirectoryRequest::DropGrant { .. }
            | DirectoryRequest::OpenChannel { .. }
            | DirectoryRequest::Channel { .. }
            | DirectoryRequest::AddFile { .. }
            | DirectoryRequest::File { .. }
            | DirectoryRequest::AddUpload { .. }
            | DirectoryRequest::Upload { .. }
            | DirectoryRequest::PutTicket { .. }
            | DirectoryRequest::TakeTicket { .. }) => self.keep(request).await?,
            DirectoryRequest::CreateGroup { group, quota } => {
                self.check_quota(group.owner, quota).await?;
                DirectoryAnswer::Room(self.create_group(group).await?)
            }
            request @ (DirectoryRequest::Stars { .. }
            | DirectoryRequest::Avatar { .. }
            | DirectoryRequest::FindGroups { .. }
            | DirectoryRequest::Hints { .. }
            | DirectoryRequest::JoinRequest { .. }) => self.board(request).await?,
            DirectoryRequest::Admit { ids } => {
                self.admit(&ids).await?;
                DirectoryAnswer::Done
            }
            DirectoryRequest::Pass { id } => DirectoryAnswer::Token(self.pass(id).await?),
            DirectoryRequest::ByPass { token } => {
                DirectoryAnswer::MaybePass(self.ports.passes.by_token(&token).await?)
            }
            DirectoryRequest::Silence { id, silenced } => {
                self.ports.passes.silence(id, silenced).await?;
                let push = Push::Silenced {
                    account: id,
                    silenced,
                };
                self.fanout.to_account(id, push);
                DirectoryAnswer::Done
            }
            DirectoryRequest::IssueCode {
                channel,
                to,
                digits,
                valid_ms,
            } => DirectoryAnswer::Code(self.issue_code(&channel, to, digits, valid_ms).await?),
            DirectoryRequest::UseCode { channel, to, code } => {
                self.use_code(&channel, &to, &code).await?;
                DirectoryAnswer::Done
            }
        })
    }

    async fn look_up(&self, request: DirectoryRequest) -> Result<DirectoryAnswer, Failure> {
        let bounded =
            |text: &str| Failure::check_len("the text to search", text, Directory::SEARCH_BYTES_MAX);
        let (accounts, views) = (&self.ports.directory, &self.ports.views);
        Ok(match request {
            DirectoryRequest::ByUuid { uuid } => {
                DirectoryAnswer::MaybeAccount(accounts.by_uuid(&uuid).await?)
            }
            DirectoryRequest::SearchNicknames { text, limit } => {
                bounded(&text)?;
                let limit = limit.clamp(0, Directory::SEARCH_LIMIT_MAX);
                DirectoryAnswer::Accounts(accounts.search_nicknames(&text, limit).await?)
            }
            DirectoryRequest::SearchClaims { text, limit } => {
                bounded(&text)?;
                let limit = limit.clamp(0, Directory::SEARCH_LIMIT_MAX);
                DirectoryAnswer::Groups(views.search_claims(&text, limit).await?)
            }
            DirectoryRequest::NearAccounts { wanted } => {
                DirectoryAnswer::NearAccounts(accounts.near_accounts(wanted.checked()?).await?)
            }
            DirectoryRequest::NearGroups { wanted } => {
                DirectoryAnswer::NearGroups(accounts.near_groups(wanted.checked()?).await?)
            }
            DirectoryRequest::Claimed { name } => DirectoryAnswer::MaybeRoom(views.claimed(&name).await?),
            DirectoryRequest::Positions { account } => {
                DirectoryAnswer::Positions(self.ports.users.positions(account).await?)
            }
            DirectoryRequest::Told { account } => {
                let users = &self.ports.users;
                let (friends, joins) = (users.friend_requests(account), users.join_requests(account));
                DirectoryAnswer::Told(Told {
                    friend_requests: friends.await?.into_iter().map(|(_, from)| from.id).collect(),
                    join_requests: joins
                        .await?
                        .into_iter()
                        .map(|(_, from, group)| (group.id, from.id))
                        .collect(),
                    read_by: users.read_by_peers(account).await?,
                })
            }
            other => return Err(Failure::Internal(format!("nothing to look up: {other:?}"))),
        })
    }

    fn complete(&self, mut account: NewAccount) -> Result<NewAccount, Failure> {
        for name in [
            &account.username,
            &account.email,
            &account.mobile,
            &account.external,
        ]
        .into_iter()
        .flatten()
        {
            check_login(name)?;
        }
        Failure::check_len("nickname", &account.nickname, crate::room::NAME_BYTES_MAX)?;
        if account.uuid.is_empty() {
            account.uuid = self.ports.clock.uuid();
        }
        account.created_at = self.ports.clock.now();
        Ok(account)
    }

    async fn register(&self, account: NewAccount, password: Option<String>) -> Result<Account, Failure> {
        let mut account = self.complete(account)?;
        if let Some(password) = password {
            Failure::check_len("password", &password, Directory::PASSWORD_BYTES_MAX)?;
            account.password_hash = Some(self.ports.passwords.hash(&password).await?);
        }
        Ok(self.ports.directory.create(&account).await?)
    }

    async fn create_many(&self, accounts: Vec<NewAccount>) -> Result<Vec<AccountId>, Failure> {
        let accounts = accounts
            .into_iter()
            .map(|account| self.complete(account))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.ports.directory.create_many(&accounts).await?)
    }

    async fn log_in(&self, name: &str, password: &str) -> Result<Account, Failure> {
        Failure::check_len("password", password, Directory::PASSWORD_BYTES_MAX)?;
        let found = self.ports.directory.by_login(name).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
        // Verified also when there is nobody, so that the time taken tells nothing.
        let fits = self.ports.passwords.verify(password, hash).await?;
        let (account, _) = found.ok_or(Failure::Unknown(Thing::Account))?;
        if account.locked {
            return Err(Failure::Locked);
        }
        if fits {
            Ok(account)
        } else {
            Err(Failure::WrongCredentials)
        }
    }

    async fn enter(&self, external: String, nickname: String) -> Result<DirectoryAnswer, Failure> {
        let store = &self.ports.directory;
        let known = store.by_login(&external).await?;
        let (account, first) = match known {
            Some((account, _)) => (account, false),
            None => {
                let new = NewAccount {
                    external: Some(external.clone()),
                    nickname,
                    ..NewAccount::default()
                };
                match self.register(new, None).await {
                    Ok(account) => (account, true),
                    // Somebody else's request was faster, perhaps on another node.
                    Err(Failure::Exists(Thing::Login)) => {
                        let found = store.by_login(&external).await?;
                        (found.ok_or(Failure::Exists(Thing::Login))?.0, false)
                    }
                    Err(other) => return Err(other),
                }
            }
        };
        // Login names of all kinds share one space: whoever merely calls themselves so is not that person.
        if account.external.as_deref() != Some(external.as_str()) {
            return Err(Failure::Exists(Thing::Login));
        }
        if account.locked {
            return Err(Failure::Locked);
        }
        Ok(DirectoryAnswer::Entered(account, first))
    }

    /// Two requests at the same time may both be the last one: this keeps groups from being hoarded, and no count.
    async fn check_quota(&self, owner: AccountId, quota: GroupQuota) -> Result<(), Failure> {
        if let Some(max) = quota.owned_max
            && self.ports.directory.groups_owned(owner).await? >= max
        {
            return Err(Failure::Full {
                what: "the groups of one owner".to_owned(),
                max,
            });
        }
        let Some(max) = quota.per_day_max else {
            return Ok(());
        };
        let since = self.ports.clock.now().plus_ms(-GroupQuota::DAY_MS);
        let groups = self.ports.users.groups(owner).await?;
        let mut of_today: Vec<i64> = groups
            .iter()
            .filter(|group| group.owner == owner && group.created_at > since)
            .map(|group| group.created_at.0)
            .collect();
        // The oldest of those that count makes room for the next.
        of_today.sort_unstable_by(|a, b| b.cmp(a));
        match of_today.get((max as usize).saturating_sub(1)) {
            Some(oldest) => Err(Failure::RateLimited {
                retry_ms: (oldest - since.0).unsigned_abs(),
            }),
            None => Ok(()),
        }
    }

    async fn create_group(&self, mut group: NewGroup) -> Result<RoomId, Failure> {
        use crate::room::{AVATAR_BYTES_MAX, INTRO_BYTES_MAX, NAME_BYTES_MAX};
        Failure::check_len("name", &group.name, NAME_BYTES_MAX)?;
        Failure::check_len("avatar", &group.avatar, AVATAR_BYTES_MAX)?;
        Failure::check_len("intro", &group.intro, INTRO_BYTES_MAX)?;
        group.place.check()?;
        group.members.sort_unstable();
        group.members.dedup();
        let max = group.member_limit.min(Directory::NEW_MEMBERS_MAX as i64);
        if group.members.len() as i64 > max {
            return Err(Failure::Full {
                what: "the group".to_owned(),
                max,
            });
        }
        group.created_at = self.ports.clock.now();
        let room = self.ports.rooms.create_group(&group).await?;
        let owner = group.owner_joins.then_some(group.owner);
        for account in group
            .members
            .into_iter()
            .filter(|m| Some(*m) != owner)
            .chain(owner)
        {
            self.fanout.to_account(
                account,
                Push::Joined {
                    room,
                    account,
                    at: Seq(0),
                },
            );
        }
        Ok(room)
    }

    async fn admit(&self, ids: &[AccountId]) -> Result<(), Failure> {
        let (own, registered): (Vec<AccountId>, Vec<AccountId>) =
            ids.iter().partition(|id| (1..AccountId::FIRST.0).contains(&id.0));
        for id in registered {
            if id == AccountId(0) || self.ports.directory.by_id(id).await?.is_none() {
                return Err(Failure::Unknown(Thing::Account));
            }
        }
        let accounts = own.into_iter().map(|id| {
            self.complete(NewAccount {
                id: Some(id),
                ..NewAccount::default()
            })
        });
        let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        Ok(self.ports.passes.admit(&accounts).await?)
    }

    async fn pass(&self, id: AccountId) -> Result<String, Failure> {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut random = [0; Directory::TOKEN_CHARS * 8];
        self.ports.clock.random(&mut random);
        let letter = |bytes: &[u8]| {
            let number = bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
            char::from(LETTERS[(number % LETTERS.len() as u64) as usize])
        };
        let fresh: String = random.chunks_exact(8).map(letter).collect();
        Ok(self.ports.passes.pass(id, &fresh).await?)
    }

    async fn issue_code(
        &self,
        channel: &CodeChannel,
        to: Option<String>,
        digits: u8,
        valid_ms: i64,
    ) -> Result<IssuedCode, Failure> {
        let clock = &self.ports.clock;
        let to = to.unwrap_or_else(|| clock.uuid());
        check_login(&to)?;
        let mut random = vec![0; usize::from(digits)];
        clock.random(&mut random);
        let code: String = random.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        let expires_at = clock.now().plus_ms(valid_ms);
        self.ports
            .secrets
            .put_code(&channel.key_for(&to), &code, expires_at)
            .await?;
        let notice = Notice {
            channel: channel.name().to_owned(),
            to: to.clone(),
            code: code.clone(),
        };
        self.ports.notifier.send(&notice).await?;
        Ok(IssuedCode { to, code })
    }

    async fn use_code(&self, channel: &CodeChannel, to: &str, code: &str) -> Result<(), Failure> {
        let (name, now) = (channel.key_for(to), self.ports.clock.now());
        let secrets = &self.ports.secrets;
        match secrets
            .take_code(&name, code, now, Directory::CODE_TRIES_MAX)
            .await?
        {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::CodeWrong),
            None => Err(Failure::CodeExpired),
        }
    }
}

fn check_login(name: &str) -> Result<(), Failure> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::invalid(
            "login name",
            "must not be empty or hold control characters",
        ));
    }
    Failure::check_len("login name", name, Directory::LOGIN_BYTES_MAX)
}

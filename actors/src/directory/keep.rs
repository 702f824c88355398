//! What the directory keeps for others to show again: sign-ins, push channels, files.

use super::actor::DirectoryShell;
use super::messages::{DirectoryAnswer, DirectoryRequest};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, Channel, FileId, Grant, SharedFile, Upload};

/// How long the right to fetch a file once is good for, in milliseconds: one hour.
const TICKET_MS: i64 = 60 * 60 * 1_000;
/// Random bytes in a channel's key.
const KEY_BYTES: usize = 16;

impl DirectoryShell {
    pub(super) async fn keep(&self, request: DirectoryRequest) -> Result<DirectoryAnswer, Failure> {
        let (grants, files) = (&self.ports.grants, &self.ports.files);
        let now = self.ports.clock.now();
        Ok(match request {
            DirectoryRequest::PutGrant { value, account } => {
                // Later than a password that was set this very millisecond: such a sign-in must outlive it.
                let grant = Grant {
                    account,
                    issued_at: now.plus_ms(1),
                };
                grants.put(value, grant).await?;
                DirectoryAnswer::Done
            }
            DirectoryRequest::FindGrant { value } => DirectoryAnswer::MaybeGrant(grants.find(value).await?),
            DirectoryRequest::DropGrant { value } => {
                grants.drop_grant(value).await?;
                DirectoryAnswer::Done
            }
            DirectoryRequest::OpenChannel { account } => {
                DirectoryAnswer::Channel(self.open_channel(account).await?)
            }
            DirectoryRequest::Channel { id } => DirectoryAnswer::MaybeChannel(grants.channel(id).await?),
            DirectoryRequest::AddFile { file } => {
                Failure::check_len("file name", &file.name, SharedFile::NAME_BYTES_MAX)?;
                let file = SharedFile {
                    created_at: now,
                    ..file
                };
                DirectoryAnswer::File(files.add(&file).await?)
            }
            DirectoryRequest::File { id } => DirectoryAnswer::File(self.file(id).await?),
            DirectoryRequest::AddUpload { upload, total_max } => {
                let upload = Upload {
                    created_at: now,
                    ..upload
                };
                DirectoryAnswer::Upload(self.add_upload(upload, total_max).await?)
            }
            DirectoryRequest::Upload { owner, key } => {
                let found = self.ports.uploads.upload(owner, &key).await?;
                DirectoryAnswer::Upload(found.ok_or(Failure::Unknown(Thing::File))?)
            }
            DirectoryRequest::PutTicket { ticket, file } => {
                files.put_ticket(ticket, file, now.plus_ms(TICKET_MS)).await?;
                DirectoryAnswer::Done
            }
            DirectoryRequest::TakeTicket { ticket } => {
                let file = files.take_ticket(ticket, now).await?;
                let file = file.filter(|file| !file.is_over(now));
                DirectoryAnswer::File(file.ok_or(Failure::Unknown(Thing::File))?)
            }
            other => return Err(Failure::Internal(format!("nothing to keep: {other:?}"))),
        })
    }

    async fn file(&self, id: FileId) -> Result<SharedFile, Failure> {
        let now = self.ports.clock.now();
        let file = self.ports.files.file(id).await?;
        file.filter(|file| !file.is_over(now))
            .ok_or(Failure::Unknown(Thing::File))
    }

    /// Two uploads at the same moment may pass the total by one of them.
    async fn add_upload(&self, upload: Upload, total_max: i64) -> Result<Upload, Failure> {
        Upload::check_key(&upload.key)?;
        let uploads = &self.ports.uploads;
        let mut kept = uploads.upload(upload.owner, &upload.key).await?;
        if kept.is_none() {
            if uploads.bytes_of(upload.owner).await?.saturating_add(upload.len) > total_max {
                return Err(Failure::Full {
                    what: "the account's files".to_owned(),
                    max: total_max,
                });
            }
            kept = Some(uploads.add(&upload).await?);
        }
        kept.filter(|kept| kept.sha256 == upload.sha256)
            .ok_or(Failure::Exists(Thing::File))
    }

    async fn open_channel(&self, account: AccountId) -> Result<Channel, Failure> {
        let clock = &self.ports.clock;
        let now = clock.now();
        let owner = self.ports.directory.by_id(account).await?;
        let owner = owner.ok_or(Failure::Unknown(Thing::Account))?;
        // A channel from before a new password is as void as the sign-ins from then.
        let since = now.plus_ms(-Channel::VALID_MS).max(owner.tokens_from);
        let mut key = [0; KEY_BYTES];
        clock.random(&mut key);
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.ports.grants.open_channel(account, &key, since, now).await?)
    }
}

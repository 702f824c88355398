//! What the directory finds by what people and groups show: stars, avatars, groups, hints.

use super::actor::{Directory, DirectoryShell};
use super::messages::{DirectoryAnswer, DirectoryRequest};
use crate::board::rules;
use crate::failure::{Failure, Thing};

/// Accounts whose stars can be asked for at once, at most.
const STARS_MAX: usize = 10_000;
/// Hints in one answer, at most.
const HINTS_MAX: i64 = 100;

impl DirectoryShell {
    pub(super) async fn board(&self, request: DirectoryRequest) -> Result<DirectoryAnswer, Failure> {
        let store = &self.ports.board;
        let bounded =
            |text: &str| Failure::check_len("the text to search", text, Directory::SEARCH_BYTES_MAX);
        Ok(match request {
            DirectoryRequest::Stars { mut accounts } => {
                accounts.truncate(STARS_MAX);
                DirectoryAnswer::Stars(store.stars(&accounts).await?)
            }
            DirectoryRequest::Avatar { blob } => DirectoryAnswer::MaybeImage(store.avatar(&blob).await?),
            DirectoryRequest::FindGroups { query } => {
                bounded(&query.key)?;
                bounded(&query.category)?;
                if query.tags.len() > rules::WANTED_TAGS_MAX {
                    return Err(Failure::invalid("tags", "too many"));
                }
                query.tags.iter().try_for_each(|tag| bounded(tag))?;
                let mut groups = store.find_groups(&query).await?;
                rules::rank(&query, &mut groups);
                DirectoryAnswer::Hits(groups)
            }
            DirectoryRequest::Hints {
                of,
                category,
                key,
                limit,
            } => {
                bounded(&key)?;
                bounded(&category)?;
                let limit = limit.clamp(0, HINTS_MAX);
                DirectoryAnswer::Texts(store.hints(of, &category, &key, limit).await?)
            }
            DirectoryRequest::JoinRequest { id } => {
                let found = store.join_request(id).await?;
                DirectoryAnswer::JoinRequest(found.ok_or(Failure::Unknown(Thing::JoinRequest))?)
            }
            other => return Err(Failure::Internal(format!("nothing that is shown: {other:?}"))),
        })
    }
}

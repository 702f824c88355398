//! The hot append on PostgreSQL: lock and move the rooms, take ids, write rows and commit, in two round trips
//! (three when there are client tokens).

use super::run::{Answered, Session, within};
use super::value;
use crate::storage::journal::not_committed;
use crate::storage::layout::{self, KnownTokens, Laid, Plan};
use crate::storage::rows;
use crate::storage::sql::{SqlError, SqlResult, check_text};
use futures_util::future::join4;
use roost_actors::ports::{AppendError, BatchOutcome, RoomBatch};
use std::collections::HashSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

/// Times an append is begun again because of client tokens that others used meanwhile.
const ATTEMPTS_MAX: usize = 5;
/// Bytes of messages in one INSERT, roughly: so that none takes long.
const INSERT_BYTES_MAX: usize = 4 * 1024 * 1024;

const TOKENS: &str = concat!(
    "SELECT t.account, t.key, t.digest, ",
    rows::message_columns!(),
    " FROM unnest($1::bigint[], $2::text[]) AS k (account, key) \
     JOIN client_tokens t ON t.account = k.account AND t.key = k.key \
     JOIN messages m ON m.id = t.message"
);

/// Locks in the order of ids, whatever plan is chosen for the rest.
const MOVE_ROOMS: &str = "
    WITH batch AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            AS b (id, epoch, before, last_seq, count_low, count_high)
    ), locked AS (
        SELECT r.id FROM rooms r
        JOIN batch b ON r.id = b.id AND r.epoch = b.epoch AND r.last_seq = b.before
        ORDER BY r.id FOR NO KEY UPDATE OF r
    )
    UPDATE rooms r SET last_seq = b.last_seq, count_low = b.count_low, count_high = b.count_high
    FROM batch b JOIN locked l ON l.id = b.id WHERE r.id = b.id RETURNING r.id";

const IDS: &str = "SELECT nextval('message_ids') FROM generate_series(1, $1::bigint)";

const INSERT_MESSAGES: &str = "
    INSERT INTO messages (id, room, seq, sender, kind, body, private, extra, created_at, counted, count_low, count_high,
        commit_key)
    SELECT m.id, m.room, m.seq, m.sender, m.kind, m.body, m.private, m.extra, m.created_at, m.counted, m.count_low,
        m.count_high, (pg_current_xact_id()::text::bigint + l.base) * 8192 + m.place
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bool[], $8::text[],
            $9::bigint[], $10::bool[], $11::bigint[], $12::bigint[], $13::bigint[])
        AS m (id, room, seq, sender, kind, body, private, extra, created_at, counted, count_low, count_high, place),
        ledger l";

/// See migration `ledger`: before the transaction has an id.
const ENTER: &str = "SELECT ledger_enter()";

const INSERT_TOKENS: &str = "
    INSERT INTO client_tokens (account, key, digest, message, created_at)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[])";
const TOKENS_KEY: &str = "client_tokens_pkey";

const MOVE_CURSORS: &str = "
    UPDATE members m SET read_seq = r.seq
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r (room, account, seq)
    WHERE m.room = r.room AND m.account = r.account AND m.to_seq IS NULL AND m.read_seq < r.seq";

enum Outcome {
    Committed(Vec<Option<Laid>>),
    /// Nothing was committed: begin again, without the rooms that turned out not to be ours.
    Again,
    InDoubt(Vec<Option<Laid>>, String),
}

/// Commits the batches; see `JournalStore::append`.
pub async fn append(session: &mut Session, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
    check(batches).map_err(not_committed)?;
    let mut fenced = HashSet::new();
    for _ in 0..ATTEMPTS_MAX {
        let attempt = attempt(session, batches, &mut fenced).await;
        if attempt.is_err() {
            session.rollback().await;
        }
        match attempt.map_err(not_committed)? {
            Outcome::Committed(laid) => {
                let outcomes = laid.into_iter();
                return Ok(outcomes
                    .map(|laid| laid.map_or(BatchOutcome::Fenced, Laid::committed))
                    .collect());
            }
            Outcome::InDoubt(laid, why) => {
                tracing::warn!(%why, "a commit has an unknown outcome");
                let doubts = batches.iter().zip(laid);
                let doubts = doubts.filter_map(|(batch, laid)| Some(laid?.in_doubt(batch)));
                return Err(AppendError::InDoubt(doubts.collect()));
            }
            Outcome::Again => {}
        }
    }
    let why = "others keep using the same client tokens";
    Err(AppendError::Unavailable(why.to_owned()))
}

fn check(batches: &[RoomBatch]) -> SqlResult<()> {
    for post in batches.iter().flat_map(|batch| &batch.posts) {
        check_text(post.kind.name())?;
        check_text(&post.body)?;
        post.extra.as_deref().map_or(Ok(()), check_text)?;
        post.token
            .as_ref()
            .map_or(Ok(()), |token| check_text(&token.key))?;
    }
    Ok(())
}

async fn attempt(
    session: &mut Session,
    batches: &[RoomBatch],
    fenced: &mut HashSet<usize>,
) -> SqlResult<Outcome> {
    let mut order = layout::in_room_order(batches);
    order.retain(|index| !fenced.contains(index));
    let held: Vec<&RoomBatch> = order.iter().map(|&index| &batches[index]).collect();
    let keys = layout::tokens(held.iter().copied());
    let stored = known_tokens(session, &keys).await?;
    let plans = layout::plan(&held, &stored);
    let (locked, ids) = lock(session, &held, &plans).await?;
    if locked.len() < held.len() {
        let lost = order
            .iter()
            .zip(&held)
            .filter(|(_, b)| !locked.contains(&b.room.0));
        fenced.extend(lost.map(|(&index, _)| index));
        if locked.is_empty() {
            session.rollback().await;
            return Ok(Outcome::Committed(batches.iter().map(|_| None).collect()));
        }
        if !keys.is_empty() {
            // A post may have been taken for the repeat of one in a room that is left out now.
            session.rollback().await;
            return Ok(Outcome::Again);
        }
    }
    let ours = held.iter().zip(plans).zip(&order);
    let ours = ours.filter(|((batch, _), _)| locked.contains(&batch.room.0));
    let ((held, plans), order): ((Vec<&RoomBatch>, Vec<Plan>), Vec<usize>) = ours
        .map(|((batch, plan), index)| ((*batch, plan), *index))
        .unzip();
    let laid = layout::lay_out(&held, &stored, &plans, &ids);
    let written = write(session, &held, &laid).await?;
    let mut outcomes: Vec<Option<Laid>> = batches.iter().map(|_| None).collect();
    for (index, laid) in order.into_iter().zip(laid) {
        outcomes[index] = Some(laid);
    }
    Ok(match written {
        Written::Committed => Outcome::Committed(outcomes),
        Written::TokenTaken => Outcome::Again,
        Written::InDoubt(why) => Outcome::InDoubt(outcomes, why),
    })
}

async fn known_tokens(session: &mut Session, keys: &[layout::TokenKey]) -> SqlResult<KnownTokens> {
    if keys.is_empty() {
        return Ok(KnownTokens::new());
    }
    let statement = session.prepare(TOKENS).await?;
    let accounts: Vec<i64> = keys.iter().map(|(account, _)| account.0).collect();
    let names: Vec<&str> = keys.iter().map(|(_, key)| &**key).collect();
    let found = within(session.client()?.query(&statement, &[&accounts, &names])).await;
    let mut known = KnownTokens::new();
    for row in session.note(found)? {
        let mut row = value::row(&row)?;
        let key = (row.take()?, row.take::<String>()?.into());
        known.insert(key, rows::known_token(row)?);
    }
    Ok(known)
}

/// Begins the transaction, locks and moves the rooms that are still ours, and takes ids after that.
async fn lock(
    session: &mut Session,
    held: &[&RoomBatch],
    plans: &[Plan],
) -> SqlResult<(HashSet<i64>, Vec<i64>)> {
    let (move_rooms, take_ids) = (session.prepare(MOVE_ROOMS).await?, session.prepare(IDS).await?);
    let enter = session.prepare(ENTER).await?;
    let column = |read: &dyn Fn(&RoomBatch, &Plan) -> i64| -> Vec<i64> {
        held.iter()
            .zip(plans)
            .map(|(batch, plan)| read(batch, plan))
            .collect()
    };
    let rooms = column(&|batch, _| batch.room.0);
    let epochs = column(&|batch, _| batch.epoch.0);
    let before = column(&|batch, _| batch.last_seq.0);
    let last = column(&|_, plan| plan.last_seq.0);
    let low = column(&|_, plan| plan.counts.low);
    let high = column(&|_, plan| plan.counts.high);
    let fresh: i64 = column(&|_, plan| plan.fresh as i64).iter().sum();
    session.opened();
    let client: &Client = session.client()?;
    let answered = within(async {
        // Sent in this order, answered in one round trip.
        let (begun, entered, moved, taken) = join4(
            client.batch_execute("BEGIN"),
            client.query(&enter, &[]),
            client.query(&move_rooms, &[&rooms, &epochs, &before, &last, &low, &high]),
            client.query(&take_ids, &[&fresh]),
        )
        .await;
        begun?;
        entered?;
        Ok((moved?, taken?))
    });
    let (moved, taken) = session.note(answered.await)?;
    let first = |row: &tokio_postgres::Row| row.try_get::<_, i64>(0);
    let locked = moved.iter().map(first).collect::<Result<_, _>>();
    let ids = taken.iter().map(first).collect::<Result<_, _>>();
    Ok((locked.map_err(value::error)?, ids.map_err(value::error)?))
}

enum Written {
    Committed,
    TokenTaken,
    InDoubt(String),
}

/// Writes the rows and commits. The last INSERT and the COMMIT share a round trip: after a statement that failed, the
/// server answers COMMIT by rolling back.
async fn write(session: &mut Session, held: &[&RoomBatch], laid: &[Laid]) -> SqlResult<Written> {
    let insert = session.prepare(INSERT_MESSAGES).await?;
    let insert_tokens = session.prepare(INSERT_TOKENS).await?;
    let move_cursors = session.prepare(MOVE_CURSORS).await?;
    let mut messages = Messages::portions(laid);
    let last = messages.pop().unwrap_or_default();
    for portion in messages {
        let inserted = within(portion.insert(session.client()?, &insert)).await;
        session.note(inserted)?;
    }
    let tokens = Tokens::of(held, laid);
    let cursors = Cursors::of(held);
    let client: &Client = session.client()?;
    let answered = within(async {
        let (a, b, c, committed) = join4(
            last.insert(client, &insert),
            tokens.insert(client, &insert_tokens),
            cursors.update(client, &move_cursors),
            client.batch_execute("COMMIT"),
        )
        .await;
        Ok((a.and(b).and(c), committed))
    });
    judge(session, answered.await)
}

type Flight = (
    Result<(), tokio_postgres::Error>,
    Result<(), tokio_postgres::Error>,
);

fn judge(session: &mut Session, answered: Answered<Flight>) -> SqlResult<Written> {
    let (statements, committed) = match answered {
        Ok(Ok(flight)) => flight,
        Ok(Err(error)) => return Ok(Written::InDoubt(error.to_string())),
        Err(why) => return Ok(Written::InDoubt(why)),
    };
    if committed.is_ok() {
        session.closed();
    }
    match (statements, committed) {
        (Ok(()), Ok(())) => Ok(Written::Committed),
        // The server has refused a statement: whatever came after, it has not committed.
        (Err(refused), _) if refused.as_db_error().is_some() => match value::error(refused) {
            SqlError::Unique(key) if key == TOKENS_KEY => Ok(Written::TokenTaken),
            error => Err(error),
        },
        (Err(error), _) => Ok(Written::InDoubt(error.to_string())),
        (Ok(()), Err(error)) => match value::commit_error(error) {
            SqlError::InDoubt(why) => Ok(Written::InDoubt(why)),
            error => Err(error),
        },
    }
}

/// Messages column by column.
#[derive(Default)]
struct Messages<'l> {
    ids: Vec<i64>,
    rooms: Vec<i64>,
    seqs: Vec<i64>,
    senders: Vec<i64>,
    kinds: Vec<&'l str>,
    bodies: Vec<&'l str>,
    private: Vec<bool>,
    extras: Vec<Option<&'l str>>,
    created: Vec<i64>,
    counted: Vec<bool>,
    low: Vec<i64>,
    high: Vec<i64>,
    /// Each one's place among all that the transaction writes.
    places: Vec<i64>,
    bytes: usize,
}

impl<'l> Messages<'l> {
    fn portions(laid: &'l [Laid]) -> Vec<Messages<'l>> {
        let mut portions: Vec<Messages> = Vec::new();
        for (place, row) in (0..).zip(laid.iter().flat_map(|laid| &laid.rows)) {
            if portions.last().is_none_or(|last| last.bytes >= INSERT_BYTES_MAX) {
                portions.push(Messages::default());
            }
            if let Some(portion) = portions.last_mut() {
                portion.push(place, row);
            }
        }
        portions
    }

    fn push(&mut self, place: i64, row: &'l roost_actors::journal::Assigned) {
        let message = &row.message;
        self.places.push(place);
        self.ids.push(message.id.0);
        self.rooms.push(message.room.0);
        self.seqs.push(message.seq.0);
        self.senders.push(message.sender.0);
        self.kinds.push(message.kind.name());
        self.bodies.push(&message.body);
        self.private.push(message.private);
        self.extras.push(message.extra.as_deref());
        self.created.push(message.created_at.0);
        self.counted.push(row.counted);
        self.low.push(row.counts.low);
        self.high.push(row.counts.high);
        self.bytes += message.body.len() + message.extra.as_deref().map_or(0, str::len);
    }

    async fn insert(&self, client: &Client, statement: &Statement) -> Result<(), tokio_postgres::Error> {
        let columns: [&(dyn ToSql + Sync); 13] = [
            &self.ids,
            &self.rooms,
            &self.seqs,
            &self.senders,
            &self.kinds,
            &self.bodies,
            &self.private,
            &self.extras,
            &self.created,
            &self.counted,
            &self.low,
            &self.high,
            &self.places,
        ];
        run_if(!self.ids.is_empty(), client, statement, &columns).await
    }
}

/// Client tokens column by column, in the order in which every node inserts them.
struct Tokens<'l> {
    accounts: Vec<i64>,
    keys: Vec<&'l str>,
    digests: Vec<&'l [u8]>,
    messages: Vec<i64>,
    created: Vec<i64>,
}

impl<'l> Tokens<'l> {
    fn of(held: &[&'l RoomBatch], laid: &'l [Laid]) -> Tokens<'l> {
        let mut rows: Vec<_> = held
            .iter()
            .zip(laid)
            .flat_map(|(batch, laid)| laid.rows.iter().map(|row| (*batch, row)))
            .filter_map(|(batch, row)| Some((&row.message, batch.posts[row.index].token.as_ref()?)))
            .collect();
        rows.sort_unstable_by_key(|(message, token)| (message.sender, &token.key));
        Tokens {
            accounts: rows.iter().map(|(message, _)| message.sender.0).collect(),
            keys: rows.iter().map(|(_, token)| &*token.key).collect(),
            digests: rows.iter().map(|(_, token)| &token.digest[..]).collect(),
            messages: rows.iter().map(|(message, _)| message.id.0).collect(),
            created: rows.iter().map(|(message, _)| message.created_at.0).collect(),
        }
    }

    async fn insert(&self, client: &Client, statement: &Statement) -> Result<(), tokio_postgres::Error> {
        let columns: [&(dyn ToSql + Sync); 5] = [
            &self.accounts,
            &self.keys,
            &self.digests,
            &self.messages,
            &self.created,
        ];
        run_if(!self.keys.is_empty(), client, statement, &columns).await
    }
}

/// Read cursors column by column.
struct Cursors {
    rooms: Vec<i64>,
    accounts: Vec<i64>,
    seqs: Vec<i64>,
}

impl Cursors {
    fn of(held: &[&RoomBatch]) -> Cursors {
        let moves = held
            .iter()
            .flat_map(|batch| layout::reads(batch).into_iter().map(|read| (batch.room, read)));
        let (rooms, reads): (Vec<i64>, Vec<(i64, i64)>) = moves
            .map(|(room, (account, seq))| (room.0, (account.0, seq.0)))
            .unzip();
        let (accounts, seqs) = reads.into_iter().unzip();
        Cursors {
            rooms,
            accounts,
            seqs,
        }
    }

    async fn update(&self, client: &Client, statement: &Statement) -> Result<(), tokio_postgres::Error> {
        let columns: [&(dyn ToSql + Sync); 3] = [&self.rooms, &self.accounts, &self.seqs];
        run_if(!self.rooms.is_empty(), client, statement, &columns).await
    }
}

async fn run_if(
    wanted: bool,
    client: &Client,
    statement: &Statement,
    columns: &[&(dyn ToSql + Sync)],
) -> Result<(), tokio_postgres::Error> {
    if wanted {
        client.execute(statement, columns).await?;
    }
    Ok(())
}

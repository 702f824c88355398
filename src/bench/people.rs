//! `people`: a node with very many accounts and groups, and how long what people look at takes.
//!
//! The accounts come straight into the database while the node is down; everything measured goes over HTTP.

use super::bulk::{Bulk, Cell};
use super::figures::{Latencies, Report};
use super::freeim;
use super::options::Common;
use super::target::Target;
use super::watch::{Fallible, Trouble, Watch};
use crate::boot::FreeimTokens;
use indicatif::ProgressBar;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use roost_actors::model::{AccountId, Timestamp};
use roost_actors::near::Point;
use roost_actors::ports::Clock;

const NANOSECONDS: f64 = 1e9;
/// Where people live: so many cities, each with so many degrees to its edge.
const CITIES: usize = 300;
const CITY_DEGREES: f64 = 0.3;
/// One of so many accounts says nothing of where it is.
const SHY: i64 = 5;
/// Accounts that share a nickname.
const NAMESAKES: i64 = 4;
/// The first accounts have so many friends each.
const SOCIABLE: i64 = 10_000;
const FRIENDS: i64 = 100;
const MEMBERS: i64 = 20;
const MESSAGES: i64 = 100;
/// Groups that a search finds, at most.
const GROUPS_FOUND: usize = 200;
/// Messages of the page that is measured.
const PAGE: usize = 50;
const AT: i64 = 1_767_225_600_000;
const TOKEN_DAYS: u64 = 7;

/// What there is.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub accounts: i64,
    pub groups: i64,
    /// Clients that ask at the same time, each as soon as it has its answer.
    pub clients: usize,
}

pub async fn run(crowd: Crowd, common: &Common, watch: Watch, bar: &ProgressBar) -> Fallible<Report> {
    if crowd.accounts < SOCIABLE || crowd.groups < 1 || crowd.clients < 1 {
        let why = format!("a run needs at least {SOCIABLE} accounts, a group and a client");
        return Err(Trouble::new(why));
    }
    let mut report = Report::new("people");
    let mut target = Target::prepare(common, watch, &mut report).await?;
    let url = target.storage_url().map(str::to_owned);
    let url = url.ok_or_else(|| Trouble::new("people fills a storage of its own: leave --url out"))?;
    report.fact("accounts", crowd.accounts);
    report.fact("groups", crowd.groups);
    report.fact("clients", crowd.clients);
    target.kill()?;
    let began = watch.elapsed();
    let mut bulk = Bulk::open(&url).await?;
    let key = bulk
        .text("SELECT value FROM secrets WHERE name = 'freeim.tokens'")
        .await?;
    let towns = Towns::new();
    load(&mut bulk, crowd, &towns, bar).await?;
    bulk.close()?;
    report.add("load_s", "s", (watch.elapsed() - began).as_secs_f64());
    let ready = target.run().await?;
    report.add("ready_with_them_ms", "ms", ready.as_secs_f64() * 1e3);
    let asking = Asking {
        crowd,
        towns,
        tokens: FreeimTokens::new(key.as_bytes(), TOKEN_DAYS),
    };
    for round in 1..=common.rounds {
        bar.set_message(format!("round {round} of {}", common.rounds));
        for what in What::ALL {
            asking.measure(what, &target, common, watch, &mut report).await?;
        }
    }
    Ok(report)
}

/// Where people live.
struct Towns(Vec<Point>);

impl Towns {
    fn new() -> Towns {
        let mut chance = SmallRng::seed_from_u64(1);
        let town = |_| Point {
            longitude: chance.random_range(-170.0..170.0),
            latitude: chance.random_range(-60.0..70.0),
        };
        Towns((0..CITIES).map(town).collect())
    }

    /// A place in one of them: more live in the first ones, and more in the middle.
    fn place(&self, chance: &mut SmallRng) -> Point {
        let town = chance.random::<f64>().powi(2) * self.0.len() as f64;
        let town = self.0[(town as usize).min(self.0.len() - 1)];
        let mut off = || (chance.random::<f64>() - 0.5) * (chance.random::<f64>() * 2.0 * CITY_DEGREES);
        Point {
            longitude: town.longitude + off(),
            latitude: town.latitude + off(),
        }
    }
}

fn account(index: i64) -> i64 {
    AccountId::FIRST.0 + index
}

async fn load(bulk: &mut Bulk, crowd: Crowd, towns: &Towns, bar: &ProgressBar) -> Fallible<()> {
    let mut chance = SmallRng::seed_from_u64(2);
    bar.set_message("accounts");
    let people = (0..crowd.accounts).map(|index| {
        let at = if index % SHY == 0 {
            Point::default()
        } else {
            towns.place(&mut chance)
        };
        [
            account(index).into(),
            format!("00000000-0000-4000-8000-{index:012x}").into(),
            format!("person{index}").into(),
            format!("nick {}", index / NAMESAKES).into(),
            "".into(),
            at.longitude.into(),
            at.latitude.into(),
            at.cell().into(),
            AT.into(),
        ]
    });
    let columns = "id, uuid, username, nickname, avatar, longitude, latitude, cell, created_at";
    bulk.fill::<9>("accounts", columns, people).await?;
    bar.set_message("login names");
    let logins = (0..crowd.accounts).map(|index| {
        [
            format!("person{index}").into(),
            "username".into(),
            account(index).into(),
        ]
    });
    bulk.fill::<3>("logins", "name, kind, account", logins).await?;
    bar.set_message("friends");
    let friends = (0..SOCIABLE).flat_map(|owner| {
        (1..=FRIENDS).map(move |friend| {
            let peer = (owner + friend * (crowd.accounts / (FRIENDS + 1)).max(1)) % crowd.accounts;
            [
                account(owner).into(),
                account(peer).into(),
                true.into(),
                false.into(),
                AT.into(),
            ]
        })
    });
    bulk.fill::<5>("contacts", "owner, peer, friend, blocked, created_at", friends)
        .await?;
    groups(bulk, crowd, towns, bar).await?;
    talk(bulk, crowd, bar).await?;
    bar.set_message("settling");
    bulk.settle().await
}

async fn groups(bulk: &mut Bulk, crowd: Crowd, towns: &Towns, bar: &ProgressBar) -> Fallible<()> {
    let mut chance = SmallRng::seed_from_u64(3);
    bar.set_message("groups");
    let rooms = (1..=crowd.groups).map(|room| [room.into(), MESSAGES.into(), MESSAGES.into(), AT.into()]);
    bulk.fill::<4>("rooms", "id, last_seq, count_low, created_at", rooms)
        .await?;
    let described = (1..=crowd.groups).map(|room| {
        let (name, at) = (format!("group {room}"), towns.place(&mut chance));
        let empty = || Cell::from("");
        [
            room.into(),
            name.clone().into(),
            name.into(),
            empty(),
            empty(),
            account(member(crowd, room, 0)).into(),
            MEMBERS.into(),
            500.into(),
            false.into(),
            false.into(),
            false.into(),
            true.into(),
            at.longitude.into(),
            at.latitude.into(),
            at.cell().into(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            false.into(),
            empty(),
            AT.into(),
        ]
    });
    let columns = "room, name, name_folded, avatar, intro, owner, member_count, member_limit, invite_off, \
                   members_hidden, join_off, history_before_join, longitude, latitude, cell, country, province, \
                   city, district, address, super_group, category, created_at";
    bulk.fill::<23>("room_groups", columns, described).await
}

async fn talk(bulk: &mut Bulk, crowd: Crowd, bar: &ProgressBar) -> Fallible<()> {
    let members = (1..=crowd.groups).flat_map(|room| {
        (0..MEMBERS).map(move |seat| {
            let role = if seat == 0 { 2 } else { 0 };
            [
                room.into(),
                account(member(crowd, room, seat)).into(),
                1.into(),
                role.into(),
                AT.into(),
                0.into(),
            ]
        })
    });
    bulk.fill::<6>(
        "members",
        "room, account, from_seq, role, joined_at, read_seq",
        members,
    )
    .await?;
    bar.set_message("messages");
    let messages = (0..crowd.groups * MESSAGES).map(|index| {
        // As they would have come: all groups speak in turn.
        let (room, seq) = (index % crowd.groups + 1, index / crowd.groups + 1);
        [
            (index + 1).into(),
            room.into(),
            seq.into(),
            account(member(crowd, room, seq % MEMBERS)).into(),
            "text".into(),
            format!("message {seq} of group {room}: some words that somebody may have written").into(),
            false.into(),
            (AT + index).into(),
            true.into(),
            seq.into(),
            0.into(),
            (index + 1).into(),
        ]
    });
    let columns =
        "id, room, seq, sender, kind, body, private, created_at, counted, count_low, count_high, commit_key";
    bulk.fill::<12>("messages", columns, messages).await
}

/// Who sits where: others in each group.
fn member(crowd: Crowd, room: i64, seat: i64) -> i64 {
    (room * 7_919 + seat * 104_729) % crowd.accounts
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    FriendsSearch,
    GroupsSearch,
    FriendsNear,
    GroupsNear,
    HistoryFirstPage,
    FriendsList,
}

impl What {
    const ALL: [What; 6] = [
        What::FriendsSearch,
        What::GroupsSearch,
        What::FriendsNear,
        What::GroupsNear,
        What::HistoryFirstPage,
        What::FriendsList,
    ];

    fn name(self) -> &'static str {
        match self {
            What::FriendsSearch => "friends_search",
            What::GroupsSearch => "groups_search",
            What::FriendsNear => "friends_near",
            What::GroupsNear => "groups_near",
            What::HistoryFirstPage => "history_first_page",
            What::FriendsList => "friends_list",
        }
    }

    fn method(self) -> &'static str {
        match self {
            What::GroupsSearch => "POST",
            _ => "GET",
        }
    }

    /// How many items an answer has at least and at most.
    fn items(self) -> (usize, usize) {
        match self {
            What::FriendsSearch => (1, NAMESAKES as usize),
            What::GroupsSearch => (1, GROUPS_FOUND),
            What::FriendsNear | What::GroupsNear => (1, 100),
            What::HistoryFirstPage => (PAGE, PAGE),
            What::FriendsList => (FRIENDS as usize, FRIENDS as usize),
        }
    }
}

struct Asking {
    crowd: Crowd,
    towns: Towns,
    tokens: FreeimTokens,
}

impl Asking {
    async fn measure(
        &self,
        what: What,
        target: &Target,
        common: &Common,
        watch: Watch,
        report: &mut Report,
    ) -> Fallible<()> {
        let (cpu, began) = (target.cpu_seconds().await?, watch.ns());
        let until = began + (common.seconds * NANOSECONDS) as u64;
        let clients = (0..self.crowd.clients).map(|client| self.ask(what, client, target, watch, until));
        let mut all = Latencies::default();
        for latencies in futures_util::future::try_join_all(clients).await? {
            all.add(&latencies);
        }
        let seconds = (watch.ns() - began) as f64 / NANOSECONDS;
        let cpu = target.cpu_seconds().await? - cpu;
        report.add_latencies(what.name(), &all);
        let (name, answers) = (what.name(), all.count() as f64);
        report.add(&format!("{name}_per_s"), "1/s", answers / seconds);
        report.add(&format!("{name}_cpu_us"), "us", cpu * 1e6 / answers);
        Ok(())
    }

    /// One client: asks as soon as it has its answer.
    async fn ask(
        &self,
        what: What,
        client: usize,
        target: &Target,
        watch: Watch,
        until: u64,
    ) -> Fallible<Latencies> {
        let mut chance = SmallRng::seed_from_u64(watch.ns() ^ (client as u64) << 56);
        let mut connection = target.connection();
        let mut latencies = Latencies::default();
        while watch.ns() < until {
            let (me, path) = self.next(what, &mut chance);
            let now = crate::clock::SystemClock.now();
            let token = self.tokens.issue(AccountId(me), Timestamp(0), now);
            let token = token.map_err(|failure| Trouble::new(failure.to_string()))?;
            let before = watch.ns();
            let answer = connection.call(what.method(), &path, &token, "").await?;
            latencies.record(watch.ns() - before);
            let result = freeim::result(answer, what.name())?;
            let items = result["items"].as_array().map_or(0, Vec::len);
            let (least, most) = what.items();
            if !(least..=most).contains(&items) {
                return Err(Trouble::new(format!("{path} was answered with {items} items")));
            }
        }
        Ok(latencies)
    }

    /// Who asks next, and what.
    fn next(&self, what: What, chance: &mut SmallRng) -> (i64, String) {
        let crowd = self.crowd;
        let anybody = account(chance.random_range(0..crowd.accounts));
        match what {
            What::FriendsSearch => {
                let other = chance.random_range(0..crowd.accounts);
                let text = match chance.random_range(0..3) {
                    0 => format!("person{other}"),
                    1 => format!("nick%20{}", other / NAMESAKES),
                    _ => account(other).to_string(),
                };
                // Nobody finds themselves: somebody whom this cannot mean.
                let me = account((other + NAMESAKES) % crowd.accounts);
                (me, format!("/api/v1/friends/search?account={text}"))
            }
            What::GroupsSearch => {
                let group = chance.random_range(1..=crowd.groups);
                (anybody, format!("/api/v1/chatGroups/search?name=oup%20{group}"))
            }
            What::FriendsNear | What::GroupsNear => {
                let at = self.towns.place(chance);
                let who = if what == What::FriendsNear {
                    "friends"
                } else {
                    "chatGroups"
                };
                let (longitude, latitude) = (at.longitude, at.latitude);
                (
                    anybody,
                    format!("/api/v1/{who}/near?longitude={longitude}&latitude={latitude}"),
                )
            }
            What::HistoryFirstPage => {
                let room = chance.random_range(1..=crowd.groups);
                let me = member(crowd, room, chance.random_range(0..MEMBERS));
                (
                    account(me),
                    format!("/api/v1/chat/messages?toId={room}&ope=group&limit={PAGE}"),
                )
            }
            What::FriendsList => (
                account(chance.random_range(0..SOCIABLE)),
                "/api/v1/friends".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_live_in_towns_on_the_globe() {
        let (towns, mut chance) = (Towns::new(), SmallRng::seed_from_u64(9));
        for _ in 0..1_000 {
            let at = towns.place(&mut chance);
            assert!(at.check().is_ok() && at.cell().is_some(), "{at:?}");
        }
    }

    #[test]
    fn the_seats_of_a_group_are_those_of_different_people() {
        let crowd = Crowd {
            accounts: 1_000_000,
            groups: 10,
            clients: 1,
        };
        for room in 1..=10_000 {
            let seats: std::collections::HashSet<i64> =
                (0..MEMBERS).map(|seat| member(crowd, room, seat)).collect();
            assert_eq!(seats.len(), MEMBERS as usize);
        }
    }
}

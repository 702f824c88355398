//! What a seed's world is like: how many machines, rooms and people, and which faults how often.

use super::dice::Dice;

/// A defect planted in the world around the core, to show that the checks find it. Some make the world behave as if the
/// core had the defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The store takes posts of owners whose epoch has passed: a stale owner goes on committing.
    NoFence,
    /// The store says committed before it is.
    AnswersEarly,
    /// Rooms can be taken from nodes that live.
    TakesFromTheLiving,
    /// The store forgets client tokens.
    ForgetsTokens,
    /// The store says that a commit in doubt was absent, without looking: the journal repeats it under new ids.
    DoubtIsAbsence,
    /// The database's clock runs four times as fast as everybody's: nodes die within their leases.
    HastyDeaths,
    /// The network goes on losing pushes, and drops every word of where a room ends: lost tails stay lost.
    LosesTails,
    /// The network drops every word that what accounts were told may be lost.
    HidesLosses,
    /// Nodes forget at once which rooms a peer follows.
    ForgetsInterest,
    /// Rooms count from one seq too early, now and then: they give it twice.
    GivesSeqsTwice,
}

/// One seed's world.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub broken: Option<Broken>,
    pub machines: usize,
    pub groups: usize,
    pub people: usize,
    pub sessions: usize,
    /// How long faults go on, in milliseconds.
    pub faults_ms: u64,
    /// The longest pause between two faults, in milliseconds.
    pub fault_pause_ms: u64,
    /// Of a thousand writes so many fail, one way or another.
    pub write_faults: u64,
    /// Of a thousand reads so many fail.
    pub read_faults: u64,
    /// The longest way to the database and back, in milliseconds.
    pub database_ms: u64,
    /// The longest way between nodes, in milliseconds.
    pub link_ms: u64,
    /// Of a thousand pushes between nodes so many are lost, doubled or come late.
    pub link_faults: u64,
    /// The longest that a person thinks between two deeds, in milliseconds.
    pub thinks_ms: u64,
    /// Rooms unused for so long are put to rest, in milliseconds.
    pub idle_ms: i64,
}

impl Plan {
    pub fn of(seed: u64, broken: Option<Broken>) -> Plan {
        let dice = Dice::new(seed, 1);
        let rarely = |dice: &Dice, most: u64| {
            if dice.chance(500) {
                dice.between(0, most)
            } else {
                0
            }
        };
        Plan {
            seed,
            broken,
            machines: dice.between(1, 3) as usize + usize::from(dice.chance(700)),
            groups: dice.between(1, 2) as usize,
            people: dice.between(2, 4) as usize,
            sessions: dice.between(2, 5) as usize,
            faults_ms: dice.between(2_000, if dice.chance(300) { 12_000 } else { 5_000 }),
            fault_pause_ms: dice.between(300, 2_500),
            write_faults: rarely(&dice, 150),
            read_faults: rarely(&dice, 100),
            database_ms: dice.between(2, 120),
            link_ms: dice.between(2, 120),
            link_faults: rarely(&dice, 200),
            thinks_ms: dice.between(100, 1_200),
            idle_ms: dice.between(1_000, 20_000) as i64,
        }
    }
}

//! What goes wrong in the world, and for how long.

use super::dice::Dice;
use super::town::{Town, sleep};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// A process that stands still does so for at most so long, in milliseconds: longer than its lease.
const PAUSE_MS_MAX: u64 = 5_000;
/// A way that is cut stays so for at most so long, in milliseconds.
const CUT_MS_MAX: u64 = 6_000;
/// A machine comes back within this time, in milliseconds.
const AWAY_MS_MAX: u64 = 3_000;
/// Faults at the same time, at most.
const AT_ONCE_MAX: usize = 3;

/// Lets faults happen for as long as the plan says, and a while more until the last has passed.
pub async fn rage(town: &Rc<Town>) {
    let dice = town.dice(3);
    let end = Instant::now() + Duration::from_millis(town.plan.faults_ms);
    let mut raging: Vec<Instant> = Vec::new();
    // Most nodes have joined by then, some have not.
    sleep(dice.between(50, 800)).await;
    while Instant::now() < end && !town.book.is_wrong() {
        sleep(dice.between(50, town.plan.fault_pause_ms)).await;
        raging.retain(|until| *until > Instant::now());
        if raging.len() < AT_ONCE_MAX {
            let ms = strike(town, &dice);
            raging.push(Instant::now() + Duration::from_millis(ms));
        }
    }
    town.calm.store(true, Ordering::SeqCst);
    town.book.note(|| "no more faults".to_owned());
    let last = raging.into_iter().max().unwrap_or_else(Instant::now);
    tokio::time::sleep_until(last + Duration::from_millis(1_000)).await;
}

/// Begins one fault; returns how long it lasts.
fn strike(town: &Rc<Town>, dice: &Dice) -> u64 {
    let machine = dice.between(0, town.plan.machines as u64 - 1) as usize;
    town.book.count(|tally| tally.faults += 1);
    match dice.between(0, 9) {
        0 | 1 => kill(town, machine, dice.between(0, AWAY_MS_MAX)),
        2 | 3 => pause(town, machine, dice.between(50, PAUSE_MS_MAX)),
        4 | 5 => cut_off(town, machine, dice.between(50, CUT_MS_MAX)),
        6 | 7 => {
            let other = dice.between(0, town.plan.machines as u64 - 1) as usize;
            split(town, machine, other, dice.between(50, CUT_MS_MAX))
        }
        8 => {
            town.book.note(|| format!("machine {machine} loses its links"));
            town.network.reset(machine);
            0
        }
        _ => restart(town, machine, dice.between(0, AWAY_MS_MAX)),
    }
}

fn kill(town: &Rc<Town>, machine: usize, away_ms: u64) -> u64 {
    if !town.kill(machine) {
        return 0;
    }
    let town = town.clone();
    actix::spawn(async move {
        sleep(away_ms).await;
        town.start(machine).await;
    });
    away_ms + 3_000
}

fn pause(town: &Rc<Town>, machine: usize, ms: u64) -> u64 {
    let Some(running) = town.on(machine).filter(|running| running.host.is_up()) else {
        return 0;
    };
    town.book
        .note(|| format!("{} stands still for {ms} ms", running.host));
    running.host.pause(true);
    let town = town.clone();
    actix::spawn(async move {
        sleep(ms).await;
        town.book.note(|| format!("{} goes on", running.host));
        running.host.pause(false);
    });
    ms
}

fn cut_off(town: &Rc<Town>, machine: usize, ms: u64) -> u64 {
    let Some(running) = town.on(machine) else { return 0 };
    town.book
        .note(|| format!("{} is cut off the database for {ms} ms", running.host));
    running.host.cut_off(true);
    let town = town.clone();
    actix::spawn(async move {
        sleep(ms).await;
        town.book
            .note(|| format!("{} reaches the database", running.host));
        running.host.cut_off(false);
    });
    ms
}

fn split(town: &Rc<Town>, a: usize, b: usize, ms: u64) -> u64 {
    if a == b {
        return 0;
    }
    town.book
        .note(|| format!("machines {a} and {b} do not hear each other for {ms} ms"));
    town.network.split(a, b, true);
    let town = town.clone();
    actix::spawn(async move {
        sleep(ms).await;
        town.book.note(|| format!("machines {a} and {b} hear each other"));
        town.network.split(a, b, false);
    });
    ms
}

/// A restart as an operator does it: handed over first.
fn restart(town: &Rc<Town>, machine: usize, away_ms: u64) -> u64 {
    const DRAIN_MS_MAX: u64 = 5_000;
    let Some(running) = town.on(machine).filter(|running| running.host.is_up()) else {
        return 0;
    };
    town.book.note(|| format!("{} drains", running.host));
    let town = town.clone();
    actix::spawn(async move {
        running.node.drain(Duration::from_millis(DRAIN_MS_MAX)).await;
        let left =
            tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), running.node.leave_cluster()).await;
        town.book
            .note(|| format!("{} has drained: {}", running.host, left.is_ok()));
        if !running.host.is_dead() && town.kill(machine) {
            sleep(away_ms).await;
            town.start(machine).await;
        }
    });
    2 * DRAIN_MS_MAX + away_ms
}

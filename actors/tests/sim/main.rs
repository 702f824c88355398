//! Whole nodes in a simulated world: paused time, a store, a network and people that a seed decides, and faults of
//! every kind, with every promise checked at every step.
//!
//! The nodes are the real ones, shells and all: only the ports are simulated. Everything runs on one thread in one
//! order, so a seed that fails does so again: `ROOST_SIM_SEED=17 cargo test -p roost-actors --test sim -- one_seed`
//! prints what happened. `ROOST_SIM_SEEDS=1000000` runs so many of them.

mod checks;
mod clock;
mod dice;
mod faults;
mod host;
mod network;
mod people;
mod plan;
mod run;
mod session;
mod store;
mod tables;
mod town;
mod verdict;

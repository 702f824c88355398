//! The people of the scripts.

use roost_actors::model::AccountId;

const NAMES: [&str; 8] = ["nobody", "ann", "bob", "cat", "dan", "eve", "max", "zoe"];

pub fn id(name: &str) -> AccountId {
    let index = NAMES.iter().position(|n| *n == name);
    AccountId(index.unwrap_or_else(|| panic!("{name} is nobody")) as i64)
}

pub fn name(account: AccountId) -> &'static str {
    NAMES[account.0 as usize]
}

//! The other rules that are values: laying out a batch, running counts, what a user may ask, how sessions keep pace.

mod assign;
mod pace;
mod user;

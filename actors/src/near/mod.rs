//! What lies near a point of the globe: distances, and the search for the nearest over an index by cells. Pure.
//!
//! The search looks at the nearest cell first and cuts one up only when it holds too much: what it costs depends on
//! how many are wanted, not on how many there are. Distances are those on a sphere, so neither the date line nor the
//! poles are edges.

mod globe;
#[cfg(test)]
mod tests;

use crate::failure::Failure;
use crate::model::AccountId;
use crate::model::account::check_degrees;
use globe::Cell;
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::ops::Range;

/// As in Redis, whose distances clients have seen before.
const EARTH_METERS: f64 = 6_372_797.560_856;
/// Nobody is further from anybody, in metres.
pub const DISTANCE_METERS_MAX: f64 = 20_100_000.0;
/// What is nearer by less than this is as near, in metres: numbers say no more.
const GRAIN_METERS: f64 = 0.001;

/// A place on the globe, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub longitude: f64,
    pub latitude: f64,
}

impl Point {
    /// Refuses what is off the globe.
    pub fn check(self) -> Result<(), Failure> {
        check_degrees("longitude", self.longitude, 180.0)?;
        check_degrees("latitude", self.latitude, 90.0)
    }

    /// The number of the smallest cell around the point; `None` at 0, 0, which stands for an unknown place.
    #[must_use]
    pub fn cell(self) -> Option<i64> {
        if self.longitude == 0.0 && self.latitude == 0.0 {
            return None;
        }
        Some(globe::smallest(self))
    }

    /// Metres to another point.
    #[must_use]
    pub fn distance(self, to: Point) -> f64 {
        let (from_lat, to_lat) = (self.latitude.to_radians(), to.latitude.to_radians());
        let u = ((to_lat - from_lat) / 2.0).sin();
        let v = ((to.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = u * u + from_lat.cos() * to_lat.cos() * v * v;
        2.0 * EARTH_METERS * h.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// What a search is for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    pub from: Point,
    /// Nothing further away, in metres.
    pub within: f64,
    /// The nearest so many; at most [`Wanted::LIMIT_MAX`].
    pub limit: usize,
    /// An account that is not to be found: whoever asks.
    pub except: Option<AccountId>,
}

impl Wanted {
    pub const LIMIT_MAX: usize = 100;

    /// Refuses points off the globe; bounds the rest.
    pub fn checked(self) -> Result<Wanted, Failure> {
        self.from.check()?;
        if !self.within.is_finite() {
            return Err(Failure::invalid("the radius", "must be a number"));
        }
        Ok(Wanted {
            within: self.within.clamp(0.0, DISTANCE_METERS_MAX),
            limit: self.limit.min(Wanted::LIMIT_MAX),
            ..self
        })
    }
}

/// Something in a cell, as the index shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub id: i64,
    pub at: Point,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Near {
    metres: f64,
    id: i64,
}

impl Eq for Near {}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Near) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near {
    fn cmp(&self, other: &Near) -> Ordering {
        self.metres.total_cmp(&other.metres).then(self.id.cmp(&other.id))
    }
}

/// What is still to be looked into: a cell, of which the places before `start` are known already.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiting {
    metres: f64,
    cell: Cell,
    start: i64,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        let nearer = self.metres.total_cmp(&other.metres);
        nearer.then((self.cell, self.start).cmp(&(other.cell, other.start)))
    }
}

/// A search under way: says which cell to look into next, and learns what is there.
#[derive(Debug)]
pub struct Search {
    wanted: Wanted,
    waiting: BinaryHeap<Reverse<Waiting>>,
    asked: Option<Waiting>,
    looks: usize,
    /// The nearest so far; the furthest of them on top.
    nearest: BinaryHeap<Near>,
    /// Their ids: what a look has shown before is shown again by one at a part of the cell.
    known: HashSet<i64>,
}

impl Search {
    /// Rows that a look wants to see, at most: a cell with as many is cut up. More than any search wants, and whoever
    /// asks besides, so that a smallest cell that holds more needs no second look.
    pub const ROWS_MAX: usize = 128;
    /// Looks of one search, at most: reached only where tens of thousands lie at equal distances all around; then the
    /// answer is the nearest that were seen until then.
    pub const LOOKS_MAX: usize = 400;

    #[must_use]
    pub fn new(wanted: Wanted) -> Search {
        let mut search = Search {
            wanted,
            waiting: BinaryHeap::new(),
            asked: None,
            looks: 0,
            nearest: BinaryHeap::new(),
            known: HashSet::new(),
        };
        Cell::HEMISPHERES
            .into_iter()
            .for_each(|cell| search.wait(cell, 0));
        search
    }

    /// The cells to look into next, as a range of their numbers; `None` when the nearest are found.
    pub fn next_look(&mut self) -> Option<Range<i64>> {
        let Reverse(next) = self.waiting.pop()?;
        if self.looks >= Search::LOOKS_MAX || !self.matters(next.metres) {
            return None;
        }
        self.looks += 1;
        self.asked = Some(next);
        Some(next.start..next.cell.range().end)
    }

    /// Learns what is there: the first rows in the order of their cells, at most [`Search::ROWS_MAX`].
    pub fn learn(&mut self, rows: &[Found]) {
        let Some(Waiting { cell, start, .. }) = self.asked.take() else {
            return;
        };
        rows.iter().for_each(|row| self.keep(*row));
        if rows.len() < Search::ROWS_MAX {
            return;
        }
        let seen = rows.iter().filter_map(|row| row.at.cell());
        let Some((first, last)) = seen.fold(None, |span: Option<(i64, i64)>, one| {
            Some(span.map_or((one, one), |(first, last)| (first.min(one), last.max(one))))
        }) else {
            return;
        };
        // A smallest cell that holds so many holds more than are wanted: it is done with.
        let start = start.max(last + i64::from(first == last));
        let crowd = Cell::around(first, last);
        for part in cell.parts().filter(|part| part.range().end > start) {
            if part.contains(crowd) {
                // All seen are close together: the rest of the part is likely empty, and one look tells.
                self.wait(crowd, start);
                self.wait(part, crowd.range().end);
            } else {
                self.wait(part, start);
            }
        }
    }

    /// The ids found and how far each is, in metres: the nearest first, then by id.
    #[must_use]
    pub fn finish(self) -> Vec<(i64, f64)> {
        let nearest = self.nearest.into_sorted_vec();
        nearest.into_iter().map(|near| (near.id, near.metres)).collect()
    }

    /// Has what a cell holds from `start` on looked into, if it can matter.
    fn wait(&mut self, cell: Cell, start: i64) {
        let (range, metres) = (cell.range(), cell.distance(self.wanted.from));
        let start = start.max(range.start);
        if start < range.end && self.matters(metres) {
            self.waiting.push(Reverse(Waiting { metres, cell, start }));
        }
    }

    fn keep(&mut self, row: Found) {
        let near = Near {
            metres: self.wanted.from.distance(row.at),
            id: row.id,
        };
        let excluded = near.metres > self.wanted.within || self.wanted.except == Some(AccountId(row.id));
        if excluded || self.wanted.limit == 0 || !self.known.insert(near.id) {
            return;
        }
        self.nearest.push(near);
        if self.nearest.len() > self.wanted.limit
            && let Some(furthest) = self.nearest.pop()
        {
            self.known.remove(&furthest.id);
        }
    }

    /// Whether anything at least so far away can be among the nearest.
    fn matters(&self, metres: f64) -> bool {
        let full = self.nearest.len() >= self.wanted.limit;
        match self.nearest.peek() {
            _ if self.wanted.limit == 0 => false,
            Some(furthest) if full => metres + GRAIN_METERS < furthest.metres,
            _ => metres <= self.wanted.within,
        }
    }
}

//! What lies near a point of the globe: cells that can be indexed, distances, and the search for the nearest. Pure.
//!
//! The globe is cut into quarters, and those again, [`CELL_BITS`] times along each side. The number of the smallest
//! cell holds those of all larger ones as its prefixes, so one ordered index finds what is in a cell of any size.
//! The search looks at the nearest cell first and cuts one up only when it holds too much: what it costs depends on
//! how many are wanted, not on how many there are. Distances are those on a sphere, so neither the date line nor the
//! poles are edges.

use crate::failure::Failure;
use crate::model::AccountId;
use crate::model::account::check_degrees;
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

/// Cuts along each side of the globe: the smallest cell is about half a metre high at most.
pub const CELL_BITS: u32 = 26;
/// Cuts that one look makes at once: a cell falls into sixteen.
const CUTS: u32 = 2;
/// As in Redis, whose distances clients have seen before.
const EARTH_METERS: f64 = 6_372_797.560_856;
/// Nobody is further from anybody, in metres.
pub const DISTANCE_METERS_MAX: f64 = 20_100_000.0;

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
        let x = cut((self.longitude + 180.0) / 360.0);
        let y = cut((self.latitude + 90.0) / 180.0);
        Some((spread(x) | (spread(y) << 1)) as i64)
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

/// A share of a side as a whole number of smallest cells.
fn cut(share: f64) -> u64 {
    let cells = 1_u64 << CELL_BITS;
    ((share * cells as f64).floor().max(0.0) as u64).min(cells - 1)
}

/// Puts a zero before each bit.
fn spread(bits: u64) -> u64 {
    let mut x = bits;
    x = (x | (x << 16)) & 0x0000_ffff_0000_ffff;
    x = (x | (x << 8)) & 0x00ff_00ff_00ff_00ff;
    x = (x | (x << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | (x << 2)) & 0x3333_3333_3333_3333;
    (x | (x << 1)) & 0x5555_5555_5555_5555
}

/// Takes the zeros out again.
fn gather(bits: u64) -> u64 {
    let mut x = bits & 0x5555_5555_5555_5555;
    x = (x | (x >> 1)) & 0x3333_3333_3333_3333;
    x = (x | (x >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | (x >> 4)) & 0x00ff_00ff_00ff_00ff;
    x = (x | (x >> 8)) & 0x0000_ffff_0000_ffff;
    (x | (x >> 16)) & 0x0000_0000_ffff_ffff
}

/// A cell of any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    /// How often it may still be cut in each direction.
    cuts_left: u32,
    /// Its number among the cells of its size.
    number: u64,
}

impl Cell {
    const GLOBE: Cell = Cell {
        cuts_left: CELL_BITS,
        number: 0,
    };

    /// The numbers of the smallest cells in it.
    fn range(self) -> Range<i64> {
        let shift = 2 * self.cuts_left;
        ((self.number << shift) as i64)..(((self.number + 1) << shift) as i64)
    }

    fn parts(self) -> impl Iterator<Item = Cell> {
        let cuts = CUTS.min(self.cuts_left);
        (0..1_u64 << (2 * cuts)).map(move |part| Cell {
            cuts_left: self.cuts_left - cuts,
            number: (self.number << (2 * cuts)) | part,
        })
    }

    /// Not more than the metres from a point to anything in the cell.
    fn distance(self, from: Point) -> f64 {
        let side = 1_u64 << (CELL_BITS - self.cuts_left);
        let (x, y) = (gather(self.number), gather(self.number >> 1));
        let longitude = |x: u64| x as f64 / side as f64 * 360.0 - 180.0;
        let latitude = |y: u64| y as f64 / side as f64 * 180.0 - 90.0;
        let (west, east) = (longitude(x), longitude(x + 1));
        let (south, north) = (latitude(y), latitude(y + 1));
        if (west..=east).contains(&from.longitude) {
            let off = (south - from.latitude).max(from.latitude - north).max(0.0);
            return off.to_radians() * EARTH_METERS;
        }
        // From a point beside it the nearest place of a cell is on its western or eastern edge.
        to_meridian(from, west, south, north).min(to_meridian(from, east, south, north))
    }
}

/// Metres from a point to the piece of a meridian between two latitudes.
fn to_meridian(from: Point, longitude: f64, south: f64, north: f64) -> f64 {
    let aside = (from.longitude - longitude).to_radians();
    let latitude = from.latitude.to_radians();
    let foot = latitude.sin().atan2(latitude.cos() * aside.cos()).to_degrees();
    if (south..=north).contains(&foot) {
        return (latitude.cos() * aside.sin()).abs().min(1.0).asin() * EARTH_METERS;
    }
    let end = |latitude| from.distance(Point { longitude, latitude });
    end(south).min(end(north))
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

#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiting {
    metres: f64,
    cell: Cell,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.metres
            .total_cmp(&other.metres)
            .then(self.cell.cmp(&other.cell))
    }
}

/// A search under way: says which cell to look into next, and learns what is there.
#[derive(Debug)]
pub struct Search {
    wanted: Wanted,
    waiting: BinaryHeap<Reverse<Waiting>>,
    asked: Option<Cell>,
    looks: usize,
    /// The nearest so far; the furthest of them on top.
    nearest: BinaryHeap<Near>,
}

impl Search {
    /// Rows that a look wants to see, at most: a cell with as many is cut up. More than any search wants, and whoever
    /// asks besides, so that a smallest cell that holds more needs no second look.
    pub const ROWS_MAX: usize = 128;
    /// Looks of one search, at most: reached only where crowds lie at equal distances all around; then the answer is
    /// what was found until then.
    pub const LOOKS_MAX: usize = 400;

    #[must_use]
    pub fn new(wanted: Wanted) -> Search {
        let globe = Waiting {
            metres: 0.0,
            cell: Cell::GLOBE,
        };
        Search {
            wanted,
            waiting: BinaryHeap::from([Reverse(globe)]),
            asked: None,
            looks: 0,
            nearest: BinaryHeap::new(),
        }
    }

    /// The cells to look into next, as a range of their numbers; `None` when the nearest are found.
    pub fn next_look(&mut self) -> Option<Range<i64>> {
        let Reverse(next) = self.waiting.pop()?;
        if self.looks >= Search::LOOKS_MAX || next.metres > self.reach() {
            return None;
        }
        self.looks += 1;
        self.asked = Some(next.cell);
        Some(next.cell.range())
    }

    /// Learns what is there: at most [`Search::ROWS_MAX`] rows, in any order.
    pub fn learn(&mut self, rows: &[Found]) {
        let Some(cell) = self.asked.take() else {
            return;
        };
        if rows.len() < Search::ROWS_MAX || cell.cuts_left == 0 {
            rows.iter().for_each(|row| self.keep(*row));
            return;
        }
        for part in cell.parts() {
            let metres = part.distance(self.wanted.from);
            if metres <= self.reach() {
                self.waiting.push(Reverse(Waiting { metres, cell: part }));
            }
        }
    }

    /// The ids found and how far each is, in metres: the nearest first, then by id.
    #[must_use]
    pub fn finish(self) -> Vec<(i64, f64)> {
        let nearest = self.nearest.into_sorted_vec();
        nearest.into_iter().map(|near| (near.id, near.metres)).collect()
    }

    fn keep(&mut self, row: Found) {
        let near = Near {
            metres: self.wanted.from.distance(row.at),
            id: row.id,
        };
        if near.metres > self.wanted.within || self.wanted.except == Some(AccountId(row.id)) {
            return;
        }
        self.nearest.push(near);
        if self.nearest.len() > self.wanted.limit {
            self.nearest.pop();
        }
    }

    /// How far anything may be that can still matter.
    fn reach(&self) -> f64 {
        match self.nearest.peek() {
            _ if self.wanted.limit == 0 => -1.0,
            Some(furthest) if self.nearest.len() >= self.wanted.limit => {
                furthest.metres.min(self.wanted.within)
            }
            _ => self.wanted.within,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Point {
        Point { longitude, latitude }
    }

    /// Pseudo-random numbers from 0 to 1.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// An index in memory, with the number of looks that a search took.
    fn search(people: &[Found], wanted: Wanted) -> (Vec<(i64, f64)>, usize) {
        let mut index: Vec<(i64, Found)> = people
            .iter()
            .filter_map(|found| Some((found.at.cell()?, *found)))
            .collect();
        index.sort_by_key(|(cell, found)| (*cell, found.id));
        let mut search = Search::new(wanted);
        let mut looks = 0;
        while let Some(range) = search.next_look() {
            looks += 1;
            let first = index.partition_point(|(cell, _)| *cell < range.start);
            let rows: Vec<Found> = index[first..]
                .iter()
                .take_while(|(cell, _)| *cell < range.end)
                .take(Search::ROWS_MAX)
                .map(|(_, found)| *found)
                .collect();
            search.learn(&rows);
        }
        (search.finish(), looks)
    }

    fn by_hand(people: &[Found], wanted: Wanted) -> Vec<(i64, f64)> {
        let mut near: Vec<Near> = people
            .iter()
            .filter(|found| Some(AccountId(found.id)) != wanted.except)
            .map(|found| Near {
                metres: wanted.from.distance(found.at),
                id: found.id,
            })
            .filter(|near| near.metres <= wanted.within)
            .collect();
        near.sort();
        near.truncate(wanted.limit);
        near.into_iter().map(|near| (near.id, near.metres)).collect()
    }

    fn wanted(from: Point, kilometres: f64, limit: usize) -> Wanted {
        Wanted {
            from,
            within: kilometres * 1_000.0,
            limit,
            except: None,
        }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let metres = |a: Point, b: Point| a.distance(b).round() as i64;
        // Palermo to Catania, as Redis documents it.
        assert_eq!(
            metres(at(13.361_389, 38.115_556), at(15.087_269, 37.502_669)),
            166_274
        );
        assert_eq!(metres(at(179.9, 0.0), at(-179.9, 0.0)), 22_245);
        assert_eq!(metres(at(0.0, 89.9), at(180.0, 89.9)), 22_245);
        assert_eq!(metres(at(5.0, 5.0), at(5.0, 5.0)), 0);
        assert_eq!(metres(at(0.0, -90.0), at(77.0, 90.0)), 20_020_734);
    }

    #[test]
    fn a_cell_holds_its_points_and_its_numbers_are_its_prefixes() {
        assert_eq!(at(0.0, 0.0).cell(), None);
        assert_eq!(at(-180.0, -90.0).cell(), Some(0));
        assert_eq!(at(180.0, 90.0).cell(), Some((1 << 52) - 1));
        let mut dice = Dice(1);
        for _ in 0..1_000 {
            let point = at(dice.roll() * 360.0 - 180.0, dice.roll() * 180.0 - 90.0);
            let number = point.cell().unwrap() as u64;
            let mut cell = Cell::GLOBE;
            while cell.cuts_left > 0 {
                let inside = |part: &Cell| part.range().contains(&(number as i64));
                cell = cell.parts().find(inside).unwrap();
                assert!(cell.distance(point) < 0.001, "{point:?} {cell:?}");
            }
            assert_eq!(cell.number, number);
        }
    }

    #[test]
    fn nothing_in_a_cell_is_nearer_than_the_cell() {
        let mut dice = Dice(2);
        for _ in 0..20_000 {
            let from = at(dice.roll() * 360.0 - 180.0, dice.roll() * 180.0 - 90.0);
            let inside = at(dice.roll() * 360.0 - 180.0, dice.roll() * 180.0 - 90.0);
            let cuts_left = CELL_BITS - (dice.roll() * 8.0) as u32;
            let number = inside.cell().unwrap() as u64 >> (2 * cuts_left);
            let cell = Cell { cuts_left, number };
            let (bound, metres) = (cell.distance(from), from.distance(inside));
            assert!(
                bound <= metres + 0.001,
                "{from:?} {inside:?} {cell:?}: {bound} > {metres}"
            );
        }
    }

    #[test]
    fn the_search_finds_what_a_look_at_everybody_finds() {
        let mut dice = Dice(3);
        let mut people = Vec::new();
        for id in 1..=6_000_i64 {
            let place = match id % 4 {
                // All over the globe; a city; at the date line; around a pole.
                0 => at(dice.roll() * 360.0 - 180.0, dice.roll() * 180.0 - 90.0),
                1 => at(113.9 + dice.roll() * 0.2, 22.5 + dice.roll() * 0.2),
                2 => at(
                    (179.0 + dice.roll() * 2.0 + 180.0) % 360.0 - 180.0,
                    dice.roll() - 0.5,
                ),
                _ => at(dice.roll() * 360.0 - 180.0, 89.0 + dice.roll()),
            };
            people.push(Found { id, at: place });
        }
        let places = [
            at(113.95, 22.55),
            at(110.0, 23.0),
            at(179.999, 0.1),
            at(-179.999, -0.1),
            at(180.0, 0.0),
            at(33.0, 90.0),
            at(-140.0, 89.9),
            at(10.0, -90.0),
            at(-60.0, 10.0),
        ];
        for from in places {
            for (kilometres, limit) in [
                (1_000.0, 100),
                (1.0, 100),
                (20_100.0, 100),
                (500.0, 1),
                (1_000.0, 0),
            ] {
                let wanted = wanted(from, kilometres, limit);
                let (found, looks) = search(&people, wanted);
                assert_eq!(found, by_hand(&people, wanted), "{wanted:?}");
                assert!(looks < 150, "{looks} looks for {wanted:?}");
            }
        }
    }

    #[test]
    fn whoever_asks_is_not_found_even_in_a_crowd_at_one_place() {
        let here = at(113.9, 22.5);
        let crowd: Vec<Found> = (1..=5_000).map(|id| Found { id, at: here }).collect();
        let wanted = Wanted {
            except: Some(AccountId(7)),
            ..wanted(here, 1.0, 100)
        };
        let (found, looks) = search(&crowd, wanted);
        assert_eq!(found.len(), 100);
        assert!(found.iter().all(|(id, metres)| *id != 7 && *metres == 0.0));
        assert!(looks <= 16, "{looks}");
    }

    #[test]
    fn crowds_at_equal_distance_all_around_cost_a_bounded_number_of_looks() {
        let mut people = Vec::new();
        for ring in 0..2_000_i64 {
            let longitude = ring as f64 * 0.18 - 180.0;
            people.extend((0..200).map(|i| Found {
                id: ring * 200 + i,
                at: at(longitude, 88.0),
            }));
        }
        // From the very pole every cell that touches it is equally near: the answer may be short, and never slow.
        let (_, looks) = search(&people, wanted(at(5.0, 90.0), 20_000.0, 100));
        assert!(looks <= Search::LOOKS_MAX, "{looks}");
    }

    #[test]
    fn what_is_wanted_is_bounded_and_on_the_globe() {
        let odd = Wanted {
            from: at(0.0, 0.0),
            within: 1e300,
            limit: 1_000_000,
            except: None,
        };
        let bounded = odd.checked().unwrap();
        assert_eq!(
            (bounded.within, bounded.limit),
            (DISTANCE_METERS_MAX, Wanted::LIMIT_MAX)
        );
        let off = Wanted {
            from: at(181.0, 0.0),
            ..odd
        };
        assert!(off.checked().is_err());
        assert!(
            Wanted {
                within: f64::NAN,
                ..odd
            }
            .checked()
            .is_err()
        );
    }
}

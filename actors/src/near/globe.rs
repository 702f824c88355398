//! The globe cut into cells that one ordered index can hold. Pure.
//!
//! Each hemisphere becomes a square with its pole in the middle and the equator around: a place at so many degrees
//! from the pole lies on the square of that size around the middle, and its longitude says where on it. So a pole and
//! the date line are places like others, and a cell is nowhere more than about twice as long as it is wide. The square
//! is cut into quarters, and those again, [`CELL_BITS`] times. The number of the smallest cell holds those of all
//! larger ones as its prefixes: one range of an index has what is in a cell of any size.

use super::{EARTH_METERS, Point};
use std::ops::Range;

/// Cuts along each side of a hemisphere: the smallest cell is about two centimetres wide, which is all the index knows.
pub const CELL_BITS: u32 = 30;
/// Cuts that one look makes at once: a cell falls into sixteen.
const CUTS: u32 = 2;

/// The number of the smallest cell around a point.
pub(super) fn smallest(at: Point) -> i64 {
    let (x, y) = on_square(at);
    let south = u64::from(at.latitude < 0.0) << (2 * CELL_BITS);
    (south | spread(cut(x)) | (spread(cut(y)) << 1)) as i64
}

/// Where a point lies on the square of its hemisphere: from -90 to 90 in both directions. The migration `cells` has
/// this in SQL, operation by operation.
fn on_square(at: Point) -> (f64, f64) {
    let (longitude, from_pole) = (at.longitude, 90.0 - at.latitude.abs());
    if (-45.0..=45.0).contains(&longitude) {
        (from_pole, from_pole * longitude / 45.0)
    } else if longitude > 45.0 && longitude < 135.0 {
        (-(from_pole * (longitude - 90.0) / 45.0), from_pole)
    } else if longitude < -45.0 && longitude > -135.0 {
        (from_pole * (longitude + 90.0) / 45.0, -from_pole)
    } else if longitude > 0.0 {
        (-from_pole, -(from_pole * (longitude - 180.0) / 45.0))
    } else {
        (-from_pole, -(from_pole * (longitude + 180.0) / 45.0))
    }
}

/// The longitude of a place on a square that is not its middle, from -180 to 180.
fn longitude(x: f64, y: f64) -> f64 {
    if x.abs() >= y.abs() && x > 0.0 {
        45.0 * y / x
    } else if x.abs() >= y.abs() {
        let east = 180.0 + 45.0 * y / x;
        if east > 180.0 { east - 360.0 } else { east }
    } else if y > 0.0 {
        90.0 - 45.0 * x / y
    } else {
        -90.0 - 45.0 * x / y
    }
}

/// A place along a side as a whole number of smallest cells.
fn cut(place: f64) -> u64 {
    let cells = 1_u64 << CELL_BITS;
    let share = (place + 90.0) / 180.0;
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

/// A cell of any size, up to a hemisphere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// How often it may still be cut in each direction.
    pub cuts_left: u32,
    /// Its number among the cells of its size.
    pub number: u64,
}

impl Cell {
    pub const HEMISPHERES: [Cell; 2] = [
        Cell {
            cuts_left: CELL_BITS,
            number: 0,
        },
        Cell {
            cuts_left: CELL_BITS,
            number: 1,
        },
    ];

    /// The numbers of the smallest cells in it.
    pub fn range(self) -> Range<i64> {
        let shift = 2 * self.cuts_left;
        ((self.number << shift) as i64)..(((self.number + 1) << shift) as i64)
    }

    /// The smallest cell around all smallest ones from one to another of the same hemisphere.
    pub fn around(first: i64, last: i64) -> Cell {
        let differing = u64::BITS - ((first ^ last) as u64).leading_zeros();
        let cuts_left = differing.div_ceil(2).min(CELL_BITS);
        Cell {
            cuts_left,
            number: first as u64 >> (2 * cuts_left),
        }
    }

    /// Whether the other lies within, and is smaller.
    pub fn contains(self, other: Cell) -> bool {
        other.cuts_left < self.cuts_left
            && other.number >> (2 * (self.cuts_left - other.cuts_left)) == self.number
    }

    /// What it falls into; a smallest cell falls into nothing.
    pub fn parts(self) -> impl Iterator<Item = Cell> {
        let cuts = CUTS.min(self.cuts_left);
        let parts = if cuts == 0 { 0 } else { 1_u64 << (2 * cuts) };
        (0..parts).map(move |part| Cell {
            cuts_left: self.cuts_left - cuts,
            number: (self.number << (2 * cuts)) | part,
        })
    }

    /// Not more than the metres from a point to anything in the cell.
    pub fn distance(self, from: Point) -> f64 {
        self.bounds().distance(from)
    }

    /// Meridians and parallels around the cell.
    fn bounds(self) -> Bounds {
        let cuts_made = CELL_BITS - self.cuts_left;
        let side = 1_u64 << cuts_made;
        let (x, y) = (gather(self.number), gather(self.number >> 1));
        let place = |n: u64| (n & (side - 1)) as f64 / side as f64 * 180.0 - 90.0;
        let step = 180.0 / side as f64;
        let (west, south) = (place(x), place(y));
        let (xs, ys) = ([west, west + step], [south, south + step]);
        let from_pole = if cuts_made == 0 {
            [0.0, 90.0]
        } else {
            let nearest = |side: [f64; 2]| side[0].abs().min(side[1].abs());
            let furthest = |side: [f64; 2]| side[0].abs().max(side[1].abs());
            [nearest(xs).max(nearest(ys)), furthest(xs).max(furthest(ys))]
        };
        let latitudes = if self.number >> (2 * cuts_made) == 0 {
            [90.0 - from_pole[1], 90.0 - from_pole[0]]
        } else {
            [from_pole[0] - 90.0, from_pole[1] - 90.0]
        };
        let mut longitudes = [180.0_f64, -180.0_f64];
        if cuts_made == 0 {
            longitudes.reverse();
        }
        for (x, y) in [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(x, y)| (xs[x], ys[y])) {
            if x != 0.0 || y != 0.0 {
                let corner = longitude(x, y);
                // The edge between west and east belongs to both sides.
                let corner = if corner == 180.0 && ys[1] <= 0.0 {
                    -180.0
                } else {
                    corner
                };
                longitudes = [longitudes[0].min(corner), longitudes[1].max(corner)];
            }
        }
        Bounds {
            latitudes,
            longitudes,
        }
    }
}

/// What lies between two parallels and two meridians.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    latitudes: [f64; 2],
    longitudes: [f64; 2],
}

impl Bounds {
    /// Metres from a point to the nearest place in it.
    fn distance(self, from: Point) -> f64 {
        let [south, north] = self.latitudes;
        let [west, east] = self.longitudes;
        if (west..=east).contains(&from.longitude) {
            let off = (south - from.latitude).max(from.latitude - north).max(0.0);
            return off.to_radians() * EARTH_METERS;
        }
        // From a point beside it the nearest place is on its western or eastern edge.
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

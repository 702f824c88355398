//! The search against a look at everybody, and what it costs.

use super::globe::CELL_BITS;
use super::*;
use proptest::prelude::*;

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

    /// Anywhere on the globe; one in four at a pole, on the date line, the equator or another edge of cells.
    fn place(&mut self) -> Point {
        let edges = [-180.0, -135.0, -90.0, -45.0, 45.0, 90.0, 135.0, 180.0];
        let (longitude, latitude) = (self.roll() * 360.0 - 180.0, self.roll() * 180.0 - 90.0);
        match (self.roll() * 16.0) as u32 {
            0 => at(longitude, 90.0),
            1 => at(longitude, -90.0),
            2 => at(longitude, 0.0),
            3 => at(edges[(self.roll() * 8.0) as usize], latitude),
            _ => at(longitude, latitude),
        }
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
    let middle = (1 << (2 * CELL_BITS)) / 4 * 3;
    for longitude in [-180.0, -135.0, -90.0, 0.0, 45.0, 77.0, 180.0] {
        assert_eq!(at(longitude, 90.0).cell(), Some(middle));
        assert_eq!(at(longitude, -90.0).cell(), Some(middle + (1 << (2 * CELL_BITS))));
    }
    let mut dice = Dice(1);
    for _ in 0..1_000 {
        let point = dice.place();
        let number = point.cell().unwrap();
        let inside = |part: &Cell| part.range().contains(&number);
        let mut cell = Cell::HEMISPHERES.into_iter().find(inside).unwrap();
        while cell.cuts_left > 0 {
            cell = cell.parts().find(inside).unwrap();
            assert!(cell.distance(point) < 0.001, "{point:?} {cell:?}");
        }
        assert_eq!(cell.number as i64, number);
    }
}

#[test]
fn cells_are_small_in_both_directions_wherever_they_are() {
    let mut dice = Dice(5);
    for _ in 0..20_000 {
        let point = dice.place();
        // Some two kilometres: whatever shares the cell is within a few times that.
        let cell = cell_of(point, 14);
        let other = at(
            (point.longitude + dice.roll() * 360.0).rem_euclid(360.0) - 180.0,
            (point.latitude + dice.roll() * 0.1 - 0.05).clamp(-90.0, 90.0),
        );
        if cell_of(other, 14) == cell {
            let metres = point.distance(other);
            assert!(metres < 4_000.0, "{point:?} {other:?}: {metres}");
        }
    }
    // On both sides of a pole and of the date line the neighbour's cell is as near as the neighbour.
    for (one, other) in [
        (at(10.0, 89.999), at(-170.0, 89.999)),
        (at(10.0, -89.999), at(-170.0, -89.999)),
        (at(179.999, 33.0), at(-179.999, 33.0)),
        (at(180.0, -33.0), at(-180.0, -33.0)),
        (at(20.0, 0.0), at(20.0, -0.001)),
    ] {
        let bound = cell_of(other, CELL_BITS).distance(one);
        assert!(
            (one.distance(other) - bound).abs() < 0.1,
            "{one:?} {other:?}: {bound}"
        );
    }
}

/// The cell around a point after so many cuts.
fn cell_of(point: Point, cuts: u32) -> Cell {
    let cuts_left = CELL_BITS - cuts;
    Cell {
        cuts_left,
        number: point.cell().unwrap() as u64 >> (2 * cuts_left),
    }
}

#[test]
fn nothing_in_a_cell_is_nearer_than_the_cell() {
    let mut dice = Dice(2);
    for _ in 0..50_000 {
        let (from, inside) = (dice.place(), dice.place());
        let cell = cell_of(inside, (dice.roll() * 9.0) as u32);
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
    assert!(looks <= 14, "{looks}");
}

#[test]
fn a_crowd_at_one_place_far_away_costs_no_look_at_every_size_of_cells() {
    let mut dice = Dice(7);
    let crowd = |id| Found {
        id,
        at: at(113.9, 22.5),
    };
    let mut people: Vec<Found> = (1..=10_000).map(crowd).collect();
    people.extend((10_001..=20_000).map(|id| Found {
        id,
        at: at(-70.0 + dice.roll() / 1_000.0, -33.0 + dice.roll() / 1_000.0),
    }));
    for from in [at(100.0, 10.0), at(-60.0, -30.0), at(20.0, 80.0)] {
        let wanted = wanted(from, 20_100.0, 100);
        let (found, looks) = search(&people, wanted);
        assert_same(&found, &by_hand(&people, wanted), &wanted);
        assert!(looks <= 100, "{looks} looks from {from:?}");
    }
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
    // From the very pole everybody is equally near.
    let wanted = wanted(at(5.0, 90.0), 20_000.0, 100);
    let (found, looks) = search(&people, wanted);
    assert_eq!(found.len(), 100);
    assert_same(&found, &by_hand(&people, wanted), &wanted);
    assert!(looks <= Search::LOOKS_MAX, "{looks}");
}

#[test]
fn a_crowd_around_a_pole_costs_no_more_than_one_elsewhere() {
    let mut dice = Dice(4);
    for (pole, north) in [(90.0, 1.0), (-90.0, -1.0)] {
        let people: Vec<Found> = (1..=200_000)
            .map(|id| Found {
                id,
                at: at(
                    dice.roll() * 360.0 - 180.0,
                    pole - north * dice.roll().sqrt() * 9.0,
                ),
            })
            .collect();
        for longitude in [-180.0, 5.0, 45.0] {
            let wanted = wanted(at(longitude, pole), 1_000.0, 100);
            let (found, looks) = search(&people, wanted);
            assert_eq!(found, by_hand(&people, wanted));
            assert!(looks <= 40, "{looks}");
        }
    }
}

#[test]
fn a_hundred_thousand_at_the_very_pole_are_one_spot() {
    let mut dice = Dice(6);
    let people: Vec<Found> = (1..=100_000)
        .map(|id| Found {
            id,
            at: at(dice.roll() * 360.0 - 180.0, 90.0),
        })
        .collect();
    let (found, looks) = search(&people, wanted(at(5.0, 90.0), 1.0, 100));
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|(_, metres)| *metres < 0.001));
    assert!(looks <= 2, "{looks}");
    // Ten kilometres off, and on the other side of the globe.
    for (from, kilometres) in [(at(-77.0, 89.9), 12.0), (at(1.0, -90.0), 20_100.0)] {
        let (found, _) = search(&people, wanted(from, kilometres, 100));
        assert_eq!(found.len(), 100);
    }
}

/// The same places, nearest first: of several equally near any may stand for another.
fn assert_same(found: &[(i64, f64)], expected: &[(i64, f64)], wanted: &Wanted) {
    assert_eq!(found.len(), expected.len(), "{wanted:?}");
    let ids: HashSet<i64> = found.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), found.len(), "somebody is found twice: {wanted:?}");
    for ((_, found), (_, expected)) in found.iter().zip(expected) {
        let off = (found - expected).abs();
        assert!(off <= GRAIN_METERS, "{found} is not {expected}: {wanted:?}");
    }
}

/// How a crowd of a property's case lies around its centre.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Spot,
    Town,
    Country,
    /// All at the same distance.
    Ring,
    /// At places of a coarse grid, many on each.
    Grid,
}

fn places() -> impl Strategy<Value = Point> {
    let longitudes = prop_oneof![
        4 => -180.0..=180.0,
        2 => prop_oneof![Just(-180.0), Just(180.0), Just(0.0), Just(45.0), Just(-135.0)],
        1 => 179.99..=180.0,
        1 => -180.0..=-179.99,
    ];
    let latitudes = prop_oneof![
        4 => -90.0..=90.0,
        2 => prop_oneof![Just(90.0), Just(-90.0), Just(0.0)],
        1 => 89.9..=90.0,
        1 => -90.0..=-89.9,
        1 => -0.01..=0.01,
    ];
    (longitudes, latitudes).prop_map(|(longitude, latitude)| at(longitude, latitude))
}

fn crowds() -> impl Strategy<Value = (Point, Shape, usize)> {
    let shapes = prop_oneof![
        Just(Shape::Spot),
        Just(Shape::Town),
        Just(Shape::Country),
        Just(Shape::Ring),
        Just(Shape::Grid)
    ];
    (places(), shapes, 1..700_usize)
}

/// A place so many metres from another, in a direction in radians.
fn away(from: Point, metres: f64, direction: f64) -> Point {
    let (angle, latitude) = (metres / EARTH_METERS, from.latitude.to_radians());
    if from.latitude.abs() == 90.0 {
        let latitude = from.latitude - from.latitude.signum() * angle.to_degrees();
        return at(direction.to_degrees() - 180.0, latitude);
    }
    let north = latitude.sin() * angle.cos() + latitude.cos() * angle.sin() * direction.cos();
    let east = (direction.sin() * angle.sin() * latitude.cos())
        .atan2(angle.cos() - latitude.sin() * north)
        .to_degrees();
    at(
        (from.longitude + east + 180.0).rem_euclid(360.0) - 180.0,
        north.clamp(-1.0, 1.0).asin().to_degrees(),
    )
}

fn crowd(dice: &mut Dice, (centre, shape, people): (Point, Shape, usize)) -> Vec<Point> {
    let places = (0..people).map(|_| {
        let direction = dice.roll() * std::f64::consts::TAU;
        match shape {
            Shape::Spot => centre,
            Shape::Town => away(centre, dice.roll() * 9_000.0, direction),
            Shape::Country => away(centre, dice.roll() * 900_000.0, direction),
            Shape::Ring => away(centre, 50_000.0, direction),
            Shape::Grid => {
                let near = away(centre, dice.roll() * 200_000.0, direction);
                at(near.longitude.round(), near.latitude.round())
            }
        }
    });
    places.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn exactly_the_nearest_within_the_radius_are_found(
        crowds in prop::collection::vec(crowds(), 1..6),
        stranger in places(),
        from_crowd in any::<bool>(),
        kilometres in prop_oneof![Just(1_000.0), Just(20_100.0), 0.0..100.0_f64],
        limit in prop_oneof![4 => Just(100_usize), 1 => 0..100_usize],
        seed in any::<u64>(),
    ) {
        let mut dice = Dice(seed);
        let from = if from_crowd { crowds[0].0 } else { stranger };
        let places = crowds.iter().flat_map(|one| crowd(&mut dice, *one));
        // Nobody is at 0, 0: it stands for an unknown place.
        let places = places.filter(|place| place.cell().is_some());
        let people: Vec<Found> = (1..).zip(places).map(|(id, at)| Found { id, at }).collect();
        let wanted = Wanted {
            except: Some(AccountId(1)),
            ..wanted(from, kilometres, limit)
        };
        let (found, looks) = search(&people, wanted);
        assert_same(&found, &by_hand(&people, wanted), &wanted);
        prop_assert!(looks <= 200, "{} looks", looks);
    }
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

//! Smooth paths for nodes that are dragged.

use graphy_model::Position;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// How far a drag goes at most, in canvas units.
const REACH: f64 = 240.0;

/// Makes the points of a drag from a place to another one nearby: a curve that begins and ends
/// slowly, as a hand does.
pub(super) fn drag(from: Position, random: &mut StdRng) -> Vec<Position> {
    let mut near = |scale: f64| random.random_range(-REACH..REACH) * scale;
    let to = Position {
        x: from.x + near(1.0),
        y: from.y + near(1.0),
    };
    let (one, two) = (
        Position {
            x: from.x + near(0.6),
            y: from.y + near(0.6),
        },
        Position {
            x: to.x + near(0.6),
            y: to.y + near(0.6),
        },
    );
    let points = random.random_range(10..=30);
    (1..=points)
        .map(|step| {
            let t = f64::from(step) / f64::from(points);
            let eased = t * t * (3.0 - 2.0 * t);
            curve(from, one, two, to, eased)
        })
        .collect()
}

/// A point of a cubic Bézier curve, rounded to what a screen can show.
fn curve(a: Position, b: Position, c: Position, d: Position, t: f64) -> Position {
    let u = 1.0 - t;
    let mix = |a: f64, b: f64, c: f64, d: f64| {
        let value = u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
        (value * 10.0).round() / 10.0
    };
    Position {
        x: mix(a.x, b.x, c.x, d.x),
        y: mix(a.y, b.y, c.y, d.y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn a_drag_begins_where_the_node_is_and_makes_no_jumps() {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..100 {
            let from = Position { x: 10.0, y: -5.0 };
            let path = drag(from, &mut random);
            let mut last = from;
            for point in &path {
                let step = (point.x - last.x).hypot(point.y - last.y);
                assert!(step < REACH, "{step}");
                last = *point;
            }
            assert!((10..=30).contains(&path.len()));
        }
    }
}

//! Puzzles in a picture: characters drawn as bent strokes, with others across them.
//!
//! The strokes are ours, so no font is needed; the picture is a bitmap, so they cannot be read out of it. It stops programs that
//! were not made to read pictures, and slows those that were; it does not stop a trained reader.

mod canvas;
mod glyphs;
mod png;

use std::f32::consts::TAU;

use super::random::{self, Dice, NoRandom, Noise};

use canvas::{Canvas, Point};
use glyphs::GLYPHS;

/// Pixels across and down.
pub(super) const SIZE: (usize, usize) = (320, 110);
/// Characters to read.
const CHARACTERS: usize = 6;

/// A picture and what stands in it.
#[derive(Debug)]
pub(super) struct Picture {
    /// A PNG file.
    pub(super) file: Vec<u8>,
    pub(super) answer: String,
}

/// Draws something new.
pub(super) fn draw(dice: &mut Dice) -> Result<Picture, NoRandom> {
    let mut noise = Noise::new(u64::from_be_bytes(random::bytes()?));
    let mut canvas = Canvas::new(SIZE.0, SIZE.1);
    let wave = Wave::new(&mut noise);
    let mut answer = String::new();
    for place in 0..CHARACTERS {
        let (character, strokes) = GLYPHS[dice.roll(GLYPHS.len())?];
        answer.push(character);
        let hand = Hand::new(place, &mut noise);
        for stroke in strokes {
            let bent: Vec<Point> = dense(stroke).map(|point| wave.bend(hand.place(point))).collect();
            canvas.stroke(&bent, hand.pen);
        }
    }
    for _ in 0..3 {
        canvas.stroke(&across(&mut noise), noise.between(1.2, 2.4));
    }
    canvas.speckle(&mut noise);
    Ok(Picture { file: png::encode(&canvas.pixels(), SIZE.0, SIZE.1), answer })
}

/// The points of a stroke, with more between them, so that bending bends the lines too.
fn dense(stroke: &[(f32, f32)]) -> impl Iterator<Item = Point> {
    const PARTS: usize = 4;
    stroke.windows(2).flat_map(|pair| {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        (0..=PARTS).map(move |part| {
            let share = part as f32 / PARTS as f32;
            (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
        })
    })
}

/// How one character is written: where, how large, how slanted.
struct Hand {
    centre: Point,
    scale: Point,
    turn: f32,
    slant: f32,
    pen: f32,
}

impl Hand {
    fn new(place: usize, noise: &mut Noise) -> Self {
        let step = (SIZE.0 as f32 - 40.0) / CHARACTERS as f32;
        let across = 20.0 + step * (place as f32 + 0.5) + noise.between(-4.0, 4.0);
        Self {
            centre: (across, SIZE.1 as f32 / 2.0 + noise.between(-9.0, 9.0)),
            scale: (noise.between(31.0, 39.0), noise.between(52.0, 64.0)),
            turn: noise.between(-0.28, 0.28),
            slant: noise.between(-0.25, 0.25),
            pen: noise.between(2.6, 3.8),
        }
    }

    /// A point of the unit square on the paper.
    fn place(&self, (x, y): Point) -> Point {
        let (x, y) = ((x - 0.5 + self.slant * (0.5 - y)) * self.scale.0, (y - 0.5) * self.scale.1);
        let (sin, cos) = self.turn.sin_cos();
        (self.centre.0 + x * cos - y * sin, self.centre.1 + x * sin + y * cos)
    }
}

/// Two waves through the whole picture.
struct Wave {
    height: Point,
    length: Point,
    phase: Point,
}

impl Wave {
    fn new(noise: &mut Noise) -> Self {
        Self {
            height: (noise.between(2.0, 4.5), noise.between(3.0, 6.0)),
            length: (noise.between(55.0, 80.0), noise.between(50.0, 90.0)),
            phase: (noise.between(0.0, TAU), noise.between(0.0, TAU)),
        }
    }

    fn bend(&self, (x, y): Point) -> Point {
        let right = self.height.0 * (y / self.length.0 * TAU + self.phase.0).sin();
        let down = self.height.1 * (x / self.length.1 * TAU + self.phase.1).sin();
        (x + right, y + down)
    }
}

/// A line from side to side.
fn across(noise: &mut Noise) -> Vec<Point> {
    let (width, height) = (SIZE.0 as f32, SIZE.1 as f32);
    let (from, to) = (noise.between(0.1, 0.9) * height, noise.between(0.1, 0.9) * height);
    let (swing, phase) = (noise.between(4.0, 16.0), noise.between(0.0, TAU));
    let point = |part: usize| {
        let share = part as f32 / 24.0;
        (share * width, from + (to - from) * share + swing * (share * 9.0 + phase).sin())
    };
    (0..=24).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_png_files_of_moderate_size_and_differ() {
        let mut dice = Dice::new().unwrap();
        let (one, two) = (draw(&mut dice).unwrap(), draw(&mut dice).unwrap());
        for picture in [&one, &two] {
            assert!(
                picture.file.starts_with(b"\x89PNG\r\n\x1a\n") && picture.file.len() < 30_000,
                "{}",
                picture.file.len()
            );
            assert_eq!(picture.answer.len(), CHARACTERS);
        }
        assert!(one.answer != two.answer && one.file != two.file);
    }
}

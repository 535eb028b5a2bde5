//! A sheet of grey pixels that strokes are drawn on.

use crate::token::random::Noise;

/// Across, down, in pixels.
pub(super) type Point = (f32, f32);

/// The paper's brightness.
const PAPER: f32 = 246.0;
/// The ink's.
const INK: f32 = 52.0;

/// The sheet.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    /// How much ink is on each pixel, from 0 to 1.
    ink: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, ink: vec![0.0; width * height] }
    }

    /// Draws a line through points with a round pen of this width.
    pub(super) fn stroke(&mut self, points: &[Point], pen: f32) {
        for pair in points.windows(2) {
            self.segment(pair[0], pair[1], pen / 2.0);
        }
    }

    fn segment(&mut self, from: Point, to: Point, radius: f32) {
        let reach = radius + 1.0;
        let columns = span(from.0.min(to.0) - reach, from.0.max(to.0) + reach, self.width);
        for y in span(from.1.min(to.1) - reach, from.1.max(to.1) + reach, self.height) {
            for x in columns.clone() {
                let distance = distance((x as f32, y as f32), from, to);
                let ink = (radius + 0.5 - distance).clamp(0.0, 1.0);
                let pixel = &mut self.ink[y * self.width + x];
                *pixel = pixel.max(ink);
            }
        }
    }

    /// Makes every pixel a little uneven, and puts grains on the sheet.
    pub(super) fn speckle(&mut self, noise: &mut Noise) {
        for pixel in &mut self.ink {
            let grain = noise.between(0.0, 1.0);
            let uneven = if grain > 0.985 { noise.between(0.2, 0.7) } else { 0.0 };
            *pixel = (*pixel * noise.between(0.86, 1.0)).max(uneven);
        }
    }

    /// The sheet as brightness, row by row. Sixteen steps, so that the file stays small.
    pub(super) fn pixels(&self) -> Vec<u8> {
        self.ink.iter().map(|ink| ((PAPER + (INK - PAPER) * ink) / 16.0) as u8 * 17).collect()
    }
}

fn span(from: f32, to: f32, limit: usize) -> std::ops::Range<usize> {
    let clamp = |edge: f32| edge.clamp(0.0, limit as f32) as usize;
    clamp(from)..clamp(to.ceil())
}

/// How far a point is from a segment.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length };
    let along = along.clamp(0.0, 1.0);
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}

//! The captcha picture: four digits on 82 by 32 pixels, with noise. Pure: the randomness comes in.

use roost_actors::Failure;

/// The size of the picture, in pixels.
const WIDTH: usize = 82;
const HEIGHT: usize = 32;
/// How many random bytes a picture takes.
pub const NOISE_BYTES: usize = 512;

/// The digits in a 5 by 7 raster, a row a byte, the leftmost pixel in bit 4.
const GLYPHS: [[u8; 7]; 10] = [
    [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
    [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
    [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
    [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
    [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
    [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
    [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
    [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
    [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
    [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
];

type Colour = [u8; 3];

/// A picture under way, and the noise that is left for it.
struct Canvas<'a> {
    pixels: Vec<Colour>,
    noise: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl Canvas<'_> {
    fn chance(&mut self, below: usize) -> usize {
        let byte = self.noise.next().copied().unwrap_or_default();
        usize::from(byte) % below.max(1)
    }

    /// A colour in which every part lies in `from..from + 100`.
    fn colour(&mut self, from: u8) -> Colour {
        [(); 3].map(|()| from.saturating_add(u8::try_from(self.chance(100)).unwrap_or_default()))
    }

    fn dot(&mut self, x: usize, y: usize, colour: Colour) {
        if x < WIDTH && y < HEIGHT {
            self.pixels[y * WIDTH + x] = colour;
        }
    }

    fn digit(&mut self, place: usize, digit: usize) {
        let (left, top) = (3 + place * 20 + self.chance(4), 2 + self.chance(7));
        let slant = self.chance(7);
        let colour = self.colour(0);
        for (row, bits) in GLYPHS[digit].iter().enumerate() {
            for column in (0..5).filter(|column| bits & (0x10 >> column) != 0) {
                for (dx, dy) in (0..9).map(|n| (n % 3, n / 3)) {
                    let y = row * 3 + dy;
                    // Leans to either side by up to three pixels.
                    let lean = y * slant / 21;
                    self.dot(
                        left + column * 3 + dx + 3 - lean.min(3 + slant / 2),
                        top + y,
                        colour,
                    );
                }
            }
        }
    }

    fn line(&mut self) {
        let colour = self.colour(80);
        let (from, to) = (self.chance(HEIGHT), self.chance(HEIGHT));
        for x in 0..WIDTH {
            let y = (from * (WIDTH - x) + to * x) / WIDTH;
            self.dot(x, y, colour);
        }
    }
}

/// Draws a code of decimal digits as a PNG. Characters that are no digits are left out.
pub fn draw(code: &str, noise: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut canvas = Canvas {
        pixels: vec![[255; 3]; WIDTH * HEIGHT],
        noise: noise.iter().cycle(),
    };
    let paper = canvas.colour(155);
    canvas.pixels.fill(paper);
    for _ in 0..4 {
        canvas.line();
    }
    let digits = code.chars().filter_map(|c| c.to_digit(10));
    for (place, digit) in digits.take(4).enumerate() {
        canvas.digit(place, digit as usize);
    }
    for _ in 0..60 {
        let (x, y) = (canvas.chance(WIDTH), canvas.chance(HEIGHT));
        let colour = canvas.colour(60);
        canvas.dot(x, y, colour);
    }
    encoded(&canvas.pixels)
}

fn encoded(pixels: &[Colour]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let internal = |error: png::EncodingError| Failure::Internal(format!("a captcha was not drawn: {error}"));
    let mut writer = encoder.write_header().map_err(internal)?;
    writer.write_image_data(pixels.as_flattened()).map_err(internal)?;
    writer.finish().map_err(internal)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u8) -> Vec<u8> {
        (0..NOISE_BYTES)
            .map(|n| (n as u8).wrapping_mul(31).wrapping_add(seed))
            .collect()
    }

    #[test]
    fn a_captcha_is_a_png_of_the_documented_size() {
        let picture = draw("0123", &noise(1)).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&picture))
            .read_info()
            .unwrap();
        assert_eq!((reader.info().width, reader.info().height), (82, 32));
    }

    #[test]
    fn codes_and_noise_change_the_picture() {
        let first = draw("1234", &noise(1)).unwrap();
        assert_ne!(first, draw("1235", &noise(1)).unwrap());
        assert_ne!(first, draw("1234", &noise(2)).unwrap());
        assert_eq!(first, draw("1234", &noise(1)).unwrap());
    }

    #[test]
    fn no_code_and_no_noise_break_the_drawing() {
        for code in ["", "9", "99999999", "中文"] {
            assert!(draw(code, &[]).is_ok());
            assert!(draw(code, &[255; 3]).is_ok());
        }
    }
}

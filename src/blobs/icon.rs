//! The picture of whoever has none: a head and shoulders, drawn here so that nothing must be fetched from elsewhere.

use bytes::Bytes;
use roost_actors::Failure;

const SIDE: u32 = 80;
const GROUND: u8 = 0xd8;
const FIGURE: u8 = 0x90;

/// The icon as a PNG.
pub fn draw() -> Result<Bytes, Failure> {
    let mut pixels = Vec::with_capacity((SIDE * SIDE) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            pixels.push(if is_figure(f64::from(x), f64::from(y)) {
                FIGURE
            } else {
                GROUND
            });
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().map_err(internal)?;
    writer.write_image_data(&pixels).map_err(internal)?;
    writer.finish().map_err(internal)?;
    Ok(file.into())
}

fn is_figure(x: f64, y: f64) -> bool {
    let within =
        |cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) <= 1.0;
    within(40.0, 31.0, 14.0, 16.0) || within(40.0, 80.0, 28.0, 28.0)
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(format!("the icon could not be drawn: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_a_picture() {
        let icon = draw().unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(icon));
        let reader = decoder.read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (SIDE, SIDE));
    }
}

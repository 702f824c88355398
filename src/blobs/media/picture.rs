//! Small pictures of large ones, decoded within bounds that no crafted file gets past.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use roost_actors::Failure;
use std::io::{BufRead, Cursor, Seek};

/// The largest file that is decoded, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The longest side and the most pixels of a picture that is decoded.
const SIDE_MAX: u32 = 16_384;
const PIXELS_MAX: u64 = 64 * 1024 * 1024;
/// What a decoder may take of memory, in bytes: the pixels at four bytes each, and as much again in 16 bits a channel.
const DECODER_BYTES_MAX: u64 = 2 * 4 * PIXELS_MAX;
/// The longest side that can be asked for.
pub const WANTED_SIDE_MAX: u32 = 2_048;
const JPEG_QUALITY: u8 = 82;

/// How large a picture shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// As large as fits into a square of this side, its shape kept, never larger than it is.
    Inside(u32),
    /// Exactly this width and height; where one is 0 it follows from the other and the picture's shape.
    Exactly(u32, u32),
}

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    pub bytes: bytes::Bytes,
    pub mime: &'static str,
}

/// Decodes a picture and makes it fit. JPEG when it is opaque, PNG when it is not.
pub fn fitted(source: impl BufRead + Seek, fit: Fit) -> Result<Encoded, Failure> {
    let picture = decoded(source)?;
    let (width, height) = wanted(fit, picture.width(), picture.height());
    let picture = if (width, height) == (picture.width(), picture.height()) {
        picture
    } else {
        picture.thumbnail_exact(width, height)
    };
    encoded(&picture)
}

fn decoded(source: impl BufRead + Seek) -> Result<DynamicImage, Failure> {
    let mut reader = ImageReader::new(source).with_guessed_format().map_err(refused)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    // Before a pixel is decoded: the sides may each be within their bound.
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > DECODER_BYTES_MAX {
        return Err(refused("too many pixels"));
    }
    let orientation = decoder.orientation().map_err(refused)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn wanted(fit: Fit, width: u32, height: u32) -> (u32, u32) {
    let scaled = |side: u32, by: u32, of: u32| {
        let exact = (u64::from(side) * u64::from(by)).div_ceil(u64::from(of.max(1)));
        u32::try_from(exact).unwrap_or(WANTED_SIDE_MAX)
    };
    let (wide, high) = match fit {
        Fit::Inside(side) if width.max(height) <= side => (width, height),
        Fit::Inside(side) if width >= height => (side, scaled(height, side, width)),
        Fit::Inside(side) => (scaled(width, side, height), side),
        Fit::Exactly(0, 0) => (width, height),
        Fit::Exactly(wide, 0) => (wide, scaled(height, wide.min(WANTED_SIDE_MAX), width)),
        Fit::Exactly(0, high) => (scaled(width, high.min(WANTED_SIDE_MAX), height), high),
        Fit::Exactly(wide, high) => (wide, high),
    };
    (wide.clamp(1, WANTED_SIDE_MAX), high.clamp(1, WANTED_SIDE_MAX))
}

fn encoded(picture: &DynamicImage) -> Result<Encoded, Failure> {
    let mut out = Cursor::new(Vec::new());
    let mime = if picture.color().has_alpha() {
        let plain = DynamicImage::ImageRgba8(picture.to_rgba8());
        plain.write_to(&mut out, ImageFormat::Png).map_err(internal)?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder).map_err(internal)?;
        "image/jpeg"
    };
    Ok(Encoded {
        bytes: out.into_inner().into(),
        mime,
    })
}

/// What stands for a film of which no picture can be made: a triangle on grey.
pub fn placeholder() -> Result<Encoded, Failure> {
    const SIDE: u32 = 256;
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let from_middle = y.abs_diff(SIDE / 2);
        let inside = x >= SIDE * 3 / 8 && from_middle * 2 <= (SIDE * 11 / 16).saturating_sub(x);
        Rgb(if inside { [0xf0; 3] } else { [0x50; 3] })
    });
    encoded(&DynamicImage::ImageRgb8(picture))
}

fn refused(why: impl std::fmt::Display) -> Failure {
    Failure::invalid("picture", &why.to_string())
}

fn internal(error: image::ImageError) -> Failure {
    Failure::Internal(format!("encoding a picture: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbaImage;

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.into().write_to(&mut out, ImageFormat::Png).unwrap();
        out.into_inner()
    }

    fn fit(file: &[u8], fit: Fit) -> Result<(DynamicImage, &'static str), Failure> {
        let encoded = fitted(Cursor::new(file), fit)?;
        Ok((image::load_from_memory(&encoded.bytes).unwrap(), encoded.mime))
    }

    #[test]
    fn pictures_are_made_to_fit() {
        let file = png(RgbImage::from_pixel(400, 100, Rgb([200, 0, 0])));
        for (wish, width, height) in [
            (Fit::Inside(256), 256, 64),
            (Fit::Inside(500), 400, 100),
            (Fit::Exactly(80, 80), 80, 80),
            (Fit::Exactly(80, 0), 80, 20),
            (Fit::Exactly(0, 50), 200, 50),
            (Fit::Exactly(0, 0), 400, 100),
            (Fit::Exactly(u32::MAX, u32::MAX), WANTED_SIDE_MAX, WANTED_SIDE_MAX),
            (Fit::Exactly(u32::MAX, 0), WANTED_SIDE_MAX, 512),
            (Fit::Inside(1), 1, 1),
        ] {
            let (small, mime) = fit(&file, wish).unwrap();
            assert_eq!((small.width(), small.height()), (width, height), "{wish:?}");
            assert_eq!(mime, "image/jpeg");
            let Rgb([red, green, _]) = *small.to_rgb8().get_pixel(width / 2, height / 2);
            assert!(red > 180 && green < 20, "{wish:?}: {red} {green}");
        }
    }

    #[test]
    fn what_is_transparent_stays_so() {
        let file = png(RgbaImage::from_pixel(10, 10, image::Rgba([9, 9, 9, 0])));
        let (small, mime) = fit(&file, Fit::Exactly(5, 5)).unwrap();
        assert_eq!((mime, small.to_rgba8().get_pixel(2, 2)[3]), ("image/png", 0));
    }

    #[test]
    fn a_file_that_unfolds_into_too_many_pixels_is_refused_before_it_does() {
        // 30,000 by 30,000 pixels of one colour: under 120 KiB of PNG, 2.7 GB unfolded. Only its head is true.
        for (width, height) in [
            (30_000_u32, 30_000_u32),
            (16_000, 16_000),
            (u32::MAX, 1),
            (1, u32::MAX),
        ] {
            let mut file = png(RgbImage::new(1, 1));
            file[16..20].copy_from_slice(&width.to_be_bytes());
            file[20..24].copy_from_slice(&height.to_be_bytes());
            let crc = crc32(&file[12..29]);
            file[29..33].copy_from_slice(&crc.to_be_bytes());
            let refused = fit(&file, Fit::Inside(256)).unwrap_err();
            assert!(
                matches!(&refused, Failure::Invalid { field, .. } if field == "picture"),
                "{refused:?}"
            );
        }
        let gif =
            b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;";
        assert!(fit(gif, Fit::Inside(256)).is_err());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let whole = png(RgbImage::new(50, 50));
        let cases: [&[u8]; 6] = [
            b"",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"\x89PNG\r\n\x1a\n",
            &whole[..40],
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"RIFF\x10\0\0\0WEBPVP8 ",
        ];
        for file in cases {
            let refused = fit(file, Fit::Inside(256)).unwrap_err();
            assert!(
                matches!(&refused, Failure::Invalid { field, .. } if field == "picture"),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn the_placeholder_is_a_picture() {
        let encoded = placeholder().unwrap();
        let picture = image::load_from_memory(&encoded.bytes).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (256, 256));
        assert!(picture.get_pixel(120, 128)[0] > 0xe0 && picture.get_pixel(10, 10)[0] < 0x60);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }
}

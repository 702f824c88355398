//! Small pictures, frames of films and durations of real files, and of files made to do harm.

use crate::stores;
use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Luma, RgbImage};
use roost::blobs::{Encoded, Ffmpeg, Fit, Media, MediaWorks};
use roost_actors::Failure;
use roost_actors::testkit::suite::blobs::{id, pattern, pieces};
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// Made by ffmpeg from its own test sources (a tone, a test card), so that nobody holds rights in them.
fn fixture(name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/blobs/fixtures")
        .join(name);
    std::fs::read(path).unwrap().into()
}

/// Works on one file in memory, with a program that stands for ffmpeg.
async fn works_on(content: Bytes, program: PathBuf) -> MediaWorks {
    let (store, _) = stores::memory().await;
    store
        .put(&id(1), pieces(&content, 10_000), 1 << 40)
        .await
        .unwrap();
    let wait = Duration::from_secs(2);
    MediaWorks::new(store, Ffmpeg { program, wait })
}

async fn without_ffmpeg(content: Bytes) -> MediaWorks {
    works_on(content, PathBuf::from("/nowhere/ffmpeg")).await
}

#[tokio::test]
async fn durations_are_those_of_the_containers() {
    for (name, mime, seconds) in [
        ("tone.mp3", "audio/mpeg", 2.5),
        ("tone-bare.mp3", "audio/mpeg", 2.5),
        ("tone.m4a", "audio/mp4", 2.5),
        ("tone.aac", "audio/aac", 2.5),
        ("tone.wav", "audio/wav", 2.5),
        ("tone.ogg", "audio/ogg", 2.5),
        ("tone-opus.ogg", "audio/ogg", 2.5),
        ("tone.flac", "audio/flac", 2.5),
        ("tone.amr", "audio/amr", 2.5),
        ("film.mp4", "video/mp4", 3.0),
        ("film-sound.mp4", "video/mp4", 3.0),
        ("film.mov", "video/quicktime", 3.0),
        ("film.webm", "video/webm", 3.0),
    ] {
        let works = without_ffmpeg(fixture(name)).await;
        let media = works.sniffed(&id(1)).await.unwrap();
        assert_eq!(media.mime, mime, "{name}");
        let duration = works.duration(&id(1), media).await.unwrap();
        let told = duration.map_or(0.0, |duration| duration.as_secs_f64());
        assert!((told - seconds).abs() < 0.3, "{name}: {told} s");
    }
}

#[tokio::test]
async fn a_container_that_is_not_parsed_has_a_type_and_no_duration() {
    let works = without_ffmpeg(fixture("film.avi")).await;
    let media = works.sniffed(&id(1)).await.unwrap();
    assert_eq!(media.mime, "video/x-msvideo");
    assert_eq!(works.duration(&id(1), media).await, Ok(None));
}

#[tokio::test]
async fn broken_media_have_no_duration_and_do_no_harm() {
    let whole = fixture("film-sound.mp4");
    let mut cases: Vec<Bytes> = (1..20).map(|n| whole.slice(..whole.len() * n / 20)).collect();
    for name in [
        "film-sound.mp4",
        "tone.ogg",
        "film.webm",
        "tone.flac",
        "tone.mp3",
        "tone.wav",
    ] {
        let whole = fixture(name);
        for seed in 0..12_usize {
            let mut broken = whole.to_vec();
            for at in (seed..broken.len()).step_by(13 + 7 * seed) {
                broken[at] ^= 0xff;
            }
            cases.push(broken.into());
            let mut late = whole.slice(..64).to_vec();
            late.extend_from_slice(&pattern(20_000 + seed));
            cases.push(late.into());
        }
    }
    for content in cases {
        let works = without_ffmpeg(content).await;
        for mime in ["video/mp4", "audio/ogg", "audio/mpeg", "video/webm", "audio/amr"] {
            let began = Instant::now();
            let told = works.duration(&id(1), Media::named(mime)).await;
            // A parser that panics is an internal error of its own; any answer is one, but it must come.
            assert!(began.elapsed() < Duration::from_secs(10));
            if let Err(failure) = told {
                assert!(matches!(failure, Failure::Internal(_)), "{failure:?}");
            }
        }
    }
    let works = without_ffmpeg(pattern(1_000)).await;
    assert_eq!(works.duration(&id(1), Media::OTHER).await, Ok(None));
}

#[tokio::test]
async fn a_picture_is_made_small_and_remembered() {
    let mut png = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::new(1_000, 500));
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    let works = without_ffmpeg(png.into_inner().into()).await;
    let first = works.picture(&id(1), Fit::Inside(256)).await.unwrap();
    assert_eq!(sides(&first), (256, 128));
    assert_eq!(works.picture(&id(1), Fit::Inside(256)).await.unwrap(), first);
    let other = works.picture(&id(1), Fit::Exactly(80, 80)).await.unwrap();
    assert_eq!(sides(&other), (80, 80));
    let unknown = works.picture(&id(2), Fit::Inside(256)).await;
    assert!(matches!(unknown, Err(Failure::Unknown(_))));
}

#[tokio::test]
async fn a_small_file_of_a_gigapixel_is_refused_at_once() {
    // A true one: 25,000 by 25,000 grey pixels in some 600 KiB.
    let bomb = tokio::task::spawn_blocking(|| {
        let mut png = Cursor::new(Vec::new());
        let picture = image::ImageBuffer::<Luma<u8>, Vec<u8>>::new(25_000, 25_000);
        DynamicImage::ImageLuma8(picture)
            .write_to(&mut png, ImageFormat::Png)
            .unwrap();
        png.into_inner()
    });
    let bomb = bomb.await.unwrap();
    assert!(bomb.len() < 4_000_000, "{} bytes", bomb.len());
    let works = without_ffmpeg(bomb.into()).await;
    let began = Instant::now();
    let refused = works.picture(&id(1), Fit::Inside(256)).await;
    assert!(matches!(refused, Err(Failure::Invalid { .. })), "{refused:?}");
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_page_named_as_a_picture_is_no_picture() {
    for page in [
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<html></html>",
        "alert(1)",
    ] {
        let works = without_ffmpeg(Bytes::from(page)).await;
        assert_eq!(works.sniffed(&id(1)).await, Ok(Media::OTHER));
        let refused = works.picture(&id(1), Fit::Inside(256)).await;
        assert!(matches!(refused, Err(Failure::Invalid { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_film_without_ffmpeg_has_a_placeholder() {
    let works = without_ffmpeg(fixture("film.mp4")).await;
    let frame = works.frame(&id(1), Media::named("video/mp4"), 256).await.unwrap();
    assert_eq!(sides(&frame), (256, 256));
}

#[tokio::test]
async fn a_frame_is_what_ffmpeg_writes_made_small() {
    let folder = tempfile::tempdir().unwrap();
    let mut png = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::new(640, 320));
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    let frame_file = folder.path().join("frame.png");
    std::fs::write(&frame_file, png.into_inner()).unwrap();
    // Checks as well that the film can be read where the program is told it is.
    let script = format!(
        "while [ \"$1\" != -i ]; do shift; done; cmp -s \"$2\" '{}' || exit 3; cat '{}'",
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/blobs/fixtures/film.mp4")
            .display(),
        frame_file.display()
    );
    let works = works_on(fixture("film.mp4"), program(folder.path(), &script)).await;
    let frame = works.frame(&id(1), Media::named("video/mp4"), 256).await.unwrap();
    assert_eq!(sides(&frame), (256, 128));
}

#[tokio::test]
async fn an_ffmpeg_that_hangs_is_killed_and_one_that_fails_is_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let hangs = format!("echo $$ > '{}'; exec sleep 600", pid_file.display());
    for script in [hangs.as_str(), "exit 1", "exit 0", "echo nonsense", "exec yes"] {
        let works = works_on(fixture("film.mp4"), program(folder.path(), script)).await;
        let began = Instant::now();
        let frame = works.frame(&id(1), Media::named("video/mp4"), 256).await.unwrap();
        assert_eq!(sides(&frame), (256, 256), "{script}");
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{script}: {:?}",
            began.elapsed()
        );
    }
    let pid = std::fs::read_to_string(pid_file).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", pid.trim()));
    assert!(command.is_err() || !command.unwrap().contains("sleep"));
}

fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("ffmpeg");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn sides(picture: &Encoded) -> (u32, u32) {
    let decoded = image::load_from_memory(&picture.bytes).unwrap();
    (decoded.width(), decoded.height())
}

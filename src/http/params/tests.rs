//! How parameters are read, by the request that carries them.

use super::*;
use actix_web::test::TestRequest;
use actix_web::{FromRequest, rt};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;

fn read_from(request: TestRequest) -> Result<Params, ParamsError> {
    let (request, mut payload) = request
        .app_data(ParamsLimits {
            body_bytes_max: 1_000,
        })
        .to_http_parts();
    rt::System::new().block_on(Params::from_request(&request, &mut payload))
}

fn texts(params: &Params, key: &str) -> Vec<String> {
    params
        .list(key)
        .iter()
        .filter_map(|value| value.text().map(Cow::into_owned))
        .collect()
}

#[test]
fn query_and_urlencoded_body_are_united_and_the_body_wins() {
    let params = read_from(
        TestRequest::post()
            .uri("/x?a=1&b=%E4%BD%A0+%21")
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload("a=2&c=%zz"),
    )
    .unwrap();
    assert_eq!(params.text("a").unwrap(), "2");
    assert_eq!(params.text("b").unwrap(), "你 !");
    assert_eq!(params.text("c").unwrap(), "%zz");
    assert_eq!(params.get("d"), None);
}

#[test]
fn a_value_in_the_path_wins_over_the_query_and_yields_to_the_body() {
    let mut params = read_from(TestRequest::post().uri("/?id=query")).unwrap();
    params.add_route("id", "path").unwrap();
    assert_eq!(texts(&params, "id"), ["path"]);
    let mut params = read_from(TestRequest::post().uri("/?id=query").set_payload("id=body")).unwrap();
    params.add_route("id", "path").unwrap();
    assert_eq!(texts(&params, "id"), ["body"]);
}

#[test]
fn repeated_keys_bracketed_keys_and_json_arrays_are_lists() {
    let params = read_from(TestRequest::post().set_payload("m=1&m=2&m[]=3")).unwrap();
    assert_eq!(texts(&params, "m"), ["1", "2", "3"]);
    let params = read_from(TestRequest::post().set_payload(r#"{"m":[1,"2"]}"#)).unwrap();
    assert_eq!(texts(&params, "m"), ["1", "2"]);
}

#[test]
fn json_values_keep_their_type_and_null_is_absent() {
    let request = TestRequest::post()
        .insert_header(("content-type", "application/json; charset=utf-8"))
        .set_payload(r#"{"id":5,"s":"5","on":true,"none":null,"o":{}}"#);
    let params = read_from(request).unwrap();
    assert_eq!(params.get("id"), Some(&Param::Json(5.into())));
    assert_eq!(params.get("s"), Some(&Param::Json("5".into())));
    assert_eq!(params.text("on").unwrap(), "true");
    assert_eq!(params.get("none"), None);
    assert_eq!(params.text("o"), None);
}

#[test]
fn the_case_of_keys_is_the_dialects_choice() {
    let params = read_from(TestRequest::get().uri("/?ToId=7")).unwrap();
    assert_eq!(params.get("toId"), None);
    assert_eq!(
        params.with_case(KeyCase::Ignored).text("toId").as_deref(),
        Some("7")
    );
}

#[test]
fn multipart_text_fields_are_read_even_on_get_and_files_are_passed_over() {
    let body = "--B\r\nContent-Disposition: form-data; name=\"toId\"\r\n\r\n7\r\n\
        --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n\u{1}\u{2}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n你好\r\n--B--\r\n";
    let request = TestRequest::get()
        .insert_header(("content-type", "multipart/form-data; boundary=B"))
        .set_payload(body);
    let params = read_from(request).unwrap();
    assert_eq!(params.text("toId").unwrap(), "7");
    assert_eq!(params.text("message").unwrap(), "你好");
    assert_eq!(params.keys().collect::<Vec<_>>(), ["toId", "message"]);
}

#[test]
fn compressed_bodies_are_read_within_the_same_bound() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"a=1").unwrap();
    let request = TestRequest::post()
        .insert_header(("content-encoding", "gzip"))
        .set_payload(gzip.finish().unwrap());
    assert_eq!(read_from(request).unwrap().text("a").unwrap(), "1");

    let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&[b'a'; 100_000]).unwrap();
    let request = TestRequest::post()
        .insert_header(("content-encoding", "deflate"))
        .set_payload(bomb.finish().unwrap());
    assert_eq!(read_from(request), Err(ParamsError::TooLarge { max: 1_000 }));

    let request = TestRequest::post()
        .insert_header(("content-encoding", "gzip"))
        .set_payload("no");
    assert!(matches!(read_from(request), Err(ParamsError::Compression(_))));
}

#[test]
fn bad_bodies_are_named_refusals() {
    let post = TestRequest::post;
    let as_json = || post().insert_header(("content-type", "application/json"));
    let multipart = || post().insert_header(("content-type", "multipart/form-data; boundary=B"));

    assert!(matches!(
        read_from(post().set_payload("{\"a\":")),
        Err(ParamsError::Json(_))
    ));
    assert_eq!(
        read_from(as_json().set_payload("[1]")),
        Err(ParamsError::NotAnObject("an array"))
    );
    assert!(matches!(
        read_from(post().set_payload("a=%ff")),
        Err(ParamsError::NotUtf8 { .. })
    ));
    assert!(matches!(
        read_from(post().uri("/?a=%ff")),
        Err(ParamsError::NotUtf8 { .. })
    ));
    assert!(matches!(
        read_from(as_json().set_payload(&b"{\"a\":\"\xff\"}"[..])),
        Err(ParamsError::NotUtf8 { .. })
    ));
    assert!(matches!(
        read_from(post().set_payload("a=%00")),
        Err(ParamsError::Nul { .. })
    ));
    assert!(matches!(
        read_from(as_json().set_payload(r#"{"a":["\u0000"]}"#)),
        Err(ParamsError::Nul { .. })
    ));
    assert!(matches!(
        read_from(multipart().set_payload("--B\r\nbroken")),
        Err(ParamsError::Multipart(_))
    ));
    assert_eq!(
        read_from(post().set_payload("a".repeat(1_001))),
        Err(ParamsError::TooLarge { max: 1_000 })
    );
    let deep = "{\"a\":".to_owned() + &"[".repeat(200);
    assert!(matches!(
        read_from(as_json().set_payload(deep)),
        Err(ParamsError::Json(_))
    ));
}

#[test]
fn the_number_of_parameters_is_bounded() {
    let mut params = Params::default();
    for _ in 0..PARAMS_MAX {
        params
            .add(Origin::Query, "a".to_owned(), Param::Text(String::new()))
            .unwrap();
    }
    let one_more = params.add(Origin::Query, "a".to_owned(), Param::Text(String::new()));
    assert_eq!(one_more, Err(ParamsError::TooMany { max: PARAMS_MAX }));
}

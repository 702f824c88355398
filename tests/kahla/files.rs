//! Files of conversations: given, fetched once by an address, kept from others.

use crate::harness::{Answer, Request, Server};
use crate::on_both_storages;
use crate::person::{Person, invalid, refused, succeeded, text};
use serde_json::Value;

on_both_storages!(
    a_file_is_uploaded_and_fetched_once,
    a_file_is_its_conversations_own,
    uploads_are_checked,
    pictures_are_resized,
    a_file_of_another_conversation_has_no_link_in_a_message,
    files_outlive_the_node,
);

fn form(field: &str, name: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), body, b"\r\n--B--\r\n"].concat()
}

async fn upload(person: &Person<'_>, query: &str, name: &str, body: &[u8]) -> Answer {
    let request = person.request("POST", &format!("UploadFile{query}"));
    request
        .body("multipart/form-data; boundary=B", form("file", name, body))
        .send()
        .await
}

async fn uploaded(person: &Person<'_>, conversation: i64, name: &str, body: &[u8]) -> Value {
    succeeded(&upload(person, &format!("?ConversationId={conversation}"), name, body).await)
}

/// The path of a fresh address of a file.
async fn address(person: &Person<'_>, key: &Value) -> String {
    let told = person
        .post("FileDownloadAddress", &[("FileKey", &key.to_string())])
        .await;
    path_of(&text(&told["downloadPath"]))
}

fn path_of(url: &str) -> String {
    let rest = url.split_once("://").expect("an absolute address").1;
    format!("/{}", rest.split_once('/').expect("a path").1)
}

async fn fetched(server: &Server, path: &str) -> Answer {
    Request::new(server.address, "GET", path).send().await
}

async fn a_file_is_uploaded_and_fetched_once(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let body: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let told = uploaded(&ann, conversation, "my file.bin", &body).await;
    assert_eq!(told["message"], "Successfully uploaded your file!");
    assert_eq!(
        (text(&told["savedFileName"]), told["fileSize"].as_i64()),
        ("myfile.bin".to_owned(), Some(300_000))
    );
    let key = &told["fileKey"];
    let address = bob
        .post("FileDownloadAddress", &[("FileKey", &key.to_string())])
        .await;
    assert_eq!(
        address["message"],
        "Successfully generated your file download address!"
    );
    assert_eq!(
        (&address["DownloadPath"], text(&address["fileName"])),
        (&address["downloadPath"], "myfile.bin".to_owned())
    );
    let path = path_of(&text(&address["downloadPath"]));
    // No cookie: the address is the proof. Asking for its head does not use it up.
    assert_eq!(
        Request::new(server.address, "HEAD", &path).send().await.status,
        404
    );
    let file = fetched(&server, &path).await;
    assert_eq!((file.status, file.body == body), (200, true));
    assert!(
        file.header("Content-Disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(fetched(&server, &path).await.status, 404);
    ann.refused(
        "POST",
        "FileDownloadAddress",
        &[("FileKey", "999999")],
        -4,
        "Could not find your file!",
    )
    .await;
    ann.invalid(
        "POST",
        "FileDownloadAddress",
        &[("FileKey", "x")],
        &["The value 'x' is not valid for FileKey."],
    )
    .await;
    // One byte is enough.
    uploaded(&ann, conversation, "a", b"x").await;
}

async fn a_file_is_its_conversations_own(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let key = uploaded(&ann, conversation, "a.txt", b"text").await["fileKey"].clone();
    let words = format!("You are not authorized to download file from conversation: {conversation}!");
    let params = [("FileKey", key.to_string())];
    let params: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    cid.refused("POST", "FileDownloadAddress", &params, -8, &words)
        .await;
    // Who is no friend any more, or befriended again, has lost what was shared before.
    ann.post(&format!("DeleteFriend/{}", bob.id), &[]).await;
    bob.refused("POST", "FileDownloadAddress", &params, -8, &words)
        .await;
    ann.befriend(&bob).await;
    bob.refused("POST", "FileDownloadAddress", &params, -8, &words)
        .await;
    // The same with groups.
    let group = ann
        .post("CreateGroupConversation", &[("GroupName", "devteam")])
        .await["value"]
        .clone();
    bob.post("JoinGroup", &[("GroupName", "devteam")]).await;
    let key = uploaded(&ann, group.as_i64().unwrap(), "a.txt", b"text").await["fileKey"].clone();
    address(&bob, &key).await;
    bob.post("LeaveGroup", &[("GroupName", "devteam")]).await;
    let words = format!("You are not authorized to download file from conversation: {group}!");
    bob.refused(
        "POST",
        "FileDownloadAddress",
        &[("FileKey", &key.to_string())],
        -8,
        &words,
    )
    .await;
}

async fn uploads_are_checked(server: Server) {
    let (ann, _, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let query = format!("?conversationid={conversation}");
    invalid(
        &upload(&ann, &query, "a", b"").await,
        &["Please provide a valid file!"],
    );
    let text_only = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B--\r\n".to_vec();
    let request = ann.request("POST", &format!("UploadFile{query}"));
    let answer = request
        .clone()
        .body("multipart/form-data; boundary=B", text_only)
        .send()
        .await;
    invalid(&answer, &["Please provide a file!"]);
    let answer = request
        .body("application/x-www-form-urlencoded", "a=b")
        .send()
        .await;
    invalid(&answer, &["Please provide a file!"]);
    let words = "Could not find the target conversation with id: 12345!";
    refused(&upload(&ann, "?ConversationId=12345", "a", b"x").await, -4, words);
    refused(
        &upload(&ann, "", "a", b"x").await,
        -4,
        "Could not find the target conversation with id: 0!",
    );
    let words = format!("You are not authorized to upload file to conversation: {conversation}!");
    refused(&upload(&cid, &query, "a", b"x").await, -8, &words);
    invalid(
        &upload(&ann, "?ConversationId=x", "a", b"x").await,
        &["The value 'x' is not valid."],
    );
    // The conversation may stand in the form, before or after the file.
    for first in [true, false] {
        let file = form("image", "a.txt", b"x");
        let field = format!(
            "--B\r\nContent-Disposition: form-data; name=\"ConversationId\"\r\n\r\n{conversation}\r\n"
        );
        let body = if first {
            [field.as_bytes(), &file].concat()
        } else {
            let file = file.strip_suffix(b"--B--\r\n").unwrap();
            [file, field.as_bytes(), b"--B--\r\n"].concat()
        };
        let request = ann
            .request("POST", "UploadFile")
            .body("multipart/form-data; boundary=B", body);
        succeeded(&request.send().await);
    }
}

/// A PNG of this size in one colour.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer
        .write_image_data(&vec![0x40; (width * height * 3) as usize])
        .expect("pixels");
    writer.finish().expect("a file");
    file
}

fn size_of(body: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(body).expect("a picture");
    (picture.width(), picture.height())
}

async fn pictures_are_resized(server: Server) {
    let (ann, _, conversation) = Person::two_friends(&server).await;
    let original = picture(400, 200);
    let key = uploaded(&ann, conversation, "a.png", &original).await["fileKey"].clone();
    let small = fetched(&server, &format!("{}&w=100&h=50", address(&ann, &key).await)).await;
    assert_eq!((small.status, size_of(&small.body)), (200, (100, 50)));
    let by_width = fetched(&server, &format!("{}&w=40", address(&ann, &key).await)).await;
    assert_eq!(size_of(&by_width.body), (40, 20));
    let huge = fetched(&server, &format!("{}&w=99999999&h=-3", address(&ann, &key).await)).await;
    assert_eq!(huge.status, 200);
    let whole = fetched(&server, &address(&ann, &key).await).await;
    assert!(whole.body == original);
    assert_eq!(whole.header("Content-Type"), Some("image/png"));
    assert!(whole.header("Content-Disposition").unwrap().starts_with("inline"));
    let saved = fetched(&server, &format!("{}&sd=true", address(&ann, &key).await)).await;
    assert!(
        saved
            .header("Content-Disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let no_picture = uploaded(&ann, conversation, "a.png", b"not a picture").await["fileKey"].clone();
    let sent = fetched(
        &server,
        &format!("{}&w=10&h=10", address(&ann, &no_picture).await),
    )
    .await;
    assert_eq!((sent.status, sent.text().as_str()), (200, "not a picture"));
    let icon = fetched(&server, "/download/fromkey/739?w=80&h=80").await;
    assert_eq!(size_of(&icon.body), (80, 80));
}

async fn a_file_of_another_conversation_has_no_link_in_a_message(server: Server) {
    use crate::crypto;
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let secret = uploaded(&ann, conversation, "secret.txt", b"secret").await["fileKey"].clone();
    let with_bob = bob.entry(conversation).await.unwrap();
    let elsewhere = cid.befriend(&bob).await;
    let key = text(&cid.entry(elsewhere).await.unwrap()["aesKey"]);
    // Naming somebody else's file makes it nobody's.
    cid.say(elsewhere, &crypto::encrypt(&format!("[file]{secret}"), &key))
        .await;
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(with_bob["discriminator"], "PrivateConversation");
    let link = text(&uploaded(&ann, conversation, "b.txt", b"mine").await["value"]);
    assert_eq!(fetched(&server, &path_of(&link)).await.text(), "mine");
    let forged = link.replace("FromLink/", "FromLink/9");
    assert_eq!(fetched(&server, &path_of(&forged)).await.status, 404);
}

async fn files_outlive_the_node(mut server: Server) {
    let (key, value) = {
        let (ann, _, conversation) = Person::two_friends(&server).await;
        let key = uploaded(&ann, conversation, "a.txt", b"kept").await["fileKey"].clone();
        (key, ann.value)
    };
    server.kill();
    server.run().await;
    let ann = Person {
        server: &server,
        id: String::new(),
        email: String::new(),
        value,
    };
    assert_eq!(fetched(&server, &address(&ann, &key).await).await.text(), "kept");
}

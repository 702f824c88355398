//! The same protocol over plain TCP and TLS, clients that read slowly, and nodes that stop.

use crate::app::App;
use crate::client::{Client, frame, longs};
use crate::harness::Storage;
use rcgen::CertifiedKey;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

on_both_storages!(
    people_on_tcp_and_websockets_meet,
    frames_may_be_cut_anywhere_on_their_way,
    many_messages_sent_at_once_are_acknowledged_in_order,
    a_client_that_reads_slowly_misses_nothing,
    nothing_acknowledged_is_lost_when_the_node_dies,
);

async fn people_on_tcp_and_websockets_meet(app: App) {
    let (ann, bob, _) = app.three().await;
    let mut anns = Client::open_tcp(app.tcp).await;
    anns.log_in(&ann, 1, "phone").await;
    anns.sync(0).await;
    let mut bobs = app.synced(&bob).await;
    anns.say(4, &ann, 102, "by tcp").await;
    anns.expect(&["METADATA", "ACK 3"]).await;
    bobs.expect(&["METADATA", "IM 101>102 #7 by tcp +10", "SYNC_NOTIFY"])
        .await;
    bobs.say(4, &bob, 101, "by websocket").await;
    anns.expect(&["METADATA", "IM 102>101 #7 by websocket +10", "SYNC_NOTIFY"])
        .await;
    // A connection without a login may ping, and goes without harm.
    let mut stranger = Client::open_tcp(app.tcp).await;
    stranger.send(13, b"").await;
    stranger.expect(&["PONG"]).await;
}

async fn frames_may_be_cut_anywhere_on_their_way(app: App) {
    let ann = app.grant(101, "ann").await;
    let mut auth = vec![1, 30];
    auth.extend_from_slice(ann.token.as_bytes());
    auth.push(0);
    let bytes = [
        frame(1, 15, 1, &auth),
        frame(2, 26, 1, &longs(&[0])),
        frame(3, 13, 1, b""),
    ]
    .concat();
    for size in [1, 5, 13, bytes.len()] {
        let mut client = Client::open_tcp(app.tcp).await;
        for chunk in bytes.chunks(size) {
            client.send_raw(chunk).await;
            tokio::task::yield_now().await;
        }
        let mut commands = Vec::new();
        while commands.len() < 4 {
            commands.push(client.next().await.command);
        }
        commands.sort_unstable();
        assert_eq!(commands, [3, 14, 27, 28], "in pieces of {size}");
    }
}

async fn many_messages_sent_at_once_are_acknowledged_in_order(app: App) {
    const MESSAGES: i32 = 500;
    let (ann, bob, _) = app.three().await;
    let mut anns = Client::open_tcp(app.tcp).await;
    anns.log_in(&ann, 1, "phone").await;
    for number in 0..MESSAGES {
        anns.say(4, &ann, 102, &format!("m{number}")).await;
    }
    let mut key = 0;
    for number in 0..MESSAGES {
        let frames = anns.expect(&["METADATA", &format!("ACK {}", number + 2)]).await;
        assert_eq!(frames[0].long(1), key);
        key = frames[0].long(0);
    }
    let (stored, end) = app.log_in(&bob).await.sync(0).await;
    let expected: Vec<String> = (0..MESSAGES)
        .map(|number| format!("IM 101>102 #7 m{number}"))
        .collect();
    assert_eq!((stored, end), (expected, key));
}

/// Bob takes nothing while ten megabytes are written to him; whatever was not pushed, a sync brings.
async fn a_client_that_reads_slowly_misses_nothing(app: App) {
    const MESSAGES: usize = 400;
    let (ann, bob, _) = app.three().await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
    let stream = socket.connect(app.tcp).await.expect("a connection");
    let mut bobs = Client::over_stream(Box::new(stream));
    bobs.log_in(&bob, 1, "phone").await;
    bobs.sync(0).await;
    let mut anns = app.synced(&ann).await;
    let padding = "x".repeat(25_000);
    let mut last = 0;
    for number in 0..MESSAGES {
        let seq = anns.say(4, &ann, 102, &format!("{number} {padding}")).await;
        let acked = anns.next().await;
        if acked.command == 37 {
            last = acked.long(0);
            anns.expect(&[&format!("ACK {seq}")]).await;
        }
    }
    // As a client would: what is pushed in order is taken, and whatever else is announced is synced.
    let (mut key, mut seen) = (0, Vec::new());
    let mut metadata = (0, 0);
    while key < last {
        let frame = bobs.next().await;
        match frame.command {
            37 => metadata = (frame.long(0), frame.long(1)),
            4 if metadata.1 == key => {
                seen.push(frame.text(24).to_owned());
                key = metadata.0;
            }
            29 if frame.long(0) > key => {
                let (stored, end) = bobs.sync(key).await;
                let content = |words: &String| words.strip_prefix("IM 101>102 #7 ").unwrap().to_owned();
                seen.extend(stored.iter().map(content));
                key = end;
            }
            _ => {}
        }
    }
    let numbers: Vec<usize> = seen
        .iter()
        .map(|text| text.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (0..MESSAGES).collect::<Vec<_>>());
}

async fn nothing_acknowledged_is_lost_when_the_node_dies(mut app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let mut anns = app.synced(&ann).await;
    let mut acked = 0;
    for number in 0..20 {
        let (command, to) = if number % 2 == 0 { (4, 102) } else { (8, group) };
        anns.say(command, &ann, to, &format!("m{number}")).await;
        acked = anns.next().await.long(0);
        assert_eq!(anns.next().await.command, 5);
    }
    app.server.kill();
    app.server.run().await;
    let mut bobs = app.log_in(&bob).await;
    let (stored, end) = bobs.sync(0).await;
    // The group's creation stands before them.
    assert_eq!((stored.len(), end), (21, acked));
    let mut anns = app.log_in(&ann).await;
    anns.say(4, &ann, 102, "after").await;
    let metadata = anns.next().await;
    assert!(metadata.long(0) > acked, "keys go on rising");
    assert_eq!(metadata.long(1), acked);
}

#[tokio::test]
async fn a_node_that_stops_closes_its_connections() {
    let mut app = App::start(Storage::Sqlite).await;
    let ann = app.grant(101, "ann").await;
    let mut streamed = Client::open_tcp(app.tcp).await;
    streamed.log_in(&ann, 1, "phone").await;
    let mut socket = app.synced(&ann).await;
    assert_eq!(app.server.stop().await, Some(0));
    streamed.expect_close().await;
    socket.expect_close().await;
}

#[tokio::test]
async fn the_protocol_is_spoken_over_tls_too() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, cert.pem()).expect("written");
    std::fs::write(&key, signing_key.serialize_pem()).expect("written");
    let address = crate::app::free_address();
    let listen = address.to_string();
    let settings = [
        ("ROOST__GOBELIEVE__TLS_LISTEN", listen.as_str()),
        ("ROOST__GOBELIEVE__TLS_CERTIFICATE", certificate.to_str().unwrap()),
        ("ROOST__GOBELIEVE__TLS_KEY", key.to_str().unwrap()),
    ];
    let app = App::start_with(Storage::Sqlite, &settings).await;
    let ann = app.grant(101, "ann").await;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let mut client = Client::over_stream(Box::new(stream.expect("a handshake")));
    client.log_in(&ann, 1, "phone").await;
    client.say(4, &ann, 101, "to myself").await;
    client.expect(&["METADATA", "ACK 2"]).await;
    // Bytes that are no handshake end that connection only.
    let mut plain = Client::open_tcp(address).await;
    plain.send(13, b"").await;
    assert_eq!(client.sync(0).await.0, ["IM 101>101 #7 to myself +8"]);
}

//! The routes that every listener has, over a real socket.

use super::*;
use crate::http::{Cors, Owner};
use std::io::{Read, Write};
use std::net::TcpStream;

fn shared() -> Shared {
    let owner = Owner {
        name: "sample",
        claims: |path| path.starts_with("/sample"),
        class: |_| "all",
        cors: Cors::Any { expose: "" },
        missing: |_| HttpResponse::NotFound().body("no sample"),
    };
    let readiness = Readiness::default();
    readiness.report(Ok(()));
    Shared {
        readiness: Arc::new(readiness),
        metrics: Arc::new(Metrics::new(Vec::new())),
        owners: Owners::new(vec![owner]),
        admin_token: AdminToken::new("token"),
        rates: Arc::new(Rates::new(&Config::default().limits)),
        peering: Peering::default(),
        params: ParamsLimits::default(),
    }
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_listener_serves_health_metrics_the_front_page_and_refusals_of_each_owner() {
    let shared = shared();
    let readiness = Arc::clone(&shared.readiness);
    rt::System::new().block_on(async move {
        let listener = bind("http.listen", "127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve(vec![listener], &Config::default(), 1, shared, |_| {}).unwrap();
        let handle = server.handle();
        rt::spawn(server);
        let client = std::thread::spawn(move || {
            assert!(ask(address, "GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200"));
            assert!(ask(address, "GET /readyz HTTP/1.1").starts_with("HTTP/1.1 200"));
            readiness.set_draining();
            let draining = ask(address, "GET /readyz HTTP/1.1");
            assert!(draining.starts_with("HTTP/1.1 503"), "{draining}");
            assert!(draining.contains(r#"{"error":"draining"}"#), "{draining}");
            let metrics = ask(address, "GET /metrics HTTP/1.1");
            assert!(metrics.contains("process_open_fds"), "{metrics}");
            let passed_on = "GET /metrics HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9";
            assert!(ask(address, passed_on).starts_with("HTTP/1.1 401"));
            let with_token = format!("{passed_on}\r\nAuthorization: Bearer token");
            assert!(ask(address, &with_token).starts_with("HTTP/1.1 200"));
            let page = ask(address, "GET / HTTP/1.1\r\nAccept: text/html,*/*;q=0.8");
            assert!(page.contains("<h1>Roost</h1>"), "{page}");
            assert!(ask(address, "GET / HTTP/1.1").starts_with("HTTP/1.1 404"));
            let missing = ask(address, "GET /sample/x HTTP/1.1");
            assert!(
                missing.starts_with("HTTP/1.1 404") && missing.ends_with("no sample"),
                "{missing}"
            );
            assert!(missing.contains("access-control-allow-origin: *"), "{missing}");
            let preflight = ask(address, "OPTIONS /sample/x HTTP/1.1\r\nOrigin: http://a");
            assert!(preflight.starts_with("HTTP/1.1 204"), "{preflight}");
            let nothing = ask(address, "GET /no\u{e9} HTTP/1.1");
            assert!(nothing.starts_with("HTTP/1.1 4"), "{nothing}");
        });
        while !client.is_finished() {
            rt::time::sleep(Duration::from_millis(5)).await;
        }
        client.join().unwrap();
        handle.stop(false).await;
    });
}

#[test]
fn an_address_in_use_is_refused_with_its_key() {
    let taken = bind("http.listen", "127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = bind("http.listen", &address).unwrap_err().to_string();
    assert!(error.starts_with(&format!("http.listen {address}: ")), "{error}");
}

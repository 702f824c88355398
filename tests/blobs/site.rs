//! A small site on a real socket that takes files in and gives them out, as a dialect would.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use roost::blobs::Media;
use roost::clock::SystemClock;
use roost::http::download::{self, Face, REVALIDATE};
use roost::http::upload::{FormLimits, Uploads};
use roost_actors::Failure;
use roost_actors::ports::{BlobId, BlobStore};
use serde_json::json;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Uploads that the site takes in at once, and how long each may send nothing.
pub const RUNNING_MAX: usize = 3;
pub const STALL: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Site {
    store: Arc<dyn BlobStore>,
    uploads: Uploads,
}

#[derive(Debug)]
struct Refused(Failure);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self.0 {
            Failure::Unknown(_) => StatusCode::NOT_FOUND,
            Failure::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Failure::Busy(_) | Failure::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Failure::Forbidden(_) => StatusCode::FORBIDDEN,
            Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Serves until the process ends.
pub fn serve(store: Arc<dyn BlobStore>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let uploads = Uploads::new(Arc::clone(&store), Arc::new(SystemClock), RUNNING_MAX, STALL);
    let site = Site { store, uploads };
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(site.clone()))
                .route("/upload", web::post().to(upload))
                .route("/files/{id}", web::get().to(file))
                .route("/files/{id}", web::head().to(file))
        });
        let server = server.workers(1).listen(listener).expect("a server").run();
        actix_web::rt::System::new().block_on(server)
    });
    address
}

/// `max` bounds the file, `deny` refuses it when it begins, `lose` when it is there.
async fn upload(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
) -> Result<HttpResponse, Refused> {
    let form = site.uploads.receive(
        &request,
        payload.into_inner(),
        FormLimits::default(),
        async |params, _| {
            if params.get("deny").is_some() {
                return Err(Failure::Forbidden("denied".to_owned()));
            }
            let max = params.text("max").and_then(|max| max.parse().ok());
            Ok(max.unwrap_or(1 << 40))
        },
    );
    let form = form.await.map_err(Refused)?;
    let fields: Vec<_> = form.params.keys().map(str::to_owned).collect();
    let mut files = Vec::new();
    for file in form.files {
        let told = json!({
            "id": file.stat.id.as_str(), "len": file.stat.len, "sha256": file.stat.sha256,
            "name": file.part.name, "field": file.part.field, "mime": file.media.mime,
        });
        files.push(told);
        if form.params.get("lose").is_none() {
            file.offer();
        }
    }
    Ok(HttpResponse::Ok().json(json!({ "fields": fields, "files": files })))
}

async fn file(
    request: HttpRequest,
    path: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Refused> {
    let id = BlobId::try_from(path.into_inner()).map_err(Refused)?;
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_or_else(|_| Vec::new(), web::Query::into_inner);
    let asked = |key: &str| {
        query
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    };
    let face = Face {
        name: asked("name").unwrap_or("name"),
        media: Media::named(asked("mime").unwrap_or("image/png")),
        attachment: asked("save").is_some(),
        cache: REVALIDATE,
    };
    download::file(&request, site.store.as_ref(), &id, face)
        .await
        .map_err(Refused)
}

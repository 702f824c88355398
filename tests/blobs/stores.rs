//! Every store, opened for one test.

use crate::harness::postgres::Database;
use deadpool_postgres::Pool;
use roost::blobs::{Bucket, FolderBlobs, PostgresBlobs, S3Blobs};
use roost::clock::SystemClock;
use roost::storage;
use roost_actors::ports::BlobStore;
use roost_actors::testkit::MemoryBlobs;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::any::Any;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub type Opened = (Arc<dyn BlobStore>, Box<dyn Any>);

/// Connections of a test's pool.
const CONNECTIONS: usize = 4;
const KEY: &str = "the-key";
const SECRET: &str = "the-secret";
const BUCKET: &str = "files";

pub async fn memory() -> Opened {
    (Arc::new(MemoryBlobs::new(Arc::new(SystemClock))), Box::new(()))
}

pub async fn folder() -> Opened {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FolderBlobs::open(folder.path(), Arc::new(SystemClock)).expect("a folder store");
    (Arc::new(store), Box::new(folder))
}

pub async fn postgres() -> Opened {
    let (pool, database) = pool().await;
    let store = PostgresBlobs::new(pool.clone(), Arc::new(SystemClock));
    (Arc::new(store), Box::new(database))
}

/// A database with the tables for files.
pub async fn pool() -> (Pool, Database) {
    let database = Database::create().await;
    (pool_to(database.url()), database)
}

pub fn pool_to(url: &str) -> Pool {
    let pool = storage::pool_for_files(url, CONNECTIONS).expect("a pool");
    pool.expect("a pool of PostgreSQL")
}

pub async fn s3() -> Opened {
    let (bucket, folder) = s3_server().await;
    let store = S3Blobs::new(&bucket, Arc::new(SystemClock)).expect("an s3 store");
    (Arc::new(store), Box::new(folder))
}

/// A real S3-compatible server inside this test, with an empty bucket.
pub async fn s3_server() -> (Bucket, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
    let files = s3s_fs::FileSystem::new(folder.path()).expect("an s3 file system");
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        use hyper_util::rt::{TokioExecutor, TokioIo};
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        while let Ok((socket, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(socket), service.clone());
            tokio::spawn(connection.into_owned());
        }
    });
    let bucket = Bucket {
        name: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(format!("http://{address}")),
        prefix: "roost/of-this-test".to_owned(),
        keys: Some((KEY.to_owned(), SECRET.to_owned())),
    };
    (bucket, folder)
}

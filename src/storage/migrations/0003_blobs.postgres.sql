-- Files, in chunks. A file is there once it is complete; until then its row stands for an upload, and holds its chunks
-- to it: with the row they go, and without it none comes. stored_at 0: about to be removed.
CREATE TABLE blobs (
    id text PRIMARY KEY,
    len bigint NOT NULL,
    sha256 text NOT NULL,
    stored_at bigint NOT NULL,
    chunk_len bigint NOT NULL,
    complete boolean NOT NULL
);
CREATE INDEX blobs_unfinished ON blobs (stored_at) WHERE NOT complete;

CREATE TABLE blob_chunks (
    blob_id text NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    part bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (blob_id, part)
);
-- Media is compressed already, and a part of a chunk can be read by itself.
ALTER TABLE blob_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The order in which the messages of all rooms became final, and what the operator's app server gave accounts.

-- Rises with `seq` within a room. On SQLite it is the id; on PostgreSQL see `ledger`.
ALTER TABLE messages ADD COLUMN commit_key bigint NOT NULL DEFAULT 0;
UPDATE messages SET commit_key = id;
CREATE INDEX messages_by_commit ON messages (commit_key);
-- Whose membership begins with a message.
CREATE INDEX members_by_start ON members (room, from_seq);

CREATE TABLE passes (
    account bigint PRIMARY KEY REFERENCES accounts (id),
    token text UNIQUE,
    silenced boolean NOT NULL DEFAULT FALSE,
    -- How far the account's clients say they are.
    commit_key bigint NOT NULL DEFAULT 0
);

-- The operator's app server, which writes to people on behalf of nobody.
INSERT INTO accounts (id, uuid, nickname, avatar, locked, created_at)
    VALUES (0, '00000000-0000-0000-0000-000000000000', '', '', TRUE, 0);

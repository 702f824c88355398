-- Every key below this one is told by those there are. One writer: what is committed comes in the order of ids.
CREATE VIEW ledger_horizon AS SELECT COALESCE(MAX(commit_key), 0) + 1 AS key FROM messages;

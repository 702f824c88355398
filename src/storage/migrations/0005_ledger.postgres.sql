-- A message's key is (transaction id + base) * 8192 + its place among what its transaction wrote. Transaction ids start anew
-- where a database is restored into another cluster: `base` is raised then, when the first node opens it.
CREATE TABLE ledger (base bigint NOT NULL);
INSERT INTO ledger (base) VALUES (0);

-- Called before its first write by every transaction that writes messages: shows, until the transaction has ended, that it
-- will have an id from here on. The number 2041 is this lock's own.
CREATE FUNCTION ledger_enter() RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(2041, pg_snapshot_xmax(pg_current_snapshot())::text::bigint::bit(32)::int)
$$;

-- Every key below this one is told by those there are. Transactions that have not entered yet will have higher ids than
-- the snapshot knows; those that have and still run hold the lock. What else runs on the server is no matter.
CREATE VIEW ledger_horizon AS
    SELECT (LEAST(s.next, s.next - (
        SELECT MAX((s.next - l.objid::bigint) & 4294967295) FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.classid = 2041 AND l.objsubid = 2 AND l.granted
            AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    )) + base) * 8192 AS key
    FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) s, ledger;

-- Milliseconds of the database's clock. SQLite reads the same name as its own expression.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
    AS 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)';

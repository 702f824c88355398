-- The ids that PostgreSQL takes from sequences; `value` is the last one given out.
CREATE TABLE counters (
    name text PRIMARY KEY,
    value bigint NOT NULL,
    value_max bigint NOT NULL
);
INSERT INTO counters (name, value, value_max) VALUES
    ('account_ids', 9999999, 9007199254740991),
    ('group_ids', 0, 9999999),
    ('direct_ids', 1099511627775, 9007199254740991),
    ('message_ids', 0, 9007199254740991);

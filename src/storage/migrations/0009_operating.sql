-- What nodes need to run as one cluster under the eyes of an operator.

-- The timing that all nodes of a cluster share, in milliseconds.
ALTER TABLE charter ADD COLUMN heartbeat_ms bigint NOT NULL DEFAULT 500;
ALTER TABLE charter ADD COLUMN dead_after_ms bigint NOT NULL DEFAULT 2000;

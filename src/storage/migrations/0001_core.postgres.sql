CREATE SEQUENCE account_ids AS bigint START 10000000 MAXVALUE 9007199254740991;
CREATE SEQUENCE group_ids AS bigint START 1 MAXVALUE 9999999;
CREATE SEQUENCE direct_ids AS bigint START 1099511627776 MAXVALUE 9007199254740991;
CREATE SEQUENCE message_ids AS bigint START 1 MAXVALUE 9007199254740991;

-- Room for the next version of a row beside it: these rows are rewritten all the time.
ALTER TABLE rooms SET (fillfactor = 70);
ALTER TABLE members SET (fillfactor = 80);

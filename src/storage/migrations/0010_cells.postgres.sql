-- Cells of another shape, which have no edges at the poles and the date line. As `actors/src/near/globe.rs` computes them:
-- each hemisphere is a square around its pole, of which the bits of both sides stand in turns.
UPDATE accounts SET cell = (CASE WHEN spread.south THEN 1152921504606846976 ELSE 0 END) | spread.x | (spread.y << 1) FROM (
    SELECT of_row, south, (x | (x << 1)) & 6148914691236517205 AS x, (y | (y << 1)) & 6148914691236517205 AS y FROM (
    SELECT of_row, south, (x | (x << 2)) & 3689348814741910323 AS x, (y | (y << 2)) & 3689348814741910323 AS y FROM (
    SELECT of_row, south, (x | (x << 4)) & 1085102592571150095 AS x, (y | (y << 4)) & 1085102592571150095 AS y FROM (
    SELECT of_row, south, (x | (x << 8)) & 71777214294589695 AS x, (y | (y << 8)) & 71777214294589695 AS y FROM (
    SELECT of_row, south, (x | (x << 16)) & 281470681808895 AS x, (y | (y << 16)) & 281470681808895 AS y FROM (
    SELECT of_row, south, CAST(floor(LEAST((a + 90) / 180 * 1073741824, 1073741823)) AS bigint) AS x,
        CAST(floor(LEAST((b + 90) / 180 * 1073741824, 1073741823)) AS bigint) AS y FROM (
    SELECT of_row, south,
        CASE WHEN east >= -45 AND east <= 45 THEN r WHEN east > 45 AND east < 135 THEN -(r * (east - 90) / 45)
            WHEN east < -45 AND east > -135 THEN r * (east + 90) / 45 ELSE -r END AS a,
        CASE WHEN east >= -45 AND east <= 45 THEN r * east / 45 WHEN east > 45 AND east < 135 THEN r
            WHEN east < -45 AND east > -135 THEN -r WHEN east > 0 THEN -(r * (east - 180) / 45)
            ELSE -(r * (east + 180) / 45) END AS b FROM (
    SELECT id AS of_row, latitude < 0 AS south, longitude AS east, 90 - abs(latitude) AS r
        FROM accounts WHERE cell IS NOT NULL) AS place) AS square) AS by_16) AS by_8) AS by_4) AS by_2) AS by_1) AS spread
WHERE spread.of_row = accounts.id;
UPDATE room_groups SET cell = (CASE WHEN spread.south THEN 1152921504606846976 ELSE 0 END) | spread.x | (spread.y << 1) FROM (
    SELECT of_row, south, (x | (x << 1)) & 6148914691236517205 AS x, (y | (y << 1)) & 6148914691236517205 AS y FROM (
    SELECT of_row, south, (x | (x << 2)) & 3689348814741910323 AS x, (y | (y << 2)) & 3689348814741910323 AS y FROM (
    SELECT of_row, south, (x | (x << 4)) & 1085102592571150095 AS x, (y | (y << 4)) & 1085102592571150095 AS y FROM (
    SELECT of_row, south, (x | (x << 8)) & 71777214294589695 AS x, (y | (y << 8)) & 71777214294589695 AS y FROM (
    SELECT of_row, south, (x | (x << 16)) & 281470681808895 AS x, (y | (y << 16)) & 281470681808895 AS y FROM (
    SELECT of_row, south, CAST(floor(LEAST((a + 90) / 180 * 1073741824, 1073741823)) AS bigint) AS x,
        CAST(floor(LEAST((b + 90) / 180 * 1073741824, 1073741823)) AS bigint) AS y FROM (
    SELECT of_row, south,
        CASE WHEN east >= -45 AND east <= 45 THEN r WHEN east > 45 AND east < 135 THEN -(r * (east - 90) / 45)
            WHEN east < -45 AND east > -135 THEN r * (east + 90) / 45 ELSE -r END AS a,
        CASE WHEN east >= -45 AND east <= 45 THEN r * east / 45 WHEN east > 45 AND east < 135 THEN r
            WHEN east < -45 AND east > -135 THEN -r WHEN east > 0 THEN -(r * (east - 180) / 45)
            ELSE -(r * (east + 180) / 45) END AS b FROM (
    SELECT room AS of_row, latitude < 0 AS south, longitude AS east, 90 - abs(latitude) AS r
        FROM room_groups WHERE cell IS NOT NULL) AS place) AS square) AS by_16) AS by_8) AS by_4) AS by_2) AS by_1) AS spread
WHERE spread.of_row = room_groups.room;

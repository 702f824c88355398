-- The cells of places that were known before: the bits of both sides in turns.
UPDATE accounts SET cell = spread.x | (spread.y << 1) FROM (
            SELECT of_row, (x | (x << 1)) & 6148914691236517205 AS x, (y | (y << 1)) & 6148914691236517205 AS y FROM (
            SELECT of_row, (x | (x << 2)) & 3689348814741910323 AS x, (y | (y << 2)) & 3689348814741910323 AS y FROM (
            SELECT of_row, (x | (x << 4)) & 1085102592571150095 AS x, (y | (y << 4)) & 1085102592571150095 AS y FROM (
            SELECT of_row, (x | (x << 8)) & 71777214294589695 AS x, (y | (y << 8)) & 71777214294589695 AS y FROM (
            SELECT of_row, (x | (x << 16)) & 281470681808895 AS x, (y | (y << 16)) & 281470681808895 AS y FROM (
            SELECT of_row, CASE WHEN x > 67108863 THEN 67108863 ELSE x END AS x,
            CASE WHEN y > 67108863 THEN 67108863 ELSE y END AS y FROM (
            SELECT id AS of_row, CAST((longitude + 180) / 360 * 67108864 AS bigint) AS x,
            CAST((latitude + 90) / 180 * 67108864 AS bigint) AS y
            FROM accounts WHERE (longitude <> 0 OR latitude <> 0)) AS cut) AS by_16) AS by_8) AS by_4) AS by_2) AS by_1) AS spread
WHERE spread.of_row = accounts.id;
UPDATE room_groups SET cell = spread.x | (spread.y << 1) FROM (
            SELECT of_row, (x | (x << 1)) & 6148914691236517205 AS x, (y | (y << 1)) & 6148914691236517205 AS y FROM (
            SELECT of_row, (x | (x << 2)) & 3689348814741910323 AS x, (y | (y << 2)) & 3689348814741910323 AS y FROM (
            SELECT of_row, (x | (x << 4)) & 1085102592571150095 AS x, (y | (y << 4)) & 1085102592571150095 AS y FROM (
            SELECT of_row, (x | (x << 8)) & 71777214294589695 AS x, (y | (y << 8)) & 71777214294589695 AS y FROM (
            SELECT of_row, (x | (x << 16)) & 281470681808895 AS x, (y | (y << 16)) & 281470681808895 AS y FROM (
            SELECT of_row, CASE WHEN x > 67108863 THEN 67108863 ELSE x END AS x,
            CASE WHEN y > 67108863 THEN 67108863 ELSE y END AS y FROM (
            SELECT room AS of_row, CAST((longitude + 180) / 360 * 67108864 AS bigint) AS x,
            CAST((latitude + 90) / 180 * 67108864 AS bigint) AS y
            FROM room_groups WHERE (longitude <> 0 OR latitude <> 0) AND dissolved_at IS NULL) AS cut) AS by_16) AS by_8) AS by_4) AS by_2) AS by_1) AS spread
WHERE spread.of_row = room_groups.room;

-- SPDX-License-Identifier: Apache-2.0
-- works with: 0.1.0
--
-- The stable views: what others may read and rely on. Everything else in this schema is private.

CREATE VIEW availability AS
SELECT pool, sku, unsold, held, unsold - held AS available, version, per_customer, round, opens_at,
       closes_at
FROM stock
WHERE known;

-- The row without a store is the pool of all stores that are not named.
CREATE VIEW store AS
SELECT nullif(store, '') AS store, pool
FROM store_pools;

-- Private: the lines that do not stand in plain columns, those of a replaced hold last.
CREATE VIEW further_line AS
SELECT d.id AS decision, d.pool, d.kind, d.decided_at, d.customer, l.released, l.position, x.*
FROM decisions AS d
CROSS JOIN LATERAL (
    SELECT body, position, false AS released
    FROM json_array_elements(d.more) WITH ORDINALITY AS m (body, position)
    UNION ALL
    SELECT body, position, true
    FROM json_array_elements(d.released) WITH ORDINALITY AS r (body, position)
) AS l
CROSS JOIN LATERAL json_to_record(l.body) AS x (
    sku text, qty integer, version bigint, available integer, unsold integer, held integer,
    taken integer, round text)
WHERE d.more IS NOT NULL OR d.released IS NOT NULL;

CREATE VIEW movement AS
SELECT pool, sku, version, id AS job, kind_name(kind) AS kind, unsold_delta, held_delta,
       decided_at AS at
FROM decisions
WHERE version IS NOT NULL
UNION ALL
SELECT pool, sku, version, decision, kind_name(kind), unsold, held, decided_at
FROM further_line
WHERE version IS NOT NULL;

CREATE VIEW decision AS
SELECT d.id,
       kind_name(d.kind) AS kind,
       outcome_name(d.outcome) AS outcome,
       reason_name(d.reason) AS reason,
       d.ref, d.customer, d.store, d.pool, d.decided_at, d.slot, d.generation, d.lane, d.n,
       (SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
                   'sku', i.sku, 'qty', i.qty, 'version', i.version, 'available', i.available))
                   ORDER BY i.position), '[]')
        FROM (SELECT 0::bigint AS position, d.sku, d.qty, d.version, d.available
              WHERE d.sku IS NOT NULL
              UNION ALL
              SELECT m.position, x.sku, x.qty, x.version, x.available
              FROM json_array_elements(d.more) WITH ORDINALITY AS m (body, position)
              CROSS JOIN LATERAL json_to_record(m.body) AS x (
                  sku text, qty integer, version bigint, available integer)) AS i) AS items,
       coalesce(d.faults, '[]') AS faults,
       coalesce(d.hold, CASE WHEN d.kind = 1 AND d.outcome = 1 THEN d.id END) AS hold,
       coalesce(d.sale, CASE WHEN d.kind IN (0, 2) AND d.outcome = 0 THEN d.id END) AS sale,
       d.expires_at, d.meta
FROM decisions AS d;

CREATE VIEW hold AS
SELECT h.id, h.ref, h.customer, h.store, h.pool, hold_state_name(h.state) AS state, h.expires_at,
       (SELECT json_agg(json_build_object('sku', i.sku, 'qty', i.qty) ORDER BY i.position)
        FROM (SELECT 0::bigint AS position, h.sku, h.qty
              UNION ALL
              SELECT m.position, x.sku, x.qty
              FROM json_array_elements(h.more) WITH ORDINALITY AS m (body, position)
              CROSS JOIN LATERAL json_to_record(m.body) AS x (sku text, qty integer)) AS i)
           AS items,
       h.ended_by
FROM holds AS h;

/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQL of a lane.
 *
 * A plan is made once and kept, perhaps while a table is still empty, so none may depend on
 * statistics. Sequential scans and joins by hash or merge are off, what is left is a lookup in an
 * index for each key, and where an index could be walked from end to end instead, the lookup stands
 * in a LATERAL query that cannot be pulled up, because of OFFSET 0 or because it locks. */
#include "worker/postgres/statement.h"

#include "worker/postgres/stored_decision.h"

const char statement_settings[] =
    "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
    " ('plan_cache_mode', 'force_generic_plan'),"
    " ('enable_seqscan', 'off'),"
    " ('enable_hashjoin', 'off'),"
    " ('enable_mergejoin', 'off'),"
    " ('enable_memoize', 'off'),"
    " ('jit', 'off')) AS s (name, value)"; /* what is off costs so much that it would be compiled */

/* Lanes of a generation that is coming wait until those of the one before it are drained. */
#define IS_LIVE                            \
    "EXISTS (SELECT FROM generations AS g" \
    " WHERE g.generation = $1::integer AND g.state IN ('current', 'draining'))"

#define SALE_COLUMNS \
    "d.id, d.hold, d.customer, d.store, d.pool, d.ref, d.slot, d.sku, d.qty, d.round, d.more"
#define IS_SALE "d.kind IN (0, 2) AND d.outcome = 0" /* a confirmed checkout or commit */

/* By the id of the checkout or commit, or by that of the reserve; maybe twice. */
#define SALES_NAMED                                                                          \
    "SELECT " SALE_COLUMNS " FROM decisions AS d WHERE d.id = ANY ($1::text[]) AND " IS_SALE \
    " UNION ALL"                                                                             \
    " SELECT " SALE_COLUMNS " FROM (SELECT sale FROM holds WHERE id = ANY ($1) AND sale IS"  \
    " NOT NULL OFFSET 0) AS h"                                                               \
    " CROSS JOIN LATERAL (SELECT * FROM decisions AS d WHERE d.id = h.sale AND " IS_SALE     \
    " OFFSET 0) AS d"

static const struct {
    const char *name;
    const char *sql;
} statements[STATEMENT_COUNT] = {
    [STATEMENT_READY] = {"write the lane", "UPDATE lanes SET epoch = epoch"
                                           " WHERE generation = $1::integer"
                                           " AND lane = $2::smallint"},
    [STATEMENT_CLAIM] = {"claim the lane",
                         "UPDATE lanes SET epoch = epoch + 1, worker = $3::text, run = $4::text,"
                         " claimed_at = clock_timestamp()"
                         " WHERE generation = $1::integer AND lane = $2::smallint"
                         " AND " IS_LIVE " RETURNING epoch, decided, drained"},
    [STATEMENT_BEGIN] = {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED"},
    [STATEMENT_LANE] = {"lock the lane", "SELECT epoch, decided, drained FROM lanes"
                                         " WHERE generation = $1::integer AND lane = $2::smallint"
                                         " FOR NO KEY UPDATE"},
    [STATEMENT_ADD_STOCK] = {"make rows to lock", "INSERT INTO stock (pool, sku)"
                                                  " SELECT * FROM unnest($1::text[], $2::text[])"
                                                  " ON CONFLICT DO NOTHING"},
    /* $1 stores; $2, $3 pools and SKUs; $4, $5 places of stores in $1, and SKUs. A store that is
     * assigned to no pool sells from that of the others, but for the store "default". */
    [STATEMENT_LOCK] =
        {"lock the stock",
         "WITH assigned AS MATERIALIZED ("
         " SELECT s.store, s.place,"
         "  (SELECT p.pool FROM store_pools AS p WHERE p.store = s.store) AS pool"
         " FROM unnest($1::text[]) WITH ORDINALITY AS s (store, place)),"
         " others AS MATERIALIZED ("
         " SELECT (SELECT p.pool FROM store_pools AS p WHERE p.store = '') AS pool),"
         " pools AS MATERIALIZED ("
         " SELECT array_agg(coalesce(a.pool, CASE WHEN a.store = 'default' THEN 'main'"
         "  ELSE (SELECT pool FROM others) END) ORDER BY a.place) AS of_place FROM assigned AS a),"
         " wanted AS ("
         " SELECT pool COLLATE \"C\" AS pool, sku COLLATE \"C\" AS sku"
         " FROM unnest($2::text[], $3::text[]) AS w (pool, sku)"
         " UNION"
         " SELECT ((SELECT of_place FROM pools))[w.place], w.sku"
         " FROM unnest($4::integer[], $5::text[]) AS w (place, sku))"
         " SELECT store, pool, NULL AS sku, NULL::integer, NULL::integer, NULL::bigint,"
         "  NULL::boolean, NULL::integer, NULL, NULL::timestamptz, NULL::timestamptz, NULL::tid"
         " FROM assigned"
         " UNION ALL"
         " SELECT '', pool, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM others"
         " UNION ALL"
         " SELECT NULL, s.* FROM ("
         " SELECT pool, sku FROM wanted ORDER BY pool COLLATE \"C\", sku COLLATE \"C\") AS w"
         " CROSS JOIN LATERAL ("
         " SELECT pool, sku, unsold, held, version, known, per_customer, round, opens_at, "
         "closes_at,"
         " ctid FROM stock WHERE pool = w.pool AND sku = w.sku FOR NO KEY UPDATE) AS s"},
    [STATEMENT_DECISIONS] = {"read decisions", "SELECT " STORED_DECISION_COLUMNS " FROM decisions"
                                               " WHERE id = ANY ($1::text[])"},
    [STATEMENT_SALES] = {"read sales", SALES_NAMED},
    [STATEMENT_RETURNS] = {"read returns",
                           "SELECT r.* FROM (SELECT DISTINCT id FROM (" SALES_NAMED ") AS d) AS s"
                           " CROSS JOIN LATERAL ("
                           "SELECT sale, sku, qty, last_by, ends FROM returns"
                           " WHERE sale = s.id OFFSET 0) AS r"},
    /* $1 as named; $2 as named for a sale: of a reserve that was sold, or of a commit, the hold. */
    [STATEMENT_HOLDS] =
        {"read holds",
         "SELECT h.* FROM (SELECT unnest($1::text[]) COLLATE \"C\" AS id"
         " UNION SELECT d.hold FROM decisions AS d"
         " WHERE d.id = ANY ($2::text[]) AND d.kind = 2 AND d.outcome = 0"
         " UNION SELECT s.id FROM holds AS s WHERE s.id = ANY ($2) AND s.sale IS NOT NULL) AS w"
         " CROSS JOIN LATERAL ("
         "SELECT id, customer, store, pool, ref, slot, state, expires_at, sale, ended_by, sku,"
         " qty, round, more FROM holds WHERE id = w.id OFFSET 0) AS h"},
    /* $1 SKUs; $2, $3 from and to which place $4 has customers of the SKU; $5 whether those of SKUs
     * without a limit are wanted. In all pools. */
    [STATEMENT_TALLIES] =
        {"read customers' counts",
         "SELECT DISTINCT t.pool, t.sku, t.round, t.customer, t.taken"
         " FROM unnest($1::text[], $2::integer[], $3::integer[]) AS w (sku, first, last)"
         " CROSS JOIN LATERAL unnest(CASE WHEN $5::boolean OR EXISTS ("
         "SELECT FROM stock WHERE stock.sku = w.sku AND per_customer IS NOT NULL)"
         " THEN ($4::text[])[w.first:w.last] END) AS c (customer)"
         " CROSS JOIN LATERAL ("
         "SELECT pool, sku, round, customer, taken FROM customer_counts"
         " WHERE customer = c.customer AND sku = w.sku OFFSET 0) AS t"},
    [STATEMENT_CLOCK] = {"read the clock", "SELECT clock_timestamp(), " IS_LIVE
                                           ", EXISTS (SELECT FROM lonely_beginnings)"},
    [STATEMENT_RECORD] =
        {"record decisions",
         "INSERT INTO decisions (decided_at, generation, lane, form, meaning, n, version,"
         " expires_at, qty, available, unsold_delta, held_delta, taken_delta, slot, kind, outcome,"
         " reason, retaken, id, sku, round, customer, store, pool, ref, hold, sale, by, replaces,"
         " more, released, faults, meta)"
         " SELECT $1::timestamptz, $2::integer, $3::smallint, $4::smallint,"
         " unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]),"
         " unnest($8::timestamptz[]), unnest($9::integer[]), unnest($10::integer[]),"
         " unnest($11::integer[]), unnest($12::integer[]), unnest($13::integer[]),"
         " unnest($14::smallint[]), unnest($15::smallint[]), unnest($16::smallint[]),"
         " unnest($17::smallint[]), unnest($18::boolean[]), unnest($19::text[]),"
         " unnest($20::text[]), unnest($21::text[]), unnest($22::text[]), unnest($23::text[]),"
         " unnest($24::text[]), unnest($25::text[]), unnest($26::text[]), unnest($27::text[]),"
         " unnest($28::text[]), unnest($29::text[]), unnest($30::json[]), unnest($31::json[]),"
         " unnest($32::json[]), unnest($33::json[])"},
    /* Each row where it was locked, and only from the version that was read. */
    [STATEMENT_CHANGE_STOCK] =
        {"change the stock",
         "WITH changed AS ("
         "UPDATE stock AS s SET unsold = c.unsold, held = c.held, version = c.version,"
         " known = c.known, per_customer = c.per_customer, round = c.round,"
         " opens_at = c.opens_at, closes_at = c.closes_at"
         " FROM unnest($2::tid[], $3::bigint[], $4::integer[], $5::integer[], $6::bigint[],"
         " $7::boolean[], $8::integer[], $9::text[], $10::timestamptz[], $11::timestamptz[])"
         " AS c (place, read, unsold, held, version, known, per_customer, round, opens_at,"
         " closes_at)"
         " WHERE s.ctid = c.place AND s.version = c.read RETURNING 1)"
         " SELECT CASE WHEN count(*) <> $1::integer THEN"
         " refuse('40001', 'the stock has changed since it was read') END FROM changed"},
    [STATEMENT_ADD_HOLDS] =
        {"add holds",
         "INSERT INTO holds (id, customer, store, pool, ref, slot, state, expires_at, sale,"
         " ended_by, sku, qty, round, more)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
         " $6::smallint[], $7::smallint[], $8::timestamptz[], $9::text[], $10::text[],"
         " $11::text[], $12::integer[], $13::text[], $14::json[])"},
    [STATEMENT_CHANGE_HOLDS] =
        {"change holds",
         "WITH changed AS ("
         "UPDATE holds AS h SET state = c.state, expires_at = c.expires_at, sale = c.sale,"
         " ended_by = c.ended_by, round = c.round, more = c.more"
         " FROM unnest($2::text[], $3::smallint[], $4::timestamptz[], $5::text[], $6::text[],"
         " $7::text[], $8::json[]) AS c (id, state, expires_at, sale, ended_by, round, more)"
         " CROSS JOIN LATERAL (SELECT ctid FROM holds WHERE id = c.id OFFSET 0) AS at"
         " WHERE h.ctid = at.ctid RETURNING 1)"
         " SELECT CASE WHEN count(*) <> $1::integer THEN"
         " refuse('40001', 'a hold has gone since it was read') END FROM changed"},
    [STATEMENT_RETURN] = {"record returns",
                          "INSERT INTO returns (sale, sku, qty, last_by, ends)"
                          " SELECT * FROM unnest($1::text[], $2::text[], $3::integer[],"
                          " $4::text[], $5::boolean[])"
                          " ON CONFLICT (sale, sku) DO UPDATE SET qty = excluded.qty,"
                          " last_by = excluded.last_by, ends = excluded.ends"},
    [STATEMENT_COUNT_MORE] = {"count to customers",
                              "INSERT INTO customer_counts AS t (customer, pool, sku, round, taken)"
                              " SELECT * FROM unnest($1::text[], $2::text[], $3::text[],"
                              " $4::text[], $5::integer[])"
                              " ON CONFLICT (customer, sku, pool, round)"
                              " DO UPDATE SET taken = t.taken + excluded.taken"},
    [STATEMENT_COUNT_LESS] =
        {"take off customers' counts",
         "WITH changed AS ("
         "UPDATE customer_counts AS t SET taken = t.taken + c.delta"
         " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[])"
         " AS c (customer, pool, sku, round, delta)"
         " CROSS JOIN LATERAL (SELECT ctid FROM customer_counts WHERE customer = c.customer"
         " AND sku = c.sku AND pool = c.pool AND round = c.round OFFSET 0) AS at"
         " WHERE t.ctid = at.ctid RETURNING 1)"
         " SELECT CASE WHEN count(*) <> $1::integer THEN"
         " refuse('23000', 'units were counted to a customer who has no count') END FROM changed"},
    [STATEMENT_COUNT_DECIDED] = {"count the lane's decisions",
                                 "UPDATE lanes SET decided = decided + $3::bigint,"
                                 " stragglers = stragglers + CASE WHEN drained THEN $3 ELSE 0 END,"
                                 " saved_at = clock_timestamp()"
                                 " WHERE generation = $1::integer AND lane = $2::smallint"},
    [STATEMENT_DRAINED] = {"record the marker",
                           "UPDATE lanes SET drained = true, saved_at = clock_timestamp()"
                           " WHERE generation = $1::integer AND lane = $2::smallint"},
    [STATEMENT_FORGET_LONELY] = {"forget lonely beginnings",
                                 "DELETE FROM lonely_beginnings WHERE job = ANY ($1::text[])"},
    [STATEMENT_COMMIT] = {"commit", "COMMIT"},
    [STATEMENT_ROLLBACK] = {"roll back", "ROLLBACK"},
    [STATEMENT_COUNT_LONELY] =
        {"count a lonely beginning",
         "INSERT INTO lonely_beginnings AS l (job, begun, last_at)"
         " VALUES ($1::text, 1, clock_timestamp())"
         " ON CONFLICT (job) DO UPDATE SET begun = l.begun + 1, last_at = excluded.last_at"
         " RETURNING begun"},
};

const char *statement_name(enum statement statement)
{
    return statements[statement].name;
}

const char *statement_sql(enum statement statement)
{
    return statements[statement].sql;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The invariants. Each source is one pass over what it needs, with joins and sums of whole sets, so
 * that it stays quick on ten million decisions.
 *
 * Kinds, outcomes and states are numbered as the functions kind_name, outcome_name and
 * hold_state_name of the schema have them. */
#include "worker/postgres/invariant.h"

#define CHECKOUT "0"
#define RESERVE  "1"
#define COMMIT   "2"
#define RELEASE  "3"
#define EXTEND   "4"
#define CANCEL   "5"
#define ADJUST   "6"
#define SET      "7"
#define DEFINE   "8"
#define EXPIRE   "9"

#define CONFIRMED "0"
#define HELD      "1"
#define RELEASED  "3"
#define CANCELLED "5"
#define EXPIRED   "6"
#define STOCKED   "7"
#define REFUSALS  "(2, 8, 9)" /* sold out, late, rejected */
#define SALES     "(0, 2)"    /* kinds that sell: checkout, commit */

/* The lines behind the first of decisions d, as l and x; d.more and d.released hold them. */
#define FURTHER_LINES                                                                         \
    "decisions AS d CROSS JOIN LATERAL ("                                                     \
    "SELECT body, false AS freed FROM json_array_elements(d.more) AS m (body)"                \
    " UNION ALL SELECT body, true FROM json_array_elements(d.released) AS r (body)) AS l"     \
    " CROSS JOIN LATERAL json_to_record(l.body) AS x (sku text, qty integer, version bigint," \
    " available integer, unsold integer, held integer, taken integer, round text)"            \
    " WHERE (d.more IS NOT NULL OR d.released IS NOT NULL)"

/* A SKU's movements added up, beside its row. Of the numbers 1 to n, count, extremes, sum and sum
 * of squares tell whether each is there once, without sorting them. Units that moved, each times
 * the number of versions from its own to the last, are what all versions had available together. */
static const char stock_source[] =
    "SELECT pool, sku, NULL::text AS id, coalesce(moves, 0) AS moves, first, last, numbers,"
    " squares, moved_unsold, moved_held, told, moved_unsold - moved_held AS moved, weighted,"
    " s.unsold, s.held, s.version FROM ("
    "SELECT pool, sku, count(*) AS moves, min(version) AS first, max(version) AS last,"
    " sum(version) AS numbers,"
    " sum(CASE WHEN version < 3000000000 THEN version * version ELSE 0 END) AS squares,"
    " sum(unsold_delta) AS moved_unsold, sum(held_delta) AS moved_held,"
    " sum(available::bigint) AS told,"
    " sum(version * (unsold_delta - held_delta)) AS weighted FROM ("
    "SELECT pool, sku, version, unsold_delta, held_delta, available FROM decisions"
    " WHERE version IS NOT NULL"
    " UNION ALL SELECT d.pool, x.sku, x.version, x.unsold, x.held, x.available"
    " FROM " FURTHER_LINES " AND x.version IS NOT NULL) AS m GROUP BY pool, sku) AS m"
    " FULL JOIN stock AS s USING (pool, sku) WHERE s.known IS NOT FALSE OR moves > 0";

static const char lines_source[] =
    "SELECT pool, sku, id, kind, outcome, retaken, released IS NOT NULL AS replacing,"
    " qty, version, available, unsold_delta, held_delta FROM decisions"
    " UNION ALL SELECT d.pool, x.sku, d.id, d.kind, d.outcome, d.retaken,"
    " d.released IS NOT NULL, x.qty, x.version, x.available, x.unsold, x.held"
    " FROM " FURTHER_LINES;

static const char replaced_source[] =
    "SELECT NULL::text AS pool, NULL::text AS sku, d.id, d.qty + coalesce(sum(CASE WHEN l.freed"
    " THEN -x.qty ELSE x.qty END), 0) AS units,"
    " coalesce(d.held_delta, 0) + coalesce(sum(x.held), 0) AS moved"
    " FROM " FURTHER_LINES " AND d.released IS NOT NULL GROUP BY d.id, d.qty, d.held_delta";

static const char once_source[] =
    "SELECT NULL::text AS pool, NULL::text AS sku, id, count(*) AS times FROM decisions"
    " GROUP BY id";

static const char lanes_source[] =
    "SELECT NULL::text AS pool, NULL::text AS sku,"
    " 'generation ' || generation || ' lane ' || lane AS id, coalesce(numbers, 0) AS numbers,"
    " coalesce(rows, 0) AS rows, first, last, decided, coalesce(forgotten, 0) AS forgotten FROM ("
    "SELECT generation, lane, count(*) AS numbers, sum(times) AS rows, min(n) AS first,"
    " max(n) AS last FROM ("
    "SELECT generation, lane, n, count(*) AS times FROM decisions GROUP BY generation, lane, n)"
    " AS d GROUP BY generation, lane) AS d"
    " FULL JOIN lanes USING (generation, lane) FULL JOIN prunings USING (generation, lane)";

/* Units under active holds. */
static const char held_source[] =
    "SELECT pool, sku, NULL::text AS id, coalesce(units, 0) AS units, s.held FROM ("
    "SELECT pool, sku, sum(qty) AS units FROM ("
    "SELECT pool, sku, qty FROM holds WHERE state = 0"
    " UNION ALL SELECT h.pool, x.sku, x.qty FROM holds AS h"
    " CROSS JOIN LATERAL json_to_recordset(h.more) AS x (sku text, qty integer)"
    " WHERE h.state = 0 AND h.more IS NOT NULL) AS h GROUP BY pool, sku) AS h"
    " FULL JOIN stock AS s USING (pool, sku) WHERE s.known IS NOT FALSE OR units > 0";

static const char holds_source[] =
    "SELECT NULL::text AS pool, NULL::text AS sku, h.id, h.state, h.ended_by,"
    " made.kind = " RESERVE " AND made.outcome = " HELD " AS made,"
    " CASE h.state WHEN 0 THEN h.ended_by IS NULL"
    " WHEN 1 THEN e.kind = " EXPIRE " AND e.outcome = " EXPIRED " AND e.hold = h.id"
    " WHEN 2 THEN (e.kind = " RELEASE " AND e.outcome = " RELEASED " AND e.hold = h.id)"
    "  OR (e.kind = " RESERVE " AND e.outcome = " HELD " AND e.replaces = h.id)"
    " WHEN 3 THEN e.kind = " COMMIT " AND e.outcome = " CONFIRMED " AND e.hold = h.id"
    " WHEN 4 THEN e.kind = " CANCEL " AND e.outcome = " CANCELLED " AND e.hold = h.id END AS ended"
    " FROM holds AS h LEFT JOIN decisions AS made ON made.id = h.id"
    " LEFT JOIN decisions AS e ON e.id = h.ended_by";

/* Lines of a commit and of its hold, in one order, as texts to compare. */
#define UNITS(row)                                                                      \
    "(SELECT array_agg(ARRAY[x.sku, x.qty::text]) FROM json_to_recordset(" row ".more)" \
    " AS x (sku text, qty integer))"

static const char commits_source[] =
    "SELECT NULL::text AS pool, NULL::text AS sku, c.id, c.hold, c.times, h.state,"
    " d.sku = h.sku AND d.qty = h.qty AND (d.more IS NULL AND h.more IS NULL"
    "  OR " UNITS("d") " = " UNITS(
        "h") ") AS same FROM ("
             "SELECT hold, count(*) AS times, min(id) AS id FROM decisions"
             " WHERE kind = " COMMIT " AND outcome = " CONFIRMED " GROUP BY hold) AS c"
             " JOIN decisions AS d ON d.id = c.id LEFT JOIN holds AS h ON h.id = c.hold";

static const char returns_source[] =
    "SELECT NULL::text AS pool, c.sku AS returned_sku, NULL::text AS sku, c.sale AS id,"
    " coalesce(c.qty, 0) AS cancelled, c.recorded, coalesce(s.qty, 0) AS sold FROM ("
    "SELECT coalesce(c.sale, r.sale) AS sale, coalesce(c.sku, r.sku) AS sku, c.qty,"
    " coalesce(r.qty, 0) AS recorded FROM ("
    "SELECT sale, sku, sum(qty) AS qty FROM ("
    "SELECT sale, sku, qty FROM decisions WHERE kind = " CANCEL " AND outcome = " CANCELLED
    " UNION ALL SELECT d.sale, x.sku, x.qty FROM " FURTHER_LINES " AND d.kind = " CANCEL
    " AND d.outcome = " CANCELLED ") AS c GROUP BY sale, sku) AS c"
    " FULL JOIN returns AS r ON r.sale = c.sale AND r.sku = c.sku) AS c"
    " LEFT JOIN LATERAL (SELECT sum(qty) AS qty FROM ("
    "SELECT d.sku, d.qty FROM decisions AS d WHERE d.id = c.sale AND d.kind IN " SALES
    " AND d.outcome = " CONFIRMED " UNION ALL SELECT x.sku, x.qty FROM " FURTHER_LINES
    " AND d.id = c.sale AND d.kind IN " SALES " AND d.outcome = " CONFIRMED
    ") AS s WHERE s.sku = c.sku) AS s ON true";

/* What was counted to customers, line by line. */
#define COUNTED                                                                       \
    "SELECT customer, pool, sku, round, taken_delta, decided_at, generation, lane, n" \
    " FROM decisions WHERE taken_delta IS NOT NULL"                                   \
    " UNION ALL SELECT d.customer, d.pool, x.sku, x.round, x.taken, d.decided_at,"    \
    " d.generation, d.lane, d.n FROM " FURTHER_LINES " AND x.taken IS NOT NULL"

static const char counts_source[] =
    "SELECT pool, sku, customer AS id, round, coalesce(counted, 0) AS counted,"
    " coalesce(t.taken, 0) AS taken FROM ("
    "SELECT customer, pool, sku, round, sum(taken_delta) AS counted FROM (" COUNTED ") AS c"
    " GROUP BY customer, pool, sku, round) AS c"
    " FULL JOIN customer_counts AS t USING (customer, pool, sku, round)";

/* A limit and its round are recorded as they are now, and every change of them is a define. So what
 * is in force has been so since the SKU's last define, and each time since then that units were
 * counted to a customer, the customer must have stayed within. Whoever never had more than the
 * limit counted in all cannot have passed it; only of the others it matters when what came back
 * did. */
static const char limits_source[] =
    "WITH defined AS MATERIALIZED ("
    "SELECT DISTINCT ON (s.pool, s.sku) s.pool, s.sku, s.per_customer,"
    " coalesce(s.round, '') AS round, d.decided_at, d.generation, d.lane, d.n"
    " FROM decisions AS d JOIN stock AS s USING (pool, sku)"
    " WHERE d.kind = " DEFINE " AND d.outcome = " STOCKED " AND s.per_customer IS NOT NULL"
    " ORDER BY s.pool, s.sku, d.decided_at DESC, d.n DESC),"
    " counted AS MATERIALIZED ("
    "SELECT c.*, l.per_customer, c.decided_at > l.decided_at OR (c.decided_at = l.decided_at"
    "  AND c.generation = l.generation AND c.lane = l.lane AND c.n > l.n) AS in_force"
    " FROM (" COUNTED ") AS c JOIN defined AS l"
    " ON l.pool = c.pool AND l.sku = c.sku AND l.round = c.round),"
    " suspected AS MATERIALIZED ("
    "SELECT pool, sku, customer FROM counted GROUP BY pool, sku, customer, per_customer"
    " HAVING sum(greatest(taken_delta, 0)) > per_customer)"
    " SELECT pool, sku, customer AS id, per_customer, taken_delta, in_force,"
    " sum(taken_delta) OVER (PARTITION BY pool, sku, customer"
    "  ORDER BY decided_at, generation, lane, n) AS reached"
    " FROM counted JOIN suspected USING (pool, sku, customer)"
    " UNION ALL SELECT pool, sku, customer, per_customer, taken_delta, in_force, 0"
    " FROM counted AS c WHERE NOT EXISTS (SELECT FROM suspected AS s WHERE s.pool = c.pool"
    "  AND s.sku = c.sku AND s.customer = c.customer)";

static const char figures_source[] =
    "SELECT pool, sku, NULL::text AS id, 'unsold ' || unsold || ', held ' || held || ', version '"
    " || version AS figures, unsold >= 0 AND held >= 0 AND held <= unsold AND version >= 0"
    " AND unsold <= 1000000000 AND (known OR (unsold = 0 AND version = 0)) AS good FROM stock"
    " UNION ALL SELECT pool, sku, NULL, customer || ' has taken ' || taken, taken >= 0"
    " FROM customer_counts"
    " UNION ALL SELECT NULL, NULL, sale, sku || ': ' || qty || ' returned', qty >= 1 FROM returns"
    " UNION ALL SELECT NULL, NULL, id, 'holds ' || qty, qty >= 1 FROM holds"
    " UNION ALL SELECT NULL, NULL, id, 'available ' || available, available >= 0 FROM decisions"
    " WHERE available < 0";

const struct invariant invariants[] = {
    {"stock", "unsold and held are what the movements add up to", "SKUs", stock_source, "true",
     "coalesce(moved_unsold, 0) <> coalesce(unsold, 0)"
     " OR coalesce(moved_held, 0) <> coalesce(held, 0) OR unsold IS NULL",
     "format('movements: unsold %s, held %s; recorded: unsold %s, held %s',"
     " coalesce(moved_unsold, 0), coalesce(moved_held, 0), coalesce(unsold::text, 'nothing'),"
     " coalesce(held::text, 'nothing'))"},
    {"versions", "each change has its number: 1, 2, 3 ... without a gap", "SKUs", stock_source,
     "true",
     "moves <> coalesce(version, 0) OR (moves > 0 AND (first <> 1 OR last <> moves"
     " OR numbers <> moves::numeric * (moves + 1) / 2 OR (moves < 3000000000"
     " AND squares <> moves::numeric * (moves + 1) * (2 * moves + 1) / 6)))",
     "format('%s movements numbered %s to %s, the last recorded is %s', moves,"
     " coalesce(first, 0), coalesce(last, 0), coalesce(version::text, 'nothing'))"},
    {"told", "what each decision told to be available follows from the movements", "SKUs",
     stock_source, "moves > 0", "told <> (moves + 1) * moved - weighted",
     "format('the movements make %s in all versions together, told were %s',"
     " (moves + 1) * moved - weighted, told)"},
    {"sales", "each sale and each cancel moved exactly its items", "lines", lines_source,
     "outcome IN (" CONFIRMED ", " CANCELLED ")",
     "CASE kind WHEN " CHECKOUT " THEN unsold_delta = -qty AND held_delta = 0"
     " WHEN " COMMIT " THEN unsold_delta = -qty"
     " AND held_delta = CASE WHEN retaken THEN 0 ELSE -qty END"
     " WHEN " CANCEL " THEN unsold_delta = qty AND held_delta = 0 ELSE false END IS NOT TRUE",
     "format('%s of %s moved unsold by %s and held by %s', qty, sku,"
     " coalesce(unsold_delta, 0), coalesce(held_delta, 0))"},
    {"moves", "every other decision moved what its kind and outcome say", "lines", lines_source,
     "outcome NOT IN (" CONFIRMED ", " CANCELLED ")",
     "CASE WHEN outcome IN " REFUSALS " THEN version IS NOT NULL"
     " WHEN kind = " RESERVE " AND replacing THEN coalesce(unsold_delta, 0) <> 0"
     " WHEN kind = " RESERVE " THEN (unsold_delta = 0 AND held_delta = qty) IS NOT TRUE"
     " WHEN kind = " RELEASE " THEN version IS NOT NULL"
     "  AND (unsold_delta <> 0 OR held_delta <> -qty)"
     " WHEN kind = " EXPIRE " THEN (unsold_delta = 0 AND held_delta = -qty) IS NOT TRUE"
     " WHEN kind IN (" EXTEND ", " DEFINE ") THEN version IS NOT NULL"
     " WHEN kind = " ADJUST " THEN (qty <> 0 OR version IS NOT NULL)"
     "  AND (unsold_delta = qty AND held_delta = 0) IS NOT TRUE"
     " WHEN kind = " SET " THEN version IS NOT NULL AND held_delta <> 0 ELSE true END",
     "format('%s %s: %s of %s moved unsold by %s and held by %s', kind_name(kind),"
     " outcome_name(outcome), coalesce(qty, 0), coalesce(sku, 'nothing'),"
     " coalesce(unsold_delta, 0), coalesce(held_delta, 0))"},
    {"replaced", "a hold that replaces another holds what is new, and frees the rest", "jobs",
     replaced_source, "true", "units <> moved",
     "format('%s more units by its items, %s by its movements', units, moved)"},
    {"once", "every id has one decision", "jobs", once_source, "true", "times <> 1",
     "format('%s decisions', times)"},
    {"lanes", "no lane's n has gaps but those that were pruned", "lanes", lanes_source, "true",
     "decided IS NULL OR rows <> numbers OR numbers + forgotten <> decided"
     " OR coalesce(first, 1) < 1 OR coalesce(last, 0) > decided",
     "format('%s decisions numbered %s to %s, %s forgotten, %s counted', rows,"
     " coalesce(first, 0), coalesce(last, 0), forgotten, coalesce(decided::text, 'none'))"},
    {"held", "held is what active holds add up to", "SKUs", held_source, "true",
     "units <> coalesce(held, 0)",
     "format('%s units under active holds, %s recorded', units,"
     " coalesce(held::text, 'nothing'))"},
    {"holds", "every hold was made and ended by decisions that do so", "holds", holds_source,
     "true", "made IS NOT TRUE OR ended IS NOT TRUE",
     "format('%s; made by its reserve: %s, ended as told by %s: %s', hold_state_name(state),"
     " coalesce(made, false), coalesce(ended_by, 'nobody'), coalesce(ended, false))"},
    {"commits", "every hold was sold once at most, and with what it held", "commits",
     commits_source, "true", "times <> 1 OR same IS NOT TRUE OR state NOT IN (3, 4)",
     "format('sold hold %s, %s times; its units: %s; it is %s', hold, times,"
     " CASE WHEN same THEN 'the same' ELSE 'others' END,"
     " coalesce(hold_state_name(state), 'not there'))"},
    {"returns", "units that came back were sold, and are recorded", "lines", returns_source, "true",
     "cancelled <> recorded OR recorded > sold",
     "format('%s: %s sold, %s cancelled, %s recorded as returned', returned_sku, sold,"
     " cancelled, recorded)"},
    {"counts", "customers' counts are what their decisions add up to", "counts", counts_source,
     "true", "counted <> taken",
     "format('round \"%s\": %s by decisions, %s recorded', round, counted, taken)"},
    {"limits", "nobody was let past a limit since it was last defined", "grants", limits_source,
     "in_force AND taken_delta > 0", "reached > per_customer",
     "format('had %s of %s', reached, per_customer)"},
    {"figures", "nothing is negative, and nothing is held that is not there", "figures",
     figures_source, "true", "good IS NOT TRUE", "figures"},
};

const size_t invariant_count = sizeof invariants / sizeof invariants[0];

/* SPDX-License-Identifier: Apache-2.0
 *
 * Which jobs are decided at all: repeats, reused ids, the exchange, and a batch that does not fit.
 */
#include "worker/lane/decide.h"

#include "tests/support/situation.h"
#include "tests/support/test.h"

/* --- One job after the other --- */

static void the_same_job_again_has_the_same_decision_again(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, UNKNOWN);
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 3);
    assert_int_equal(shop_settle(shop, job, 1)->kind, RESULT_DECISION);
    const struct result *result = shop_settle(shop, job, 1);
    assert_int_equal(result->kind, RESULT_REPEAT);
    assert_int_equal(result->repeat->outcome, OUTCOME_CONFIRMED);
    assert_int_equal(result->repeat->items[0].version, 2);
    assert_int_equal(result->movement_count, 0);
    assert_int_equal(shop_stock(shop, "PS5").unsold, 7);
}

static void a_refusal_is_repeated_too(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 3);
    shop_settle(shop, job, 1);
    shop_adjust(shop, "stock", "PS5", 10);
    const struct result *result = shop_settle(shop, job, 1);
    assert_int_equal(result->kind, RESULT_REPEAT);
    assert_int_equal(result->repeat->reason, REASON_UNKNOWN_SKU);
}

static void a_repeat_is_never_late(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, UNKNOWN);
    struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 3);
    job.not_after = shop->now;
    shop_settle(shop, job, 1);
    shop->now += SECOND;
    assert_int_equal(shop_settle(shop, job, 1)->repeat->outcome, OUTCOME_CONFIRMED);
}

static void another_meaning_is_a_reused_id(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, UNKNOWN);
    shop_settle(shop, job_cart(shop, KIND_CHECKOUT, "a", "PS5", 3), 1);
    const struct result *result =
        shop_settle(shop, job_cart(shop, KIND_CHECKOUT, "a", "PS5", 4), 2);
    assert_int_equal(result->kind, RESULT_ANSWER);
    assert_int_equal(result->answer, ANSWER_ID_REUSED);
    assert_int_equal(shop_stock(shop, "PS5").unsold, 7);
}

/* --- What was loaded --- */

/* A row that another transaction makes known while a lock is waited for is not locked; the hold on
 * it is read after that. */
static void what_a_hold_names_must_have_been_loaded(void **state)
{
    static char memory[65536];
    struct arena arena;
    struct line line = {.sku = SPAN_OF("PS5"), .qty = 1};
    struct hold hold = {
        .id = SPAN_OF("h"), .pool = SPAN_OF("main"), .lines = &line, .line_count = 1};
    struct stock stock = {.pool = SPAN_OF("main"), .sku = SPAN_OF("PS5"), .unsold = 1};
    const struct job job = {.id = SPAN_OF("a"), .kind = KIND_RELEASE, .hold = SPAN_OF("h")};
    const struct entry entry = {.job = &job, .meaning = 1};
    struct result result;
    (void)state;
    struct state loaded = {.holds = &hold, .hold_count = 1};
    arena_init(&arena, memory, sizeof memory);
    assert_int_equal(decide(&loaded, &entry, 1, &arena, &result), DECIDE_TORN);
    loaded = (struct state){.holds = &hold, .hold_count = 1, .stocks = &stock, .stock_count = 1};
    arena_init(&arena, memory, sizeof memory);
    assert_int_equal(decide(&loaded, &entry, 1, &arena, &result), 1);
}

/* --- One batch --- */

/* Decides jobs over a state with 10 PS5 in main. */
static uint32_t decide_jobs(struct shop *shop, const struct entry *entries, uint32_t count,
                            struct result *results)
{
    struct stock *stock = arena_take(&shop->arena, sizeof *stock);
    assert_non_null(stock);
    *stock = (struct stock){.pool = SPAN_OF("main"),
                            .sku = SPAN_OF("PS5"),
                            .known = true,
                            .unsold = 10,
                            .opens_at = INSTANT_NONE,
                            .closes_at = INSTANT_NONE};
    struct state state = {.now = shop->now, .stocks = stock, .stock_count = 1};
    return decide(&state, entries, count, &shop->arena, results);
}

static void settles_repeats_and_reuse_inside_a_batch(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 3);
    const struct job other = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 4);
    const struct entry entries[] = {{.job = &job, .meaning = 1},
                                    {.job = &job, .meaning = 1},
                                    {.job = &other, .meaning = 2},
                                    {.job = &job, .meaning = 1}};
    struct result results[4];
    assert_int_equal(decide_jobs(shop, entries, 4, results), 4);
    assert_int_equal(results[0].kind, RESULT_DECISION);
    assert_int_equal(results[1].kind, RESULT_REPEAT);
    assert_ptr_equal(results[1].repeat, &results[0].decision);
    assert_int_equal(results[2].answer, ANSWER_ID_REUSED);
    assert_ptr_equal(results[3].repeat, &results[0].decision);
}

static void a_hold_lives_and_dies_inside_a_batch(void **state)
{
    struct shop *shop = *state;
    const struct job jobs[] = {job_cart(shop, KIND_RESERVE, "h", "PS5", 2),
                               job_on_hold(KIND_COMMIT, "c", "h"), job_cancel("b1", "h"),
                               job_cancel("b2", "c"), job_on_hold(KIND_RELEASE, "r", "h")};
    const enum outcome outcomes[] = {OUTCOME_HELD, OUTCOME_CONFIRMED, OUTCOME_CANCELLED,
                                     OUTCOME_REJECTED, OUTCOME_REJECTED};
    struct entry entries[5];
    struct result results[5];
    for (size_t i = 0; i < 5; i++) {
        entries[i] = (struct entry){.job = &jobs[i], .meaning = i};
    }
    assert_int_equal(decide_jobs(shop, entries, 5, results), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(results[i].decision.outcome, outcomes[i]);
    }
    assert_span(results[3].decision.by, "b1");
    assert_span(results[4].decision.by, "b1");
    assert_int_equal(results[2].decision.items[0].version, 3);
}

static void counts_add_up_inside_a_batch(void **state)
{
    struct shop *shop = *state;
    struct stock stock = {.pool = SPAN_OF("main"),
                          .sku = SPAN_OF("PS5"),
                          .known = true,
                          .unsold = 10,
                          .per_customer = 3,
                          .opens_at = INSTANT_NONE,
                          .closes_at = INSTANT_NONE};
    struct tally tally = {
        .pool = SPAN_OF("main"), .sku = SPAN_OF("PS5"), .customer = SPAN_OF("c-1"), .taken = 1};
    struct state loaded = {.stocks = &stock, .stock_count = 1, .tallies = &tally, .tally_count = 1};
    const struct job jobs[] = {job_cart(shop, KIND_CHECKOUT, "a", "PS5", 1),
                               job_cart(shop, KIND_RESERVE, "b", "PS5", 1),
                               job_cart(shop, KIND_CHECKOUT, "c", "PS5", 1)};
    const struct entry entries[] = {{.job = &jobs[0]}, {.job = &jobs[1]}, {.job = &jobs[2]}};
    struct result results[3];
    assert_int_equal(decide(&loaded, entries, 3, &shop->arena, results), 3);
    assert_int_equal(results[2].decision.reason, REASON_OVER_LIMIT);
    assert_int_equal(results[2].decision.faults[0].taken, 3);
    assert_int_equal(tally.taken, 3);
    assert_int_equal(tally.delta, 2);
    assert_null(loaded.new_tallies);
}

/* --- The exchange --- */

static void stock_jobs_come_from_their_exchange_only(void **state)
{
    static const enum kind kinds[] = {KIND_ADJUST, KIND_SET, KIND_DEFINE, KIND_EXPIRE};
    struct shop *shop = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct job job = kinds[i] == KIND_EXPIRE
                                   ? job_on_hold(KIND_EXPIRE, "till:expire:h", "h")
                                   : job_stock(shop, kinds[i], "a", "PS5", 1);
        const struct entry entry = {.job = &job, .from_stock_exchange = false};
        struct result result;
        assert_int_equal(decide_jobs(shop, &entry, 1, &result), 1);
        assert_int_equal(result.kind, RESULT_ANSWER);
        assert_int_equal(result.answer, ANSWER_NOT_ALLOWED);
    }
}

/* Silent in the contract: who may not do it is not told what became of it either. */
static void not_allowed_comes_before_repeats_and_uses_up_no_id(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_stock(shop, KIND_ADJUST, "a", "PS5", 1);
    const struct entry entries[] = {{.job = &job, .from_stock_exchange = false},
                                    {.job = &job, .from_stock_exchange = true},
                                    {.job = &job, .from_stock_exchange = false}};
    struct result results[3];
    assert_int_equal(decide_jobs(shop, entries, 3, results), 3);
    assert_int_equal(results[0].answer, ANSWER_NOT_ALLOWED);
    assert_int_equal(results[1].kind, RESULT_DECISION);
    assert_int_equal(results[2].kind, RESULT_ANSWER);
}

/* Silent in the contract: whoever may write stock jobs may write shopping jobs there. */
static void shopping_jobs_come_from_either_exchange(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 1);
    const struct entry entry = {.job = &job, .from_stock_exchange = true};
    struct result result;
    assert_int_equal(decide_jobs(shop, &entry, 1, &result), 1);
    assert_int_equal(result.decision.outcome, OUTCOME_CONFIRMED);
}

/* --- Memory --- */

/* Whatever the arena's size, the first jobs are decided as always, and the rest not at all. */
static void a_full_arena_ends_the_batch_early(void **state)
{
    enum { JOBS = 10 };
    static const char *const ids[JOBS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    struct shop *shop = *state;
    struct job jobs[JOBS];
    struct entry entries[JOBS];
    for (uint32_t i = 0; i < JOBS; i++) {
        jobs[i] = job_cart(shop, i % 2 == 0 ? KIND_CHECKOUT : KIND_RESERVE, ids[i], "PS5", 1);
        entries[i] = (struct entry){.job = &jobs[i]};
    }
    const struct arena before = shop->arena;
    uint32_t most = 0;
    for (size_t size = 0; most < JOBS; size += 64) {
        struct result results[JOBS];
        shop->arena = before;
        shop->arena.size = before.used + 256 + size;
        const uint32_t decided = decide_jobs(shop, entries, JOBS, results);
        assert_in_range(decided, most, JOBS);
        most = decided;
        for (uint32_t i = 0; i < decided; i++) {
            assert_int_equal(results[i].decision.items[0].version, i + 1);
        }
    }
}

static void decisions_do_not_depend_on_the_seed(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 1);
    const struct entry entry = {.job = &job};
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct stock stock = {.pool = SPAN_OF("main"),
                              .sku = SPAN_OF("PS5"),
                              .known = true,
                              .unsold = 1,
                              .opens_at = INSTANT_NONE,
                              .closes_at = INSTANT_NONE};
        struct state loaded = {.seed = {seed, ~seed}, .stocks = &stock, .stock_count = 1};
        struct result result;
        assert_int_equal(decide(&loaded, &entry, 1, &shop->arena, &result), 1);
        assert_int_equal(result.decision.outcome, OUTCOME_CONFIRMED);
        assert_int_equal(result.movements[0].item->edge, EDGE_OUT);
        assert_int_equal(stock.mark, MARK_CHANGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_hold_names_must_have_been_loaded),
        IN_A_SHOP(the_same_job_again_has_the_same_decision_again),
        IN_A_SHOP(a_refusal_is_repeated_too),
        IN_A_SHOP(a_repeat_is_never_late),
        IN_A_SHOP(another_meaning_is_a_reused_id),
        IN_A_SHOP(settles_repeats_and_reuse_inside_a_batch),
        IN_A_SHOP(a_hold_lives_and_dies_inside_a_batch),
        IN_A_SHOP(counts_add_up_inside_a_batch),
        IN_A_SHOP(stock_jobs_come_from_their_exchange_only),
        IN_A_SHOP(not_allowed_comes_before_repeats_and_uses_up_no_id),
        IN_A_SHOP(shopping_jobs_come_from_either_exchange),
        IN_A_SHOP(a_full_arena_ends_the_batch_early),
        IN_A_SHOP(decisions_do_not_depend_on_the_seed),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Who serves which lane: by name in turn, and what holds of any number of workers and lanes. */
#include "worker/crew/share.h"

#include <string.h>

#include "common/base/prng.h"
#include "tests/support/test.h"

enum {
    WORKERS = 40,
    LANES = 64,
    DRAWS = 3000,
    NOBODY = -1,
};

static uint32_t taken[WORKERS];
static struct share shares[LANES_MAX];

/* ---- By hand ---- */

static const struct share_case {
    const char *name;
    uint32_t worker_count;
    uint32_t lanes_max[4];
    uint32_t lane_count;
    uint32_t unowned;
    int owners[8];
    int standbys[8];
} share_cases[] = {
    {"one alone owns all, and nobody stands by",
     1,
     {1024},
     3,
     0,
     {0, 0, 0},
     {NOBODY, NOBODY, NOBODY}},
    {"nobody owns nothing", 0, {0}, 2, 2, {NOBODY, NOBODY}, {NOBODY, NOBODY}},
    {"two take turns, each behind the other",
     2,
     {1024, 1024},
     5,
     0,
     {0, 1, 0, 1, 0},
     {1, 0, 1, 0, 1}},
    {"of three the next one stands by",
     3,
     {1024, 1024, 1024},
     8,
     0,
     {0, 1, 2, 0, 1, 2, 0, 1},
     {1, 2, 0, 1, 2, 0, 1, 2}},
    {"more workers than lanes: the last have none",
     4,
     {1024, 1024, 1024, 1024},
     2,
     0,
     {0, 1},
     {1, 2}},
    {"a worker that has its most is passed over",
     3,
     {1024, 1, 1024},
     6,
     0,
     {0, 1, 2, 0, 2, 0},
     {2, 2, 0, 2, 0, 2}},
    {"owners are found before standbys",
     2,
     {2, 2},
     4,
     0,
     {0, 1, 0, 1},
     {NOBODY, NOBODY, NOBODY, NOBODY}},
    {"what a bound leaves is for standing by", 2, {3, 2}, 3, 0, {0, 1, 0}, {1, 0, NOBODY}},
    {"all have their most: lanes have no owner",
     2,
     {1, 2},
     5,
     2,
     {0, 1, 1, NOBODY, NOBODY},
     {NOBODY, NOBODY, NOBODY, NOBODY, NOBODY}},
};

static void shares_out(void **state)
{
    const struct share_case *test = *state;
    assert_int_equal(
        share_out(test->lanes_max, test->worker_count, test->lane_count, taken, shares),
        test->unowned);
    for (uint32_t lane = 0; lane < test->lane_count; lane++) {
        assert_int_equal((int)shares[lane].owner, test->owners[lane]);
        assert_int_equal((int)shares[lane].standby, test->standbys[lane]);
    }
}

/* ---- Of any numbers ---- */

static uint32_t lanes_max[WORKERS];

/* How many lanes each owns. */
static void count_owned(uint32_t lane_count, uint32_t owned[WORKERS])
{
    memset(owned, 0, WORKERS * sizeof owned[0]);
    for (uint32_t lane = 0; lane < lane_count; lane++) {
        if (shares[lane].owner != SHARE_NONE) {
            owned[shares[lane].owner]++;
        }
    }
}

static void without_bounds_all_have_the_same_but_for_one(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++) {
        lanes_max[i] = LANES_MAX;
    }
    for (uint32_t workers = 1; workers <= WORKERS; workers++) {
        for (uint32_t lanes = 1; lanes <= LANES; lanes++) {
            uint32_t owned[WORKERS];
            assert_int_equal(share_out(lanes_max, workers, lanes, taken, shares), 0);
            count_owned(lanes, owned);
            for (uint32_t i = 0; i < workers; i++) {
                assert_in_range(owned[i], lanes / workers, (lanes + workers - 1) / workers);
            }
            for (uint32_t lane = 0; lane < lanes; lane++) {
                assert_true(workers == 1 ? shares[lane].standby == SHARE_NONE
                                         : shares[lane].standby < workers);
                assert_int_not_equal(shares[lane].standby, shares[lane].owner);
            }
        }
    }
}

static void assert_bounds_kept(uint32_t workers, uint32_t lanes, uint32_t unowned)
{
    uint32_t served[WORKERS];
    uint32_t room = 0;
    count_owned(lanes, served);
    for (uint32_t lane = 0; lane < lanes; lane++) {
        if (shares[lane].standby != SHARE_NONE) {
            assert_int_not_equal(shares[lane].standby, shares[lane].owner);
            served[shares[lane].standby]++;
        }
    }
    for (uint32_t i = 0; i < workers; i++) {
        assert_in_range(served[i], 0, lanes_max[i]);
        room += lanes_max[i];
    }
    assert_int_equal(unowned, room < lanes ? lanes - room : 0);
}

static void no_worker_serves_more_than_its_bound_and_no_room_is_left(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 1);
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        const uint32_t workers = 1 + prng_below(&prng, WORKERS);
        const uint32_t lanes = 1 + prng_below(&prng, LANES);
        for (uint32_t i = 0; i < workers; i++) {
            lanes_max[i] = 1 + prng_below(&prng, 6);
        }
        assert_bounds_kept(workers, lanes, share_out(lanes_max, workers, lanes, taken, shares));
    }
}

int main(void)
{
    enum { CASES = sizeof share_cases / sizeof share_cases[0] };
    static struct CMUnitTest tests[CASES + 2];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = share_cases[i].name,
                                       .test_func = shares_out,
                                       .initial_state = (void *)&share_cases[i]};
    }
    tests[CASES] =
        (struct CMUnitTest)cmocka_unit_test(without_bounds_all_have_the_same_but_for_one);
    tests[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(
        no_worker_serves_more_than_its_bound_and_no_room_is_left);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

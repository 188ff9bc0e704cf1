/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes of a turn of both, a change and a retirement, and how long it is waited after it. */
#include "worker/change/driver.h"

#include "tests/support/test.h"

/* What the next calls answer. */
struct sides {
    bool changes;    /* a change is open, and ours */
    bool changed_by; /* somebody else */
    bool binds;      /* it is at its binding */
    bool look_fails;
    bool check_fails;
    bool retires; /* a generation is to go, and has jobs */
    bool find_fails;
    uint32_t finds;
};

static bool answer(bool fails, const char *what, struct error *error)
{
    return !fails || error_set(error, ERROR_RETRY, "%s", what);
}

static bool look(void *self, struct lanes_change *change, struct error *error)
{
    const struct sides *sides = self;
    *change = (struct lanes_change){.generation = sides->changes || sides->changed_by ? 2 : 0,
                                    .lanes = 2,
                                    .source = 1,
                                    .source_lanes = 1,
                                    .older = 1,
                                    .step = sides->binds ? CHANGE_BIND : CHANGE_RETIRE,
                                    .ours = sides->changes};
    return answer(sides->look_fails, "look", error);
}

static bool bind(void *self, const struct lanes_change *change, struct error *error)
{
    (void)self;
    (void)change;
    (void)error;
    return true;
}

static bool leads(void *self, const struct lanes_change *change, bool *may_lead,
                  struct error *error)
{
    const struct sides *sides = self;
    (void)change;
    *may_lead = true;
    return answer(sides->check_fails, "check", error);
}

static const struct change_ops change_ops = {.look = look, .bind = bind, .leads = leads};

static bool find(void *self, struct retirement *retirement, struct error *error)
{
    struct sides *sides = self;
    sides->finds++;
    *retirement = (struct retirement){sides->retires ? 1 : 0, 1, RETIREMENT_DRAINING};
    return answer(sides->find_fails, "find", error);
}

static bool look_at(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                    struct retirement_look *seen, struct error *error)
{
    (void)self;
    (void)retirement;
    (void)first;
    (void)count;
    (void)error;
    seen->ready = 1;
    return true;
}

static const struct retirement_ops retirement_ops = {.find = find, .look = look_at};

/* After so many turns. */
static const struct turn_case {
    const char *name;
    struct sides sides;
    uint32_t turns;
    enum change_progress progress;
    uint32_t pause_ms;
    const char *error;
} turn_cases[] = {
    {"rests while there is nothing to do", {0}, 1, CHANGE_NOTHING, 1000, ""},
    {"leaves to others what is theirs", {.changed_by = true}, 1, CHANGE_OTHERS, 500, ""},
    {"goes on at once with a change", {.changes = true}, 1, CHANGE_AGAIN, 0, ""},
    {"waits in a change", {.changes = true}, 2, CHANGE_WAITS, 100, ""},
    {"goes on at once with a retirement", {.retires = true}, 1, CHANGE_AGAIN, 0, ""},
    {"waits in a retirement", {.retires = true}, 2, CHANGE_WAITS, 100, ""},
    {"does not rest from what others change",
     {.changed_by = true, .retires = true},
     2,
     CHANGE_OTHERS,
     500,
     ""},
    {"says why a change fails",
     {.look_fails = true, .find_fails = true},
     1,
     CHANGE_FAILED,
     0,
     "look"},
    {"says why a retirement fails", {.find_fails = true}, 1, CHANGE_FAILED, 0, "find"},
    {"gives way when a retirement fails again",
     {.find_fails = true},
     2,
     CHANGE_FAILED,
     CHANGE_LEASE_MS + CHANGE_GIVE_WAY_MS,
     "find"},
};

static void joins_what_both_say(void **state)
{
    const struct turn_case *test = *state;
    struct sides sides = test->sides;
    struct error error = {0};
    struct driver driver;
    enum change_progress progress = CHANGE_NOTHING;
    driver_init(&driver, &change_ops, &retirement_ops, &sides);
    for (uint32_t turn = 0; turn < test->turns; turn++) {
        progress = driver_turn(&driver, &error);
    }
    assert_int_equal(progress, test->progress);
    assert_int_equal(driver_pause_ms(&driver, progress), test->pause_ms);
    assert_string_equal(error.text, test->error);
    assert_int_equal(sides.finds > 0, true); /* the one keeps the other from nothing */
}

static void counts_failures_in_a_row(void **state)
{
    struct sides sides = {.look_fails = true};
    struct error error = {0};
    struct driver driver;
    (void)state;
    driver_init(&driver, &change_ops, &retirement_ops, &sides);
    assert_int_equal(driver_turn(&driver, &error), CHANGE_FAILED);
    driver_failed(&driver);
    assert_int_equal(driver.failures, 2);
    sides.look_fails = false;
    assert_int_equal(driver_turn(&driver, &error), CHANGE_NOTHING);
    assert_int_equal(driver.failures, 0);
}

static void retires_nothing_while_jobs_may_go_astray(void **state)
{
    struct sides sides = {.changes = true, .binds = true, .check_fails = true};
    struct error error = {0};
    struct driver driver;
    (void)state;
    driver_init(&driver, &change_ops, &retirement_ops, &sides);
    assert_int_equal(driver_turn(&driver, &error), CHANGE_AGAIN); /* the look */
    assert_int_equal(driver_turn(&driver, &error), CHANGE_AGAIN); /* the binding */
    const uint32_t finds = sides.finds;
    assert_int_equal(driver_turn(&driver, &error), CHANGE_FAILED);
    assert_int_equal(sides.finds, finds);
    sides.check_fails = false;
    assert_int_equal(driver_turn(&driver, &error), CHANGE_AGAIN);
    assert_int_equal(sides.finds, finds + 1);
}

int main(void)
{
    enum { CASES = sizeof turn_cases / sizeof turn_cases[0] };
    struct CMUnitTest tests[CASES + 2] = {
        cmocka_unit_test(counts_failures_in_a_row),
        cmocka_unit_test(retires_nothing_while_jobs_may_go_astray),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[2 + i] = (struct CMUnitTest){.name = turn_cases[i].name,
                                           .test_func = joins_what_both_say,
                                           .initial_state = (void *)&turn_cases[i]};
    }
    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}

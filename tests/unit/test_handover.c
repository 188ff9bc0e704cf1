/* SPDX-License-Identifier: Apache-2.0
 *
 * When a worker steps aside, subscribes again, or leaves a lane. */
#include "worker/duty/handover.h"

#include "tests/support/test.h"

#define NOW 100000u

/* A standby that subscribed 9 s ago, before the owner did, 1 s ago: it may have the lane. */
#define IN_FRONT                                                                            \
    .settled = true, .owned = true, .subscribed = true, .age_ms = 9000, .is_standby = true, \
    .owner_there = true, .owner_age_ms = 1000, .owner_run = "run", .standby_there = true

/* The owner, subscribed for 9 s. */
#define OWNS .settled = true, .owned = true, .subscribed = true, .age_ms = 9000, .is_owner = true

/* It is cut off from the broker, and its standby has the lane. */
#define OVERTAKEN OWNS, .claimed = true, .claim_age_ms = 1000, .claimer_age_ms = 5000

static const struct handover_case {
    const char *name;
    struct handover_view view;
    struct handover_past past;
    enum handover expected;
} cases[] = {
    {"a standby steps aside for the owner behind it",
     {IN_FRONT},
     {.stepped_ms = 0},
     HANDOVER_STEP_ASIDE},
    {"also with jobs in hand: it finishes them",
     {IN_FRONT, .in_hand = true},
     {.stepped_ms = 0},
     HANDOVER_STEP_ASIDE},
    {"not for an owner in front of it",
     {.settled = true,
      .owned = true,
      .subscribed = true,
      .age_ms = 9000,
      .is_standby = true,
      .owner_there = true,
      .owner_age_ms = 9500,
      .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"not for an owner that has not said it is there",
     {.settled = true, .owned = true, .subscribed = true, .age_ms = 9000, .is_standby = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"not while somebody frozen may be next",
     {IN_FRONT, .silent_in_line = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"not twice within a minute for the same run",
     {IN_FRONT},
     {.owner_run = "run", .stepped_ms = NOW - 59999},
     HANDOVER_STAY},
    {"after a minute it does again",
     {IN_FRONT},
     {.owner_run = "run", .stepped_ms = NOW - 60000},
     HANDOVER_STEP_ASIDE},
    {"and for another run at once",
     {IN_FRONT},
     {.owner_run = "old", .stepped_ms = NOW - 1},
     HANDOVER_STEP_ASIDE},
    {"one that is not subscribed has nothing to step aside from",
     {.settled = true, .owned = true, .is_standby = true, .owner_there = true, .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},

    {"not before all know who shares the lanes now",
     {.settled = false,
      .owned = true,
      .subscribed = true,
      .age_ms = 9000,
      .is_standby = true,
      .owner_there = true,
      .owner_age_ms = 1000,
      .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"an owner stays", {OWNS}, {.stepped_ms = 0}, HANDOVER_STAY},
    {"an owner whose lane was claimed by one behind it subscribes again",
     {OVERTAKEN},
     {.stepped_ms = 0},
     HANDOVER_STEP_ASIDE},
    {"not if that one stands in front of it",
     {OWNS, .claimed = true, .claim_age_ms = 1000, .claimer_age_ms = 9500},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor if that one has left",
     {OWNS, .claimed = true, .claim_age_ms = 1000, .claimer_age_ms = UINT64_MAX},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor if that one has stepped aside since",
     {OWNS, .claimed = true, .claim_age_ms = 1000, .claimer_age_ms = 500},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor with jobs in hand: the database will tell",
     {OVERTAKEN, .in_hand = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor if it has just done so", {OVERTAKEN}, {.reconnected_ms = NOW - 4999}, HANDOVER_STAY},
    {"but some seconds later", {OVERTAKEN}, {.reconnected_ms = NOW - 5000}, HANDOVER_STEP_ASIDE},

    {"who is not wanted leaves when owner and standby are there",
     {.settled = true,
      .owned = true,
      .subscribed = true,
      .age_ms = 9,
      .owner_there = true,
      .owner_age_ms = 10,
      .owner_run = "run",
      .standby_there = true},
     {.stepped_ms = 0},
     HANDOVER_LEAVE},
    {"not before the owner is",
     {.settled = true, .owned = true, .subscribed = true, .age_ms = 9, .standby_there = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor before the standby is",
     {.settled = true,
      .owned = true,
      .subscribed = true,
      .age_ms = 9,
      .owner_there = true,
      .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor while somebody frozen may be next",
     {.settled = true,
      .owned = true,
      .subscribed = true,
      .age_ms = 9,
      .owner_there = true,
      .owner_run = "run",
      .standby_there = true,
      .silent_in_line = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"at once, if it is not subscribed",
     {.settled = true, .owned = true},
     {.stepped_ms = 0},
     HANDOVER_LEAVE},
    {"at once, if the lane has no owner: its bound forbids it",
     {.settled = true, .subscribed = true, .age_ms = 9},
     {.stepped_ms = 0},
     HANDOVER_LEAVE},
};

static void decides(void **state)
{
    const struct handover_case *test = *state;
    struct handover_past past = test->past;
    assert_int_equal(handover_next(&test->view, &past, NOW), test->expected);
}

static void what_was_done_is_remembered(void **state)
{
    (void)state;
    const struct handover_view standby = {IN_FRONT};
    const struct handover_view owner = {OVERTAKEN};
    struct handover_past past = {0};
    assert_int_equal(handover_next(&standby, &past, NOW), HANDOVER_STEP_ASIDE);
    assert_int_equal(handover_next(&standby, &past, NOW + 1), HANDOVER_STAY);
    assert_string_equal(past.owner_run, "run");
    assert_int_equal(handover_next(&owner, &past, NOW), HANDOVER_STEP_ASIDE);
    assert_int_equal(handover_next(&owner, &past, NOW + 1), HANDOVER_STAY);
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof cases[0] };
    static struct CMUnitTest tests[CASES + 1];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = decides, .initial_state = (void *)&cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(what_was_done_is_remembered);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

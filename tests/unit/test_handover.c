/* SPDX-License-Identifier: Apache-2.0
 *
 * When a worker steps aside, subscribes again, or leaves a lane. */
#include "worker/crew/handover.h"

#include "tests/support/test.h"

#define NOW 100000u

/* A standby that subscribed 9 s ago, before the owner did, 1 s ago: it may have the lane. */
#define IN_FRONT                                                                                \
    .owned = true, .subscribed = true, .age_ms = 9000, .is_standby = true, .owner_there = true, \
    .owner_age_ms = 1000, .owner_run = "run", .standby_there = true

/* The owner, subscribed for 9 s. */
#define OWNS .owned = true, .subscribed = true, .age_ms = 9000, .is_owner = true

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
     {.owned = true,
      .subscribed = true,
      .age_ms = 9000,
      .is_standby = true,
      .owner_there = true,
      .owner_age_ms = 9500,
      .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"not for an owner that has not said it is there",
     {.owned = true, .subscribed = true, .age_ms = 9000, .is_standby = true},
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
     {.owned = true, .is_standby = true, .owner_there = true, .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},

    {"an owner stays", {OWNS}, {.stepped_ms = 0}, HANDOVER_STAY},
    {"an owner whose lane another has claimed since subscribes again",
     {OWNS, .claimed = true, .claim_age_ms = 5000},
     {.stepped_ms = 0},
     HANDOVER_STEP_ASIDE},
    {"not if the claim was before",
     {OWNS, .claimed = true, .claim_age_ms = 9500},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor if that is not sure",
     {OWNS, .claimed = true, .claim_age_ms = 8950},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor with jobs in hand: the database will tell",
     {OWNS, .claimed = true, .claim_age_ms = 5000, .in_hand = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor if it has just done so",
     {OWNS, .claimed = true, .claim_age_ms = 5000},
     {.reconnected_ms = NOW - 4999},
     HANDOVER_STAY},
    {"but some seconds later",
     {OWNS, .claimed = true, .claim_age_ms = 5000},
     {.reconnected_ms = NOW - 5000},
     HANDOVER_STEP_ASIDE},

    {"who is not wanted leaves when owner and standby are there",
     {.owned = true,
      .subscribed = true,
      .age_ms = 9,
      .owner_there = true,
      .owner_age_ms = 10,
      .owner_run = "run",
      .standby_there = true},
     {.stepped_ms = 0},
     HANDOVER_LEAVE},
    {"not before the owner is",
     {.owned = true, .subscribed = true, .age_ms = 9, .standby_there = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor before the standby is",
     {.owned = true, .subscribed = true, .age_ms = 9, .owner_there = true, .owner_run = "run"},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"nor while somebody frozen may be next",
     {.owned = true,
      .subscribed = true,
      .age_ms = 9,
      .owner_there = true,
      .owner_run = "run",
      .standby_there = true,
      .silent_in_line = true},
     {.stepped_ms = 0},
     HANDOVER_STAY},
    {"at once, if it is not subscribed", {.owned = true}, {.stepped_ms = 0}, HANDOVER_LEAVE},
    {"at once, if the lane has no owner: its bound forbids it",
     {.subscribed = true, .age_ms = 9},
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
    const struct handover_view owner = {OWNS, .claimed = true, .claim_age_ms = 5000};
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

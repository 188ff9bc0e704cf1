/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks, against sides that are made up: which lanes are begun, handed over and ended. */
#include "worker/duty/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

enum { LANES = 4, GENERATIONS = 2, PLACES = LANES * GENERATIONS, ROWS_MAX = 8 };

/* A lane of this worker; its place is that of the generation and the lane. */
struct lane {
    bool there;
    uint64_t subscribed_ms;
    bool in_hand;
    uint32_t asides;
    uint32_t ends;
    struct kept kept;
};

struct row {
    uint32_t place;
    struct keep_row row;
};

/* The database and this worker, "a" of run "A". */
struct sides {
    uint64_t now_ms;
    const char *workers; /* who is alive, a letter each, with the run of the same name */
    struct generations generations;
    struct row rows[ROWS_MAX];
    uint32_t row_count;
    bool look_fails;
    bool lines_fail;
    bool begin_fails;
    uint32_t begun;
    struct lane lanes[PLACES];
};

static uint64_t now_ms(void *self)
{
    return ((struct sides *)self)->now_ms;
}

static bool look(void *self, struct generations *generations, struct living_list *list,
                 struct error *error)
{
    const struct sides *sides = self;
    if (sides->look_fails) {
        return error_set(error, ERROR_RETRY, "look");
    }
    *generations = sides->generations;
    *list = (struct living_list){calloc(strlen(sides->workers) + 1, sizeof list->workers[0]), 0};
    assert_non_null(list->workers);
    for (const char *worker = sides->workers; *worker != '\0'; worker++) {
        struct living_worker *entry = &list->workers[list->count++];
        (void)snprintf(entry->name, sizeof entry->name, "%c", *worker);
        (void)snprintf(entry->run, sizeof entry->run, "%c", *worker - 'a' + 'A');
        entry->lanes_max = LANES_MAX;
    }
    return true;
}

static struct kept *at(void *self, uint32_t place)
{
    struct lane *lane = &((struct sides *)self)->lanes[place];
    return lane->there ? &lane->kept : NULL;
}

static bool read_lines(void *self, struct keep *keep, struct error *error)
{
    struct sides *sides = self;
    if (sides->lines_fail) {
        return error_set(error, ERROR_RETRY, "lines");
    }
    for (uint32_t i = 0; i < sides->row_count; i++) {
        struct kept *kept = at(sides, sides->rows[i].place);
        if (kept != NULL) {
            keep_see_row(keep, kept, &sides->rows[i].row);
        }
    }
    return true;
}

static uint32_t places(void *self)
{
    (void)self;
    return PLACES;
}

static struct kept *find(void *self, uint32_t generation, uint32_t lane)
{
    return at(self, (generation - 1) * LANES + lane);
}

static bool begin(void *self, uint32_t generation, uint32_t lane, struct error *error)
{
    struct sides *sides = self;
    struct lane *begun = &sides->lanes[(generation - 1) * LANES + lane];
    assert_false(begun->there);
    if (sides->begin_fails) {
        return error_set(error, ERROR_FATAL, "begin");
    }
    *begun = (struct lane){.there = true, .subscribed_ms = sides->now_ms};
    sides->begun++;
    return true;
}

static void subscription(void *self, uint32_t place, uint64_t *subscribed_ms, bool *in_hand)
{
    const struct lane *lane = &((struct sides *)self)->lanes[place];
    *subscribed_ms = lane->subscribed_ms;
    *in_hand = lane->in_hand;
}

static void step_aside(void *self, uint32_t place)
{
    ((struct sides *)self)->lanes[place].asides++;
}

static void end(void *self, uint32_t place)
{
    ((struct sides *)self)->lanes[place].ends++;
}

static const struct keep_ops ops = {
    .now_ms = now_ms,
    .look = look,
    .read_lines = read_lines,
    .places = places,
    .at = at,
    .find = find,
    .begin = begin,
    .subscription = subscription,
    .step_aside = step_aside,
    .end = end,
};

static void begin_test(struct sides *sides, struct keep *keep, const char *workers)
{
    *sides = (struct sides){.now_ms = 1000,
                            .workers = workers,
                            .generations = {.served = {{1, LANES}}, .count = 1, .current = 1}};
    keep_init(keep, &ops, sides, "a", "A");
}

static void look_after(struct sides *sides, struct keep *keep, uint32_t ms)
{
    struct error error = {0};
    sides->now_ms += ms;
    assert_true(keep_look(keep, &error));
}

/* Which lanes of the generation are served, a digit each. */
static const char *served(const struct sides *sides, uint32_t generation)
{
    static char text[LANES + 1];
    memset(text, 0, sizeof text);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        if (sides->lanes[(generation - 1) * LANES + lane].there) {
            text[strlen(text)] = (char)('0' + lane);
        }
    }
    return text;
}

static void begins_its_lanes_and_those_it_stands_by_for(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "abcd");
    look_after(&sides, &keep, 0);
    assert_string_equal(served(&sides, 1), "03");
    assert_int_equal(keep.owned, 1);
    assert_int_equal(keep.standby, 1);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.begun, 2); /* none twice */
    keep_deinit(&keep);
}

static void begins_nothing_while_another_has_its_name(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "abcd");
    keep_init(&keep, &ops, &sides, "a", "other");
    look_after(&sides, &keep, 0);
    assert_string_equal(served(&sides, 1), "");
    assert_int_equal(keep.me, SHARE_NONE);
    keep_deinit(&keep);
}

static void serves_all_generations_and_ends_those_that_are_gone(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "a");
    look_after(&sides, &keep, 0);
    sides.generations =
        (struct generations){.served = {{1, LANES}, {2, 2}}, .count = 2, .current = 2};
    look_after(&sides, &keep, 1000);
    assert_string_equal(served(&sides, 1), "0123");
    assert_string_equal(served(&sides, 2), "01");
    assert_int_equal(keep.owned, 2); /* of the current one */
    sides.generations = (struct generations){.served = {{2, 2}}, .count = 1, .current = 2};
    look_after(&sides, &keep, 1000);
    look_after(&sides, &keep, 1000);
    for (uint32_t place = 0; place < PLACES; place++) {
        assert_int_equal(sides.lanes[place].ends, place < LANES ? 1 : 0); /* once */
    }
    keep_deinit(&keep);
}

/* "b" has come; lane 1 is its own now, and we stand by for it. */
static void owner_comes(struct sides *sides, struct keep *keep)
{
    begin_test(sides, keep, "a");
    look_after(sides, keep, 0);
    sides->workers = "ab";
    look_after(sides, keep, 1000);
    look_after(sides, keep, 500); /* agreed */
    assert_int_equal(keep->living.adopted.count, 2);
    sides->rows[0] = (struct row){1, {"A", 1400, "b", "B", 300, false}};
    sides->row_count = 1;
}

static void steps_aside_for_its_owner_once_all_know(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    owner_comes(&sides, &keep);
    look_after(&sides, &keep, 500);
    assert_int_equal(sides.lanes[1].asides, 0);
    look_after(&sides, &keep, 500);
    assert_int_equal(sides.lanes[1].asides, 1);
    assert_int_equal(sides.lanes[0].asides, 0);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 1); /* not twice for the same run */
    keep_deinit(&keep);
}

static void steps_aside_for_nobody_who_stands_in_front_of_it(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    owner_comes(&sides, &keep);
    sides.rows[0].row.age_ms = 60000;
    look_after(&sides, &keep, 1000);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 0);
    keep_deinit(&keep);
}

static void steps_aside_for_no_earlier_start_of_its_owner(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    owner_comes(&sides, &keep);
    sides.rows[0].row.run = "X";
    look_after(&sides, &keep, 1000);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 0);
    keep_deinit(&keep);
}

static void stays_while_somebody_in_the_line_is_frozen(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    owner_comes(&sides, &keep);
    sides.rows[1] = (struct row){1, {"A", 1400, "c", "C", 100, true}};
    sides.row_count = 2;
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 0);
    sides.row_count = 1;
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 1);
    keep_deinit(&keep);
}

static void forgets_for_whom_it_stepped_aside_when_others_are_alive(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    owner_comes(&sides, &keep);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].asides, 1);
    sides.workers = "abz"; /* lane 1 is still b's, and z stands by; lane 0 is ours */
    look_after(&sides, &keep, 500);
    look_after(&sides, &keep, 500);
    assert_int_equal(sides.lanes[1].kept.past.stepped_ms, 0);
    keep_deinit(&keep);
}

static void leaves_what_is_served_by_others(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "abc"); /* lane 1: b, c stands by */
    sides.lanes[1] = (struct lane){.there = true, .subscribed_ms = 500};
    sides.rows[0] = (struct row){1, {"A", 900, "b", "B", 700, false}};
    sides.row_count = 1;
    look_after(&sides, &keep, 0);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].ends, 0); /* c is not there yet */
    sides.rows[1] = (struct row){1, {"A", 900, "c", "C", 700, false}};
    sides.row_count = 2;
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[1].ends, 1);
    assert_true(sides.lanes[1].kept.ending);
    keep_deinit(&keep);
}

/* The broker gave the lane to somebody behind us. */
static void reconnects_when_its_lane_was_taken(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "ab");
    look_after(&sides, &keep, 0);
    sides.rows[0] = (struct row){0, {"B", 100, "b", "B", 500, false}};
    sides.row_count = 1;
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[0].asides, 1);
    look_after(&sides, &keep, 1000);
    assert_int_equal(sides.lanes[0].asides, 1); /* not again so soon */
    keep_deinit(&keep);
}

static void a_claim_of_its_own_is_none_of_another(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "ab");
    look_after(&sides, &keep, 0);
    sides.rows[0] = (struct row){0, {"A", 100, "a", "A", 500, false}};
    sides.row_count = 1;
    look_after(&sides, &keep, 1000);
    assert_false(sides.lanes[0].kept.view.claimed);
    assert_int_equal(sides.lanes[0].asides, 0);
    keep_deinit(&keep);
}

static void lanes_stay_when_a_look_fails(void **state)
{
    struct sides sides;
    struct keep keep;
    struct error error = {0};
    (void)state;
    begin_test(&sides, &keep, "ab");
    look_after(&sides, &keep, 0);
    sides.look_fails = true;
    assert_false(keep_look(&keep, &error));
    assert_string_equal(error.text, "look");
    sides.look_fails = false;
    sides.lines_fail = true;
    assert_false(keep_look(&keep, &error));
    assert_int_equal(keep.living.seen_ms, 1000); /* the last that came to an end */
    for (uint32_t lane = 0; lane < LANES; lane++) {
        assert_int_equal(sides.lanes[lane].ends + sides.lanes[lane].asides, 0);
    }
    keep_deinit(&keep);
}

static void a_lane_that_cannot_be_begun_is_begun_another_time(void **state)
{
    struct sides sides;
    struct keep keep;
    struct error error = {0};
    (void)state;
    begin_test(&sides, &keep, "a");
    sides.begin_fails = true;
    assert_false(keep_look(&keep, &error));
    assert_string_equal(error.text, "begin");
    sides.begin_fails = false;
    look_after(&sides, &keep, 1000);
    assert_string_equal(served(&sides, 1), "0123");
    keep_deinit(&keep);
}

static void looks_more_often_while_something_changes(void **state)
{
    struct sides sides;
    struct keep keep;
    (void)state;
    begin_test(&sides, &keep, "a");
    look_after(&sides, &keep, 0);
    assert_int_equal(keep_interval_ms(&keep), 500); /* others share out anew */
    look_after(&sides, &keep, 2000);
    assert_int_equal(keep_interval_ms(&keep), 1000);
    sides.workers = "ab";
    look_after(&sides, &keep, 1000);
    assert_int_equal(keep_interval_ms(&keep), 500); /* another list is to be confirmed */
    sides.generations.change_open = true;
    look_after(&sides, &keep, 100);
    assert_int_equal(keep_interval_ms(&keep), 100);
    keep_deinit(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_its_lanes_and_those_it_stands_by_for),
        cmocka_unit_test(begins_nothing_while_another_has_its_name),
        cmocka_unit_test(serves_all_generations_and_ends_those_that_are_gone),
        cmocka_unit_test(steps_aside_for_its_owner_once_all_know),
        cmocka_unit_test(steps_aside_for_nobody_who_stands_in_front_of_it),
        cmocka_unit_test(steps_aside_for_no_earlier_start_of_its_owner),
        cmocka_unit_test(stays_while_somebody_in_the_line_is_frozen),
        cmocka_unit_test(forgets_for_whom_it_stepped_aside_when_others_are_alive),
        cmocka_unit_test(leaves_what_is_served_by_others),
        cmocka_unit_test(reconnects_when_its_lane_was_taken),
        cmocka_unit_test(a_claim_of_its_own_is_none_of_another),
        cmocka_unit_test(lanes_stay_when_a_look_fails),
        cmocka_unit_test(a_lane_that_cannot_be_begun_is_begun_another_time),
        cmocka_unit_test(looks_more_often_while_something_changes),
    };
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}

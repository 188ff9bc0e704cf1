/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sweeper remembers of ends that it has published. */
#include "worker/duty/swept.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

#define NOW       5000u
#define SWEPT_MAX 65536u

static const struct overdue first = {.id = "1", .end = "2026-11-21 09:00:00+00"};
static const struct overdue later = {.id = "1", .end = "2026-11-21 09:00:01+00"};

static void an_end_is_taken_again_after_a_minute(void **state)
{
    struct swept *swept = *state;
    assert_true(swept_take(swept, &first, NOW));
    assert_false(swept_take(swept, &first, NOW));
    assert_false(swept_take(swept, &first, NOW + SWEPT_MS - 1));
    assert_true(swept_take(swept, &first, NOW + SWEPT_MS));
    assert_false(swept_take(swept, &first, NOW + SWEPT_MS + 1));
}

static void another_end_of_the_same_hold_is_another(void **state)
{
    struct swept *swept = *state;
    assert_true(swept_take(swept, &first, NOW));
    assert_true(swept_take(swept, &later, NOW));
}

static void what_was_not_published_may_be_taken_at_once(void **state)
{
    struct swept *swept = *state;
    assert_true(swept_take(swept, &first, NOW));
    swept_forget(swept, &first);
    assert_true(swept_take(swept, &first, NOW));
}

/* None of those that were taken is taken again, however full it is. */
static void a_full_memory_takes_no_more_until_there_is_room(void **state)
{
    struct swept *swept = *state;
    struct overdue overdue = first;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < SWEPT_MAX + SWEPT_MAX / 2; i++) {
        (void)snprintf(overdue.id, sizeof overdue.id, "%u", i);
        taken += swept_take(swept, &overdue, NOW);
    }
    assert_true(taken <= SWEPT_MAX);
    assert_true(taken > SWEPT_MAX / 2);
    for (uint32_t i = 0; i < SWEPT_MAX / 4; i++) {
        (void)snprintf(overdue.id, sizeof overdue.id, "%u", i);
        assert_false(swept_take(swept, &overdue, NOW));
    }
    assert_true(swept_take(swept, &first, NOW + SWEPT_MS));
}

static int open_swept(void **state)
{
    static struct swept swept;
    swept = (struct swept){
        .entries = calloc(SWEPT_MAX, sizeof swept.entries[0]),
        .size = SWEPT_MAX,
    };
    *state = &swept;
    return swept.entries != NULL ? 0 : -1;
}

static int close_swept(void **state)
{
    const struct swept *swept = *state;
    free(swept->entries);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_end_is_taken_again_after_a_minute, open_swept,
                                        close_swept),
        cmocka_unit_test_setup_teardown(another_end_of_the_same_hold_is_another, open_swept,
                                        close_swept),
        cmocka_unit_test_setup_teardown(what_was_not_published_may_be_taken_at_once, open_swept,
                                        close_swept),
        cmocka_unit_test_setup_teardown(a_full_memory_takes_no_more_until_there_is_room, open_swept,
                                        close_swept),
    };
    return cmocka_run_group_tests_name("swept", tests, NULL, NULL);
}

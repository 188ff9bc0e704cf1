/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that was silent lately is dialled behind the others, and not for ever. */
#include "common/connect/silence.h"

#include <stddef.h>

#include "tests/support/test.h"

#define HOSTS 3u
#define NOW   INT64_C(1000000)

static void expect_order(const struct silence *silence, uint32_t first, int64_t now_ms,
                         const uint32_t expected[HOSTS])
{
    uint32_t order[AMQP_HOSTS_MAX] = {0};
    silence_order(silence, HOSTS, first, now_ms, order);
    assert_memory_equal(order, expected, HOSTS * sizeof expected[0]);
}

static void goes_round_from_the_first(void **state)
{
    (void)state;
    struct silence silence = {0};
    expect_order(&silence, 0, NOW, (const uint32_t[]){0, 1, 2});
    expect_order(&silence, 2, NOW, (const uint32_t[]){2, 0, 1});
    expect_order(&silence, 7, NOW, (const uint32_t[]){1, 2, 0});
    expect_order(NULL, 1, NOW, (const uint32_t[]){1, 2, 0});
}

static void dials_a_silent_host_last(void **state)
{
    (void)state;
    struct silence silence = {0};
    silence_note(&silence, 1, NOW);
    expect_order(&silence, 0, NOW, (const uint32_t[]){0, 2, 1});
    expect_order(&silence, 1, NOW + SILENCE_LATELY_MS - 1, (const uint32_t[]){2, 0, 1});
    silence_note(&silence, 2, NOW);
    expect_order(&silence, 1, NOW, (const uint32_t[]){0, 1, 2});
}

static void dials_all_when_all_are_silent(void **state)
{
    (void)state;
    struct silence silence = {0};
    for (uint32_t host = 0; host < HOSTS; host++) {
        silence_note(&silence, host, NOW);
    }
    expect_order(&silence, 1, NOW, (const uint32_t[]){1, 2, 0});
}

static void forgets(void **state)
{
    (void)state;
    struct silence silence = {0};
    silence_note(&silence, 0, NOW);
    expect_order(&silence, 0, NOW + SILENCE_LATELY_MS, (const uint32_t[]){0, 1, 2});
    silence_end(&silence, 0);
    expect_order(&silence, 0, NOW, (const uint32_t[]){0, 1, 2});
    silence_note(NULL, 0, NOW); /* nobody remembers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_round_from_the_first),
        cmocka_unit_test(dials_a_silent_host_last),
        cmocka_unit_test(dials_all_when_all_are_silent),
        cmocka_unit_test(forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

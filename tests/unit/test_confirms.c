/* SPDX-License-Identifier: Apache-2.0
 *
 * Confirms as a broker may send them: in any order, several at once, refusing, senseless. */
#include "worker/rabbit/confirms.h"

#include <string.h>

#include "tests/support/test.h"

#define STEPS_MAX 6

enum step_kind {
    STEP_NONE,
    STEP_ACK,
    STEP_ACK_ALL,
    STEP_NACK,
    STEP_NACK_ALL,
};

static const struct confirm_case {
    const char *name;
    uint32_t sent; /* messages 0, 1, 2 ... under the numbers 1, 2, 3 ... */
    struct {
        enum step_kind kind;
        uint64_t number;
    } steps[STEPS_MAX];
    bool senseless; /* the last step is */
    uint32_t waiting;
    uint64_t first;
    const char *refused; /* messages, in the order in which they were refused */
} confirm_cases[] = {
    {"nothing sent, nothing open", 0, {{0}}, false, 0, 1, ""},
    {"one by one", 3, {{STEP_ACK, 1}, {STEP_ACK, 2}}, false, 1, 3, ""},
    {"out of order", 3, {{STEP_ACK, 3}, {STEP_ACK, 2}}, false, 1, 1, ""},
    {"out of order, to the end", 3, {{STEP_ACK, 3}, {STEP_ACK, 1}, {STEP_ACK, 2}}, false, 0, 4, ""},
    {"several at once", 5, {{STEP_ACK_ALL, 4}}, false, 1, 5, ""},
    {"several over single ones", 5, {{STEP_ACK, 2}, {STEP_ACK_ALL, 3}}, false, 2, 4, ""},
    {"all that was sent", 5, {{STEP_ACK_ALL, 0}}, false, 0, 6, ""},
    {"all of nothing", 0, {{STEP_ACK_ALL, 0}}, false, 0, 1, ""},
    {"several that are settled already",
     3,
     {{STEP_ACK_ALL, 2}, {STEP_ACK_ALL, 1}},
     false,
     1,
     3,
     ""},
    {"one refused", 3, {{STEP_NACK, 2}}, false, 2, 1, "1"},
    {"refused in their order", 4, {{STEP_NACK, 3}, {STEP_NACK, 1}}, false, 2, 2, "20"},
    {"several refused", 4, {{STEP_ACK, 2}, {STEP_NACK_ALL, 3}}, false, 1, 4, "02"},
    {"all refused", 3, {{STEP_NACK_ALL, 0}}, false, 0, 4, "012"},
    {"one never sent", 3, {{STEP_ACK, 4}}, true, 3, 1, ""},
    {"several never sent", 3, {{STEP_ACK_ALL, 4}}, true, 3, 1, ""},
    {"number 0 alone", 3, {{STEP_ACK, 0}}, true, 3, 1, ""},
    {"the largest number", 3, {{STEP_NACK, UINT64_MAX}}, true, 3, 1, ""},
    {"the same again", 3, {{STEP_ACK, 1}, {STEP_ACK, 1}}, true, 2, 2, ""},
    {"the same again, behind an open one", 3, {{STEP_ACK, 2}, {STEP_ACK, 2}}, true, 2, 1, ""},
    {"refused after it was taken", 3, {{STEP_ACK, 2}, {STEP_NACK, 2}}, true, 2, 1, ""},
};

static struct confirms confirms;

static bool settle(enum step_kind kind, uint64_t number)
{
    struct error error = {0};
    const bool multiple = kind == STEP_ACK_ALL || kind == STEP_NACK_ALL;
    const bool taken = kind == STEP_ACK || kind == STEP_ACK_ALL;
    const bool settled = confirms_settle(&confirms, number, multiple, taken, &error);
    assert_int_equal(error.kind, settled ? ERROR_NONE : ERROR_RETRY);
    return settled;
}

static void send_messages(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        confirms_sent(&confirms, i, 1);
    }
}

static void expect_refused(const char *messages)
{
    struct confirm refused;
    for (; *messages != '\0'; messages++) {
        assert_true(confirms_peek(&confirms, &refused));
        assert_int_equal(refused.message, *messages - '0');
        assert_int_equal(refused.attempt, 1);
        confirms_drop(&confirms);
    }
    assert_false(confirms_peek(&confirms, &refused));
}

static void keeps_the_books(void **state)
{
    const struct confirm_case *test = *state;
    confirms_reset(&confirms);
    send_messages(test->sent);

    for (size_t i = 0; i < STEPS_MAX && test->steps[i].kind != STEP_NONE; i++) {
        const bool last = i + 1 == STEPS_MAX || test->steps[i + 1].kind == STEP_NONE;
        assert_int_equal(settle(test->steps[i].kind, test->steps[i].number),
                         !(last && test->senseless));
    }

    assert_int_equal(confirms.waiting, test->waiting);
    assert_int_equal(confirms.first, test->first);
    assert_int_equal(confirms_owed(&confirms), test->waiting > 0); /* nothing is forgotten here */
    expect_refused(test->refused);
}

static void a_message_sent_again_has_a_number_of_its_own(void **state)
{
    (void)state;
    confirms_reset(&confirms);
    send_messages(2);
    assert_true(settle(STEP_NACK, 1));
    confirms_drop(&confirms);
    confirms_sent(&confirms, 0, 2);

    assert_true(settle(STEP_NACK, 3));

    struct confirm refused;
    assert_true(confirms_peek(&confirms, &refused));
    assert_int_equal(refused.message, 0);
    assert_int_equal(refused.attempt, 2);
    assert_int_equal(confirms.waiting, 1);
}

static void is_full_as_long_as_the_oldest_is_open(void **state)
{
    (void)state;
    confirms_reset(&confirms);
    send_messages(CONFIRMS_MAX);
    assert_true(confirms_full(&confirms));
    for (uint64_t number = 2; number <= CONFIRMS_MAX; number++) {
        assert_true(settle(STEP_ACK, number));
    }
    assert_true(confirms_full(&confirms));

    assert_true(settle(STEP_ACK, 1));

    assert_false(confirms_full(&confirms));
    send_messages(CONFIRMS_MAX); /* and round again */
    assert_true(settle(STEP_ACK_ALL, 2 * CONFIRMS_MAX));
    assert_int_equal(confirms.waiting, 0);
}

static void a_whole_ring_can_be_refused_and_sent_again(void **state)
{
    (void)state;
    confirms_reset(&confirms);
    send_messages(CONFIRMS_MAX);
    for (uint32_t round = 1; round <= 3; round++) {
        struct confirm refused;
        assert_true(settle(STEP_NACK_ALL, 0));
        for (uint32_t i = 0; i < CONFIRMS_MAX; i++) {
            assert_true(confirms_peek(&confirms, &refused));
            assert_int_equal(refused.message, i);
            assert_int_equal(refused.attempt, round);
            confirms_drop(&confirms);
            confirms_sent(&confirms, refused.message, (uint8_t)(refused.attempt + 1));
        }
    }
    assert_int_equal(confirms.waiting, CONFIRMS_MAX);
}

static void what_is_forgotten_is_still_confirmed(void **state)
{
    (void)state;
    confirms_reset(&confirms);
    send_messages(3);
    assert_true(settle(STEP_NACK, 2));

    confirms_forget(&confirms);

    struct confirm refused;
    assert_int_equal(confirms.waiting, 0);
    assert_true(confirms_owed(&confirms));
    assert_false(confirms_peek(&confirms, &refused));
    confirms_sent(&confirms, 7, 1);
    assert_true(settle(STEP_NACK, 1));
    assert_true(settle(STEP_ACK, 3));
    assert_false(confirms_peek(&confirms, &refused));
    assert_int_equal(confirms.waiting, 1);
    assert_true(settle(STEP_ACK, 4));
    assert_int_equal(confirms.waiting, 0);
    assert_false(confirms_owed(&confirms));
}

static void never_sends_more_than_it_can_note(void **state)
{
    (void)state;
    confirms_reset(&confirms);
    send_messages(CONFIRMS_MAX);
    expect_assert_failure(confirms_sent(&confirms, 0, 1));
}

int main(void)
{
    enum { CASES = sizeof confirm_cases / sizeof confirm_cases[0] };
    struct CMUnitTest tests[CASES + 5] = {
        [CASES] = cmocka_unit_test(a_message_sent_again_has_a_number_of_its_own),
        [CASES + 1] = cmocka_unit_test(is_full_as_long_as_the_oldest_is_open),
        [CASES + 2] = cmocka_unit_test(a_whole_ring_can_be_refused_and_sent_again),
        [CASES + 3] = cmocka_unit_test(what_is_forgotten_is_still_confirmed),
        [CASES + 4] = cmocka_unit_test(never_sends_more_than_it_can_note),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = confirm_cases[i].name,
                                       .test_func = keeps_the_books,
                                       .initial_state = (void *)&confirm_cases[i]};
    }
    return cmocka_run_group_tests_name("confirms", tests, NULL, NULL);
}

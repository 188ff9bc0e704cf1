/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of exchanges and queues, and which queues a reply may go to. */
#include "common/contract/address.h"

#include <string.h>

#include "common/base/limits.h"
#include "tests/support/test.h"

static const char longest[] = "n234567890123456789012345678901";
_Static_assert(sizeof longest - 1 == NAMESPACE_MAX, "the longest namespace");

static struct span span_of(const char *string)
{
    return string == NULL ? SPAN_NONE : (struct span){string, (uint32_t)strlen(string)};
}

static void names_are_the_contracts(void **state)
{
    (void)state;
    assert_string_equal(address_of("till", "jobs").text, "till.jobs");
    assert_string_equal(address_lanes("till", 1).text, "till.lanes.g1");
    assert_string_equal(address_lane("till", 12, 7).text, "till.lane.g12.0007");
    assert_string_equal(address_lane(longest, UINT32_MAX, LANES_MAX - 1).text,
                        "n234567890123456789012345678901.lane.g4294967295.1023");
}

#define TEXT_50                                \
    "0123456789012345678901234567890123456789" \
    "0123456789"
#define TEXT_200 TEXT_50 TEXT_50 TEXT_50 TEXT_50

static const struct reply_case {
    const char *name;
    const char *namespace;
    const char *queue;
    bool allowed;
} reply_cases[] = {
    {"a direct reply-to", "till", "amq.rabbitmq.reply-to.g1h2AA", true},
    {"a queue for replies", "till", "till.reply.shop-1", true},
    {"a queue of one more byte", "till", "till.reply.x", true},
    {"a queue of the longest namespace", longest, "n234567890123456789012345678901.reply.1", true},
    {"a name of 255 bytes", "till",
     "till.reply." TEXT_200 "01234567890123456789012345678901234567"
     "890123",
     true},
    {"no name of 256 bytes", "till",
     "till.reply." TEXT_200 "01234567890123456789012345678901234567"
     "8901234",
     false},
    {"no direct reply-to without a token", "till", "amq.rabbitmq.reply-to.", false},
    {"no pseudo-queue", "till", "amq.rabbitmq.reply-to", false},
    {"no other queue of the broker's own", "till", "amq.gen-1", false},
    {"no queue without a name", "till", "till.reply.", false},
    {"nothing that only begins alike", "till", "till.reply", false},
    {"nothing that only ends alike", "till", "x.till.reply.1", false},
    {"nothing in other letters", "till", "Till.reply.1", false},
    {"no lane", "till", "till.lane.g1.0000", false},
    {"no dead letters", "till", "till.dead", false},
    {"no other namespace", "till", "shop.reply.1", false},
    {"no namespace that begins alike", "till", "till2.reply.1", false},
    {"nothing with a space", "till", "till.reply.a b", false},
    {"nothing with a line break", "till", "till.reply.a\n", false},
    {"nothing with a DEL", "till", "till.reply.a\177", false},
    {"nothing beyond ASCII", "till", "till.reply.\xc3\xa4", false},
    {"nothing empty", "till", "", false},
    {"nothing absent", "till", NULL, false},
};

static void allows_replies_to(void **state)
{
    const struct reply_case *test = *state;
    assert_int_equal(address_takes_replies(test->namespace, span_of(test->queue)), test->allowed);
}

static void a_nul_hides_nothing(void **state)
{
    (void)state;
    assert_false(address_takes_replies("till", (struct span){"till.reply.a\0b", 14}));
}

int main(void)
{
    enum { REPLIES = sizeof reply_cases / sizeof reply_cases[0] };
    struct CMUnitTest tests[REPLIES + 2] = {
        [REPLIES] = cmocka_unit_test(names_are_the_contracts),
        [REPLIES + 1] = cmocka_unit_test(a_nul_hides_nothing),
    };
    for (size_t i = 0; i < REPLIES; i++) {
        tests[i] = (struct CMUnitTest){.name = reply_cases[i].name,
                                       .test_func = allows_replies_to,
                                       .initial_state = (void *)&reply_cases[i]};
    }
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

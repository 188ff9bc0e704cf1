/* SPDX-License-Identifier: Apache-2.0
 *
 * What to do about what the broker and librabbitmq say: every code, and that the unknown is fatal.
 */
#include "common/connect/rabbit_error.h"

#include <string.h>

#include "tests/support/test.h"

static const struct reply_case {
    const char *name;
    uint16_t code;
    uint16_t class_id;
    enum error_kind kind;
} reply_cases[] = {
    {"311 content too large", 311, 60, ERROR_FATAL},
    {"312 no route is no refusal", 312, 60, ERROR_FATAL},
    {"320 connection forced", 320, 0, ERROR_RETRY},
    {"402 invalid path", 402, 10, ERROR_CONFIG},
    {"403 access refused", 403, 50, ERROR_CONFIG},
    {"404 not found", 404, 50, ERROR_CONFIG},
    {"405 resource locked", 405, 50, ERROR_CONFIG},
    {"406 of an exchange", 406, 40, ERROR_CONFIG},
    {"406 of a queue", 406, 50, ERROR_CONFIG},
    {"406 of an acknowledgement", 406, 60, ERROR_FATAL},
    {"406 of a transaction", 406, 90, ERROR_FATAL},
    {"406 of the broker's own, a consumer's time-out", 406, 0, ERROR_RETRY},
    {"501 frame error", 501, 0, ERROR_FATAL},
    {"502 syntax error", 502, 0, ERROR_FATAL},
    {"503 command invalid", 503, 0, ERROR_FATAL},
    {"504 channel error", 504, 0, ERROR_FATAL},
    {"505 unexpected frame", 505, 0, ERROR_FATAL},
    {"506 resource error", 506, 0, ERROR_RETRY},
    {"530 not allowed", 530, 10, ERROR_CONFIG},
    {"540 not implemented", 540, 50, ERROR_FATAL},
    {"541 internal error", 541, 0, ERROR_RETRY},
    {"unlisted 999", 999, 0, ERROR_FATAL},
    {"unlisted 0", 0, 0, ERROR_FATAL},
};

static void knows_a_reply(void **state)
{
    const struct reply_case *test = *state;
    struct error error = {0};
    assert_false(
        rabbit_error_reply(&error, test->code, test->class_id, amqp_cstring_bytes("a reason")));
    assert_int_equal(error.kind, test->kind);
    assert_non_null(strstr(error.text, "a reason"));
    if (test->kind != ERROR_FATAL) {
        assert_string_not_equal(error.remedy, "");
    }
}

static const struct status_case {
    const char *name;
    int status;
    enum error_kind kind;
} status_cases[] = {
    {"out of memory", AMQP_STATUS_NO_MEMORY, ERROR_FATAL},
    {"no AMQP", AMQP_STATUS_BAD_AMQP_DATA, ERROR_FATAL},
    {"unknown class", AMQP_STATUS_UNKNOWN_CLASS, ERROR_FATAL},
    {"unknown method", AMQP_STATUS_UNKNOWN_METHOD, ERROR_FATAL},
    {"unresolved", AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED, ERROR_RETRY},
    {"other version", AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION, ERROR_CONFIG},
    {"connection closed", AMQP_STATUS_CONNECTION_CLOSED, ERROR_RETRY},
    {"bad URL", AMQP_STATUS_BAD_URL, ERROR_FATAL},
    {"socket error", AMQP_STATUS_SOCKET_ERROR, ERROR_RETRY},
    {"invalid parameter", AMQP_STATUS_INVALID_PARAMETER, ERROR_FATAL},
    {"table too big", AMQP_STATUS_TABLE_TOO_BIG, ERROR_FATAL},
    {"wrong method", AMQP_STATUS_WRONG_METHOD, ERROR_FATAL},
    {"time-out", AMQP_STATUS_TIMEOUT, ERROR_RETRY},
    {"timer failure", AMQP_STATUS_TIMER_FAILURE, ERROR_FATAL},
    {"heartbeat time-out", AMQP_STATUS_HEARTBEAT_TIMEOUT, ERROR_RETRY},
    {"unexpected state", AMQP_STATUS_UNEXPECTED_STATE, ERROR_FATAL},
    {"socket closed", AMQP_STATUS_SOCKET_CLOSED, ERROR_RETRY},
    {"socket in use", AMQP_STATUS_SOCKET_INUSE, ERROR_FATAL},
    {"no PLAIN", AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD, ERROR_CONFIG},
    {"unsupported", AMQP_STATUS_UNSUPPORTED, ERROR_FATAL},
    {"TCP error", AMQP_STATUS_TCP_ERROR, ERROR_RETRY},
    {"no socket library", AMQP_STATUS_TCP_SOCKETLIB_INIT_ERROR, ERROR_FATAL},
    {"TLS error", AMQP_STATUS_SSL_ERROR, ERROR_RETRY},
    {"other name", AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED, ERROR_CONFIG},
    {"refused certificate", AMQP_STATUS_SSL_PEER_VERIFY_FAILED, ERROR_CONFIG},
    {"no handshake", AMQP_STATUS_SSL_CONNECTION_FAILED, ERROR_CONFIG},
    {"unlisted", -0x7777, ERROR_FATAL},
};

static void knows_a_status(void **state)
{
    const struct status_case *test = *state;
    struct error error = {0};
    assert_false(rabbit_error_status(&error, test->status));
    assert_int_equal(error.kind, test->kind);
    assert_string_not_equal(error.text, "");
}

static void names_the_code_once(void **state)
{
    (void)state;
    struct error error = {0};
    rabbit_error_reply(&error, 404, 50, amqp_cstring_bytes("NOT_FOUND - no queue 'a'"));
    assert_string_equal(error.text, "refused with 404 NOT_FOUND - no queue 'a'");
    rabbit_error_reply(&error, 404, 50, amqp_cstring_bytes("no queue 'a'"));
    assert_string_equal(error.text, "refused with 404 NOT_FOUND: no queue 'a'");
    rabbit_error_reply(&error, 404, 50, amqp_empty_bytes);
    assert_string_equal(error.text, "refused with 404 NOT_FOUND");
}

static void shows_no_byte_that_moves_a_terminal(void **state)
{
    (void)state;
    struct error error = {0};
    const amqp_bytes_t bytes = {8, "a\x1b[2J\n\0\xff"};
    rabbit_error_reply(&error, 999, 0, bytes);
    assert_string_equal(error.text, "refused with 999: a?[2J???");
}

static void a_good_status_is_no_error(void **state)
{
    (void)state;
    struct error error = {0};
    expect_assert_failure(rabbit_error_status(&error, AMQP_STATUS_OK));
}

int main(void)
{
    enum {
        REPLIES = sizeof reply_cases / sizeof reply_cases[0],
        ROWS = REPLIES + sizeof status_cases / sizeof status_cases[0],
    };
    struct CMUnitTest tests[ROWS + 3] = {
        [ROWS] = cmocka_unit_test(names_the_code_once),
        [ROWS + 1] = cmocka_unit_test(shows_no_byte_that_moves_a_terminal),
        [ROWS + 2] = cmocka_unit_test(a_good_status_is_no_error),
    };
    for (size_t i = 0; i < REPLIES; i++) {
        tests[i] = (struct CMUnitTest){reply_cases[i].name, knows_a_reply, NULL, NULL,
                                       (void *)&reply_cases[i]};
    }
    for (size_t i = REPLIES; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){status_cases[i - REPLIES].name, knows_a_status, NULL, NULL,
                                       (void *)&status_cases[i - REPLIES]};
    }
    return cmocka_run_group_tests_name("rabbit_error", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Every way in which a connection does not come about has its own message, kind and remedy. The
 * peers are fakes: what the real broker says is known from tests/integration/test_rabbit.c. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/connect/rabbit.h"
#include "tests/support/fake_server.h"
#include "tests/support/test.h"

/* A free port with nobody behind it: bound, so that nobody else gets it, and not listened on. */
static int open_dead_port(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(file >= 0);
    assert_int_equal(bind(file, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return file;
}

/* The text behind "broker 127.0.0.1:PORT: ". */
static const char *reason(const struct error *error)
{
    const char *colon = strstr(error->text, ": ");
    assert_non_null(colon);
    return colon + 2;
}

static void parse(struct amqp_url *url, const char *format, unsigned port)
{
    char text[256];
    struct error error = {0};
    struct text builder;
    text_init(&builder, text, sizeof text);
    for (const char *c = format; *c != '\0'; c++) {
        if (*c == '*') {
            text_format(&builder, "127.0.0.1:%u", port);
        } else {
            text_put_bytes(&builder, c, 1);
        }
    }
    if (!amqp_url_parse(text, url, &error)) {
        fail_msg("%s", error.text);
    }
}

static void open_refused(const struct fake_script *script, const char *format, struct error *error)
{
    struct fake_server server;
    struct amqp_url url;
    struct rabbit rabbit = {0};

    fake_server_open(&server, script);
    parse(&url, format, server.port);
    const bool opened = rabbit_open(&rabbit, &url, "test", error);
    rabbit_close(&rabbit);
    fake_server_close(&server);
    assert_false(opened);
    assert_null(strstr(error->text, "Geheim"));
    assert_string_not_equal(error->remedy, "");
}

static const struct close_case {
    const char *name;
    uint16_t code;
    const char *text;
    bool before_open; /* instead of tune: as an answer to the login itself */
    enum error_kind kind;
    const char *says;
} close_cases[] = {
    {"wrong password", 403,
     "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the "
     "broker logfile.",
     true, ERROR_CONFIG, "login as \"user\" refused"},
    {"guest from elsewhere", 403, "ACCESS_REFUSED - user 'user' can only connect via localhost",
     true, ERROR_CONFIG,
     "login as \"user\" refused: this user may only connect from the broker's own machine"},
    {"no such vhost", 530, "NOT_ALLOWED - vhost v not found", false, ERROR_CONFIG,
     "there is no vhost \"v\""},
    {"no permission for the vhost", 530,
     "NOT_ALLOWED - access to vhost 'v' refused for user 'user'", false, ERROR_CONFIG,
     "vhost \"v\": user \"user\" has no access to it"},
    {"vhost's limit", 530,
     "NOT_ALLOWED - access to vhost 'v' refused for user 'user': connection limit (1) is reached",
     false, ERROR_RETRY,
     "refused with 530 NOT_ALLOWED - access to vhost 'v' refused for user 'user': connection "
     "limit (1) is reached"},
    {"user's limit", 530,
     "NOT_ALLOWED - connection refused for user 'user': user connection limit (1) is reached",
     false, ERROR_RETRY,
     "refused with 530 NOT_ALLOWED - connection refused for user 'user': user connection limit "
     "(1) is reached"},
    {"vhost down", 541,
     "INTERNAL_ERROR - access to vhost 'v' refused for user 'user': vhost 'v' is down", false,
     ERROR_RETRY,
     "refused with 541 INTERNAL_ERROR - access to vhost 'v' refused for user 'user': vhost 'v' is "
     "down"},
    {"stopping", 320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
     false, ERROR_RETRY,
     "refused with 320 CONNECTION_FORCED - broker forced connection closure with reason "
     "'shutdown'"},
};

static void names_a_refusal(void **state)
{
    const struct close_case *test = *state;
    struct fake_script script = {0};
    struct error error = {0};

    fake_say_start(&script, "RabbitMQ", "3.10.8");
    if (!test->before_open) {
        fake_say_tune(&script, 60);
    }
    fake_say_close(&script, test->code, test->text);
    open_refused(&script, "amqp://user:Geheim@*/v", &error);
    assert_string_equal(reason(&error), test->says);
    assert_int_equal(error.kind, test->kind);
}

static void refuses_an_old_broker(void **state)
{
    (void)state;
    struct fake_script script = {0};
    struct error error = {0};
    fake_say_start(&script, "RabbitMQ", "3.9.29");
    fake_say_tune(&script, 60);
    fake_say_open_ok(&script);
    open_refused(&script, "amqp://*", &error);
    assert_string_equal(reason(&error),
                        "RabbitMQ 3.9.29 is too old: 3.10 is the first that will do");
    assert_string_equal(error.remedy, "Upgrade RabbitMQ to 3.10 or later.");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void knows_a_web_server(void **state)
{
    (void)state;
    struct fake_script script = {.hang_up = true};
    struct error error = {0};
    fake_say(&script, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    open_refused(&script, "amqp://*", &error);
    assert_string_equal(reason(&error), "the server does not speak AMQP 0-9-1");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void knows_another_version_of_amqp(void **state)
{
    (void)state;
    struct fake_script script = {.bytes = {'A', 'M', 'Q', 'P', 0, 1, 0, 0}, .size = 8};
    struct error error = {0};
    open_refused(&script, "amqp://*", &error);
    assert_string_equal(reason(&error), "the server does not speak AMQP 0-9-1");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void retries_a_server_that_hangs_up(void **state)
{
    (void)state;
    const struct fake_script script = {.hang_up = true};
    struct error error = {0};
    open_refused(&script, "amqp://*", &error);
    assert_string_equal(reason(&error), "connection closed during the login");
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void does_not_wait_for_a_silent_server(void **state)
{
    (void)state;
    const struct fake_script script = {0};
    struct error error = {0};
    open_refused(&script, "amqp://*?connection_timeout=200", &error);
    assert_string_equal(reason(&error), "no answer to the login within 200 ms");
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void does_not_wait_for_a_silent_tls_server(void **state)
{
    (void)state;
    const struct fake_script script = {0};
    struct error error = {0};
    open_refused(&script, "amqps://*?connection_timeout=200&verify=verify_none", &error);
    assert_string_equal(reason(&error), "no connection within 200 ms");
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void names_a_tls_port_without_tls(void **state)
{
    (void)state;
    struct fake_script script = {.hang_up = true};
    struct error error = {0};
    fake_say(&script, "AMQP");
    open_refused(&script, "amqps://*?verify=verify_none", &error);
    assert_string_equal(reason(&error), "the TLS handshake failed");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void names_a_missing_authority_file(void **state)
{
    (void)state;
    const struct fake_script script = {0};
    struct error error = {0};
    open_refused(&script, "amqps://*?cacertfile=/nowhere/ca.pem", &error);
    assert_string_equal(reason(&error),
                        "cacertfile \"/nowhere/ca.pem\": No such file or directory");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void retries_a_refused_connection(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int file = open_dead_port(&port);
    struct amqp_url url;
    struct rabbit rabbit = {0};
    struct error error = {0};
    parse(&url, "amqp://*", port);
    assert_false(rabbit_open(&rabbit, &url, "test", &error));
    assert_string_equal(reason(&error), "Connection refused");
    assert_string_equal(error.remedy, "Check that the broker runs.");
    assert_int_equal(error.kind, ERROR_RETRY);
    assert_int_equal(close(file), 0);
}

/* RFC 6761 keeps .invalid from ever existing. */
static void retries_an_unknown_name(void **state)
{
    (void)state;
    struct amqp_url url;
    struct rabbit rabbit = {0};
    struct error error = {0};
    parse(&url, "amqp://broker.invalid:1", 0);
    assert_false(rabbit_open(&rabbit, &url, "test", &error));
    assert_non_null(strstr(error.text, "broker broker.invalid:1: the name cannot be resolved: "));
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void names_each_hosts_failure(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int file = open_dead_port(&port);
    struct fake_script script = {0};
    struct error error = {0};
    char format[128];
    char says[256];

    fake_say_start(&script, "RabbitMQ", "3.9.29");
    fake_say_tune(&script, 60);
    fake_say_open_ok(&script);
    (void)snprintf(format, sizeof format, "amqp://*,127.0.0.1:%u", port);
    open_refused(&script, format, &error);
    (void)snprintf(says, sizeof says,
                   "RabbitMQ 3.9.29 is too old: 3.10 is the first that will do; 127.0.0.1:%u: "
                   "Connection refused",
                   port);
    assert_string_equal(reason(&error), says);
    assert_int_equal(error.kind, ERROR_RETRY); /* the other one may come up */
    assert_string_equal(error.remedy, "Check that the broker runs.");
    assert_int_equal(close(file), 0);
}

static void begins_with_the_host_that_is_named_first(void **state)
{
    (void)state;
    uint16_t port = 0;
    const int file = open_dead_port(&port);
    struct amqp_url url;
    struct rabbit rabbit = {0};
    struct error error = {0};
    char format[128];
    char says[256];

    (void)snprintf(format, sizeof format, "amqp://*,localhost:%u", port);
    parse(&url, format, port);
    url.host_first = 1;
    assert_false(rabbit_open(&rabbit, &url, "test", &error));
    (void)snprintf(says, sizeof says,
                   "broker localhost:%u: Connection refused; 127.0.0.1:%u: Connection refused",
                   port, port);
    assert_string_equal(error.text, says);
    assert_int_equal(close(file), 0);
}

/* The one that listens and says nothing stands first in the URL, the one where nobody listens
 * second. */
static void dials_a_host_that_was_silent_behind_the_others(void **state)
{
    (void)state;
    uint16_t dead_port = 0;
    const int file = open_dead_port(&dead_port);
    const struct fake_script nothing = {0};
    struct fake_server silent;
    struct silence silence = {0};
    struct amqp_url url;
    struct rabbit rabbit = {0};
    struct error first = {0};
    struct error second = {0};
    char format[128];
    char says[256];

    fake_server_open(&silent, &nothing);
    (void)snprintf(format, sizeof format, "amqp://*,localhost:%u?connection_timeout=200",
                   dead_port);
    parse(&url, format, silent.port);
    url.silence = &silence;
    assert_false(rabbit_open(&rabbit, &url, "test", &first));
    assert_false(rabbit_open(&rabbit, &url, "test", &second));
    fake_server_close(&silent);
    (void)snprintf(says, sizeof says,
                   "broker 127.0.0.1:%u: no answer to the login within 200 ms; localhost:%u: "
                   "Connection refused",
                   silent.port, dead_port);
    assert_string_equal(first.text, says);
    (void)snprintf(says, sizeof says,
                   "broker localhost:%u: Connection refused; 127.0.0.1:%u: no answer to the login "
                   "within 200 ms",
                   dead_port, silent.port);
    assert_string_equal(second.text, says);
    assert_int_equal(close(file), 0);
}

static void a_refused_login_ends_the_search(void **state)
{
    (void)state;
    struct fake_script script = {0};
    struct error error = {0};
    fake_say_start(&script, "RabbitMQ", "3.10.8");
    fake_say_close(&script, 403, "ACCESS_REFUSED - Login was refused");
    open_refused(&script, "amqp://user:Geheim@*,broker.invalid:1", &error);
    assert_string_equal(reason(&error), "login as \"user\" refused");
    assert_int_equal(error.kind, ERROR_CONFIG);
}

/* A connection to a fake broker that has agreed, and then says what the script has behind that. */
static void open_agreed(struct fake_server *server, struct fake_script *script,
                        struct rabbit *rabbit)
{
    struct amqp_url url;
    struct error error = {0};
    fake_server_open(server, script);
    parse(&url, "amqp://*", server->port);
    if (!rabbit_open(rabbit, &url, "test", &error)) {
        fail_msg("%s", error.text);
    }
}

static void say_agreement(struct fake_script *script)
{
    fake_say_start(script, "RabbitMQ", "3.10.8");
    fake_say_tune(script, 60);
    fake_say_open_ok(script);
}

static void notices_blocking_and_its_end(void **state)
{
    (void)state;
    struct fake_server server;
    struct fake_script script = {0};
    struct rabbit rabbit;
    struct error error = {0};

    say_agreement(&script);
    fake_say_blocked(&script, "low on memory");
    open_agreed(&server, &script, &rabbit);
    while (!rabbit.blocked) {
        assert_true(rabbit_pump(&rabbit, &error));
    }
    rabbit.broken = true; /* the fake does not answer a close */
    rabbit_close(&rabbit);
    fake_server_close(&server);

    fake_say_unblocked(&script);
    fake_say_close(&script, 320, "CONNECTION_FORCED - end of the script");
    open_agreed(&server, &script, &rabbit);
    rabbit.blocked = true;
    while (rabbit_pump(&rabbit, &error)) {
    }
    assert_false(rabbit.blocked);
    assert_true(rabbit.broken);
    assert_int_equal(rabbit.reply_code, 320);
    assert_non_null(strstr(error.text, "listen: connection closed by the broker: refused with 320 "
                                       "CONNECTION_FORCED - end of the script"));
    assert_int_equal(error.kind, ERROR_RETRY);
    rabbit_close(&rabbit);
    fake_server_close(&server);
}

/* Would be a SIGPIPE, which ends a process. */
static void survives_a_broker_that_is_gone(void **state)
{
    (void)state;
    struct fake_server server;
    struct fake_script script = {.hang_up = true};
    struct rabbit rabbit;
    struct error error = {0};

    say_agreement(&script);
    open_agreed(&server, &script, &rabbit);
    fake_server_close(&server);
    for (uint16_t channel = 1; channel <= 3; channel++) { /* the first send still succeeds */
        assert_false(rabbit_channel_open(&rabbit, channel, &error));
        assert_int_equal(error.kind, ERROR_RETRY);
        assert_true(rabbit.broken);
    }
    rabbit_close(&rabbit);
    assert_null(rabbit.connection);
}

static void closes_in_bounded_time(void **state)
{
    (void)state;
    struct fake_server server;
    struct fake_script script = {0};
    struct rabbit rabbit;
    struct timespec before;
    struct timespec after;

    say_agreement(&script);
    open_agreed(&server, &script, &rabbit);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &before), 0);
    rabbit_close(&rabbit);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    const long waited_ms =
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_in_range(waited_ms, 0, RABBIT_CLOSE_TIMEOUT_MS + 1000);
    assert_null(rabbit.connection);
    fake_server_close(&server);
}

static void closes_what_was_never_open(void **state)
{
    (void)state;
    struct rabbit rabbit = {0};
    rabbit_close(NULL);
    rabbit_close(&rabbit);
    assert_null(rabbit.connection);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(refuses_an_old_broker),
        cmocka_unit_test(knows_a_web_server),
        cmocka_unit_test(knows_another_version_of_amqp),
        cmocka_unit_test(retries_a_server_that_hangs_up),
        cmocka_unit_test(does_not_wait_for_a_silent_server),
        cmocka_unit_test(does_not_wait_for_a_silent_tls_server),
        cmocka_unit_test(names_a_tls_port_without_tls),
        cmocka_unit_test(names_a_missing_authority_file),
        cmocka_unit_test(retries_a_refused_connection),
        cmocka_unit_test(retries_an_unknown_name),
        cmocka_unit_test(names_each_hosts_failure),
        cmocka_unit_test(begins_with_the_host_that_is_named_first),
        cmocka_unit_test(dials_a_host_that_was_silent_behind_the_others),
        cmocka_unit_test(a_refused_login_ends_the_search),
        cmocka_unit_test(notices_blocking_and_its_end),
        cmocka_unit_test(survives_a_broker_that_is_gone),
        cmocka_unit_test(closes_in_bounded_time),
        cmocka_unit_test(closes_what_was_never_open),
    };
    enum {
        CASES = sizeof close_cases / sizeof close_cases[0],
        OTHERS = sizeof others / sizeof others[0],
    };
    struct CMUnitTest tests[CASES + OTHERS];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){close_cases[i].name, names_a_refusal, NULL, NULL,
                                       (void *)&close_cases[i]};
    }
    memcpy(&tests[CASES], others, sizeof others);
    return cmocka_run_group_tests_name("rabbit_refused", tests, NULL, NULL);
}

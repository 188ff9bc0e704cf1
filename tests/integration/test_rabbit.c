/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections to a real RabbitMQ: what is agreed and set, what it refuses, and TLS. */
#include "common/connect/rabbit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/test.h"
#include "tests/support/tls_server.h"

/* What the environment says, as scripts/stack env prints it. */
static struct amqp_url broker;
static const char *authority;
static uint16_t tls_port;

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0') {
        print_error("%s is not set: scripts/stack up, then eval \"$(scripts/stack env)\"\n", name);
        return NULL;
    }
    return value;
}

static int read_environment(void **state)
{
    (void)state;
    struct error error = {0};
    const char *url = environment("TILL_AMQP_URL");
    const char *port = environment("TILL_STACK_AMQPS_PORT");
    authority = environment("TILL_STACK_CA");
    if (url == NULL || port == NULL || authority == NULL) {
        return -1;
    }
    if (!amqp_url_parse(url, &broker, &error)) {
        print_error("TILL_AMQP_URL: %s\n", error.text);
        return -1;
    }
    tls_port = (uint16_t)strtoul(port, NULL, 10);
    return 0;
}

static void open_broker(struct rabbit *rabbit, const struct amqp_url *url)
{
    struct error error = {0};
    if (!rabbit_open(rabbit, url, "test_rabbit", &error)) {
        fail_msg("%s", error.text);
    }
}

static void assert_reason(const struct error *error, const char *says)
{
    const char *colon = strstr(error->text, ": ");
    assert_non_null(colon);
    assert_string_equal(colon + 2, says);
}

static void assert_refused(const struct amqp_url *url, enum error_kind kind, const char *says)
{
    struct rabbit rabbit = {0};
    struct error error = {0};
    assert_false(rabbit_open(&rabbit, url, "test_rabbit", &error));
    assert_reason(&error, says);
    assert_int_equal(error.kind, kind);
    assert_string_not_equal(error.remedy, "");
    assert_null(rabbit.connection);
}

static void knows_its_broker(void **state)
{
    (void)state;
    struct rabbit rabbit;
    char address[300];
    open_broker(&rabbit, &broker);
    (void)snprintf(address, sizeof address, "%s:%u", broker.hosts[0].name, broker.hosts[0].port);
    assert_string_equal(rabbit.address, address);
    assert_string_equal(rabbit.product, "RabbitMQ");
    assert_true(rabbit.version.major > RABBITMQ_MAJOR_MIN ||
                rabbit.version.minor >= RABBITMQ_MINOR_MIN);
    assert_string_not_equal(rabbit.cluster, "");
    assert_true(rabbit.can_block);
    assert_true(rabbit.can_confirm);
    assert_true(rabbit.can_cancel);
    assert_true(rabbit.can_bind_exchanges);
    assert_int_equal(rabbit.heartbeat_seconds, AMQP_HEARTBEAT_DEFAULT);
    assert_int_equal(rabbit.frame_max, AMQP_FRAME_DEFAULT);
    assert_false(rabbit.blocked);
    rabbit_close(&rabbit);
    assert_null(rabbit.connection);
}

static int socket_option(const struct rabbit *rabbit, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(amqp_get_sockfd(rabbit->connection), level, option, &value, &size),
                     0);
    return value;
}

static void sets_every_time_out_of_the_socket(void **state)
{
    (void)state;
    struct rabbit rabbit;
    struct amqp_url url = broker;
    url.heartbeat_seconds = 4;
    open_broker(&rabbit, &url);
    assert_int_equal(rabbit.heartbeat_seconds, 4);
    assert_int_equal(socket_option(&rabbit, IPPROTO_TCP, TCP_USER_TIMEOUT), 8000);
    assert_int_equal(socket_option(&rabbit, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(socket_option(&rabbit, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(socket_option(&rabbit, IPPROTO_TCP, TCP_KEEPIDLE), 8);
    assert_int_equal(socket_option(&rabbit, IPPROTO_TCP, TCP_KEEPINTVL), 4);
    assert_int_equal(socket_option(&rabbit, IPPROTO_TCP, TCP_KEEPCNT), 2);
    assert_true(fcntl(amqp_get_sockfd(rabbit.connection), F_GETFD) & FD_CLOEXEC);
    rabbit_close(&rabbit);
}

static const amqp_field_value_t *find(const amqp_table_t *table, const char *name)
{
    for (int i = 0; i < table->num_entries; i++) {
        const amqp_bytes_t key = table->entries[i].key;
        if (key.len == strlen(name) && memcmp(key.bytes, name, key.len) == 0) {
            return &table->entries[i].value;
        }
    }
    fail_msg("no %s", name);
    return NULL;
}

static void tells_the_broker_what_it_understands(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "authentication_failure_close", "basic.nack",         "connection.blocked",
        "consumer_cancel_notify",       "publisher_confirms", "exchange_exchange_bindings",
    };
    struct rabbit rabbit;
    open_broker(&rabbit, &broker);
    const amqp_table_t *properties = amqp_get_client_properties(rabbit.connection);
    const amqp_table_t *capabilities = &find(properties, "capabilities")->value.table;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(find(capabilities, wanted[i])->value.boolean);
    }
    const amqp_bytes_t name = find(properties, "connection_name")->value.bytes;
    assert_int_equal(name.len, strlen("test_rabbit"));
    assert_memory_equal(name.bytes, "test_rabbit", strlen("test_rabbit"));
    rabbit_close(&rabbit);
}

static void refuses_a_wrong_password(void **state)
{
    (void)state;
    struct amqp_url url = broker;
    char says[300];
    (void)snprintf(url.password, sizeof url.password, "Geheim");
    (void)snprintf(says, sizeof says, "login as \"%s\" refused", url.user);
    assert_refused(&url, ERROR_CONFIG, says);
}

static void refuses_a_missing_vhost(void **state)
{
    (void)state;
    struct amqp_url url = broker;
    (void)snprintf(url.vhost, sizeof url.vhost, "no such");
    assert_refused(&url, ERROR_CONFIG, "there is no vhost \"no such\"");
}

static void tries_the_next_host(void **state)
{
    (void)state;
    struct rabbit rabbit;
    struct amqp_url url = broker;
    url.hosts[1] = broker.hosts[0];
    url.hosts[0].port = 1; /* nobody listens there */
    url.host_count = 2;
    open_broker(&rabbit, &url);
    assert_non_null(strstr(rabbit.address, broker.hosts[0].name));
    assert_int_equal(rabbit.host, 1);
    rabbit_close(&rabbit);

    url.hosts[0] = broker.hosts[0];
    url.hosts[1].port = 1;
    url.host_first = 1; /* and round to the first */
    open_broker(&rabbit, &url);
    assert_int_equal(rabbit.host, 0);
    rabbit_close(&rabbit);
}

static void begins_with_any_host(void **state)
{
    (void)state;
    struct rabbit rabbit;
    struct amqp_url url = broker;
    url.hosts[1] = url.hosts[2] = broker.hosts[0];
    url.host_count = 3;
    for (uint32_t first = UINT32_MAX - 3; first != 2; first++) {
        struct error error = {0};
        assert_true(rabbit_open_from(&rabbit, &url, first, "test_rabbit", &error));
        assert_int_equal(rabbit.host, first % 3);
        rabbit_close(&rabbit);
    }
}

static bool declare_passively(struct rabbit *rabbit, const char *queue, struct error *error)
{
    (void)amqp_queue_declare(rabbit->connection, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0,
                             amqp_empty_table);
    return rabbit_reply(rabbit, 1, amqp_get_rpc_reply(rabbit->connection), "look for a queue",
                        error);
}

static void a_refused_request_costs_the_channel_only(void **state)
{
    (void)state;
    struct rabbit rabbit;
    struct error error = {0};
    open_broker(&rabbit, &broker);
    for (int i = 0; i < 3; i++) {
        if (!rabbit_channel_open(&rabbit, 1, &error)) {
            fail_msg("%s", error.text);
        }
        assert_false(declare_passively(&rabbit, "till.no.such.queue", &error));
        assert_reason(&error, "look for a queue: refused with 404 NOT_FOUND - no queue "
                              "'till.no.such.queue' in vhost '/'");
        assert_int_equal(error.kind, ERROR_CONFIG);
        assert_int_equal(rabbit.reply_code, 404);
        assert_false(rabbit.broken);
    }
    assert_true(rabbit_channel_open(&rabbit, 1, &error));
    assert_int_equal(rabbit.reply_code, 0);
    assert_true(rabbit_pump(&rabbit, &error));
    rabbit_close(&rabbit);
}

/* RabbitMQ answers a channel that is opened twice by closing the connection. */
static void a_closed_connection_is_broken(void **state)
{
    (void)state;
    struct rabbit rabbit;
    struct error error = {0};
    open_broker(&rabbit, &broker);
    assert_true(rabbit_channel_open(&rabbit, 1, &error));
    assert_false(rabbit_channel_open(&rabbit, 1, &error));
    assert_non_null(strstr(error.text, "open channel 1: connection closed by the broker: refused "
                                       "with 504"));
    assert_int_equal(error.kind, ERROR_FATAL);
    assert_int_equal(rabbit.reply_code, 504);
    assert_true(rabbit.broken);
    rabbit_close(&rabbit);
}

static struct amqp_url tls_url(void)
{
    struct amqp_url url = broker;
    (void)snprintf(url.hosts[0].name, sizeof url.hosts[0].name, "localhost");
    url.hosts[0].port = tls_port;
    url.host_count = 1;
    url.tls = true;
    (void)snprintf(url.ca_file, sizeof url.ca_file, "%s", authority);
    return url;
}

static const struct tls_case {
    const char *name;
    const char *host;
    const char *server_name;
    bool authority;
    bool verify;
    const char *says; /* NULL: connected */
} tls_cases[] = {
    {"the right name", "localhost", "", true, true, NULL},
    {"the right address", "127.0.0.1", "", true, true, NULL},
    {"another host, the right name", "127.0.0.1", "localhost", true, true, NULL},
    {"a wrong name", "localhost", "broker.example", true, true,
     "the server's certificate is not for \"broker.example\""},
    {"a wrong address", "localhost", "10.0.0.1", true, true,
     "the server's certificate is not for \"10.0.0.1\""},
    {"an unknown authority", "localhost", "", false, true,
     "the server's certificate is from an unknown authority"},
    {"an unknown authority, not verified", "localhost", "", false, false, NULL},
    {"a wrong name, not verified", "localhost", "broker.example", true, false, NULL},
};

static void verifies_the_server(void **state)
{
    const struct tls_case *test = *state;
    struct amqp_url url = tls_url();
    struct rabbit rabbit;
    struct error error = {0};

    (void)snprintf(url.hosts[0].name, sizeof url.hosts[0].name, "%s", test->host);
    (void)snprintf(url.server_name, sizeof url.server_name, "%s", test->server_name);
    url.verify = test->verify;
    if (!test->authority) {
        url.ca_file[0] = '\0'; /* the system's do not know the stack's */
    }
    if (test->says != NULL) {
        assert_refused(&url, ERROR_CONFIG, test->says);
        return;
    }
    open_broker(&rabbit, &url);
    assert_true(rabbit_channel_open(&rabbit, 1, &error));
    rabbit_close(&rabbit);
}

static void refuses_an_expired_certificate(void **state)
{
    (void)state;
    struct tls_server server;
    struct amqp_url url = tls_url();
    tls_server_open(&server);
    url.hosts[0].port = server.port;
    (void)snprintf(url.hosts[0].name, sizeof url.hosts[0].name, "127.0.0.1");
    (void)snprintf(url.ca_file, sizeof url.ca_file, "%s", server.authorities);
    assert_refused(&url, ERROR_CONFIG, "the server's certificate, or its issuer's, has expired");
    tls_server_close(&server);
}

/* This server has a valid certificate only for those who ask for its name. */
static void asks_for_the_servers_name(void **state)
{
    (void)state;
    struct tls_server server;
    struct amqp_url url = tls_url();
    tls_server_open(&server);
    url.hosts[0].port = server.port;
    url.connect_timeout_ms = 500;
    (void)snprintf(url.ca_file, sizeof url.ca_file, "%s", server.authorities);
    (void)snprintf(url.server_name, sizeof url.server_name, "broker.example");
    (void)snprintf(url.hosts[0].name, sizeof url.hosts[0].name, "127.0.0.1");
    assert_refused(&url, ERROR_RETRY, "no answer to the login within 500 ms");
    tls_server_close(&server);
}

static void names_a_plain_port_under_tls(void **state)
{
    (void)state;
    struct amqp_url url = tls_url();
    url.hosts[0].port = broker.hosts[0].port;
    assert_refused(&url, ERROR_CONFIG, "the TLS handshake failed");
}

static void names_a_tls_port_without_tls(void **state)
{
    (void)state;
    struct amqp_url url = tls_url();
    url.tls = false;
    assert_refused(&url, ERROR_RETRY, "connection closed during the login");
}

static void names_a_file_that_is_no_certificate(void **state)
{
    (void)state;
    struct amqp_url url = tls_url();
    (void)snprintf(url.ca_file, sizeof url.ca_file, "/etc/passwd");
    assert_refused(&url, ERROR_CONFIG, "cacertfile \"/etc/passwd\": no certificates in PEM form");
    url = tls_url();
    (void)snprintf(url.certificate_file, sizeof url.certificate_file, "%s", authority);
    (void)snprintf(url.key_file, sizeof url.key_file, "/etc/passwd");
    char says[4096];
    (void)snprintf(
        says, sizeof says,
        "certfile \"%s\", keyfile \"/etc/passwd\": not a certificate and its private key",
        authority);
    assert_refused(&url, ERROR_CONFIG, says);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(knows_its_broker),
        cmocka_unit_test(sets_every_time_out_of_the_socket),
        cmocka_unit_test(tells_the_broker_what_it_understands),
        cmocka_unit_test(refuses_a_wrong_password),
        cmocka_unit_test(refuses_a_missing_vhost),
        cmocka_unit_test(tries_the_next_host),
        cmocka_unit_test(begins_with_any_host),
        cmocka_unit_test(a_refused_request_costs_the_channel_only),
        cmocka_unit_test(a_closed_connection_is_broken),
        cmocka_unit_test(refuses_an_expired_certificate),
        cmocka_unit_test(asks_for_the_servers_name),
        cmocka_unit_test(names_a_plain_port_under_tls),
        cmocka_unit_test(names_a_tls_port_without_tls),
        cmocka_unit_test(names_a_file_that_is_no_certificate),
    };
    enum {
        CASES = sizeof tls_cases / sizeof tls_cases[0],
        OTHERS = sizeof others / sizeof others[0],
    };
    struct CMUnitTest tests[CASES + OTHERS];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){tls_cases[i].name, verifies_the_server, NULL, NULL,
                                       (void *)&tls_cases[i]};
    }
    memcpy(&tests[CASES], others, sizeof others);
    return cmocka_run_group_tests_name("rabbit", tests, read_environment, NULL);
}

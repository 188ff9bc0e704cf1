/* SPDX-License-Identifier: Apache-2.0
 *
 * AMQP URLs: the specification's examples, RabbitMQ's options, and what is refused, always without
 * a piece of the password. */
#include "common/connect/amqp_url.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static const struct good_case {
    const char *text;
    const char *user;
    const char *password;
    const char *hosts; /* host:port,... */
    const char *vhost;
    bool tls;
} good_cases[] = {
    /* The specification's own. */
    {"amqp://user:pass@host:10000/vhost", "user", "pass", "host:10000", "vhost", false},
    {"amqp://user%61:%61pass@ho%61st:10000/v%2fhost", "usera", "apass", "hoast:10000", "v/host",
     false},
    {"amqp://", "guest", "guest", "localhost:5672", "/", false},
    {"amqp://:@/", "", "", "localhost:5672", "/", false},
    {"amqp://user@", "user", "guest", "localhost:5672", "/", false},
    {"amqp://user:pass@", "user", "pass", "localhost:5672", "/", false},
    {"amqp://host", "guest", "guest", "host:5672", "/", false},
    {"amqp://:10000", "guest", "guest", "localhost:10000", "/", false},
    {"amqp:///vhost", "guest", "guest", "localhost:5672", "vhost", false},
    {"amqp://host/", "guest", "guest", "host:5672", "/", false},
    {"amqp://host/%2f", "guest", "guest", "host:5672", "/", false},
    {"amqp://[::1]", "guest", "guest", "[::1]:5672", "/", false},
    {"amqps://user%61:%61pass@ho%61st:10000/v%2fhost", "usera", "apass", "hoast:10000", "v/host",
     true},
    {"amqps://", "guest", "guest", "localhost:5671", "/", true},
    /* Schemes. */
    {"AMQP://host", "guest", "guest", "host:5672", "/", false},
    {"AmqpS://host", "guest", "guest", "host:5671", "/", true},
    /* Hosts. */
    {"amqp://a,b:1,c", "guest", "guest", "a:5672,b:1,c:5672", "/", false},
    {"amqps://u:p@a:1,[2001:db8::7]:2,10.0.0.3/v", "u", "p", "a:1,[2001:db8::7]:2,10.0.0.3:5671",
     "v", true},
    {"amqp://:1,:2", "guest", "guest", "localhost:1,localhost:2", "/", false},
    {"amqp://host:", "guest", "guest", "host:5672", "/", false},
    {"amqp://host:65535", "guest", "guest", "host:65535", "/", false},
    {"amqp://[::ffff:10.0.0.1]:1", "guest", "guest", "[::ffff:10.0.0.1]:1", "/", false},
    {"amqp://my_broker.shop-1.example.", "guest", "guest", "my_broker.shop-1.example.:5672", "/",
     false},
    {"amqp://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "guest", "guest",
     "1:5672,2:5672,3:5672,4:5672,5:5672,6:5672,7:5672,8:5672,9:5672,10:5672,11:5672,12:5672,"
     "13:5672,14:5672,15:5672,16:5672",
     "/", false},
    /* Every byte, escaped or not. */
    {"amqp://%41%7e%FF%01:%40%3A%2F%3f%23%25@h/%C3%9F%20", "A~\xff\x01", "@:/?#%", "h:5672",
     "\xc3\x9f ", false},
    {"amqp://a-._~!$&'()*+,;=:-._~!$&'()*+,;=@h/-._~!$&'()*+,;=:", "a-._~!$&'()*+,;=",
     "-._~!$&'()*+,;=", "h:5672", "-._~!$&'()*+,;=:", false},
    {"amqp://u:@h", "u", "", "h:5672", "/", false},
    {"amqp://h/+", "guest", "guest", "h:5672", "+", false},
    {"amqp://h?", "guest", "guest", "h:5672", "/", false},
    {"amqp://h/v?heartbeat=7", "guest", "guest", "h:5672", "v", false},
};

static void put_hosts(const struct amqp_url *url, char *memory, size_t capacity)
{
    struct text text;
    text_init(&text, memory, capacity);
    for (uint32_t i = 0; i < url->host_count; i++) {
        const struct amqp_host *host = &url->hosts[i];
        text_put(&text, i == 0 ? "" : ",");
        text_format(&text, strchr(host->name, ':') != NULL ? "[%s]:%u" : "%s:%u", host->name,
                    host->port);
    }
}

static void parses(void **state)
{
    const struct good_case *test = *state;
    struct amqp_url url;
    struct error error = {0};
    char hosts[1024];

    if (!amqp_url_parse(test->text, &url, &error)) {
        fail_msg("%s", error.text);
    }
    put_hosts(&url, hosts, sizeof hosts);
    assert_string_equal(url.user, test->user);
    assert_string_equal(url.password, test->password);
    assert_string_equal(hosts, test->hosts);
    assert_string_equal(url.vhost, test->vhost);
    assert_int_equal(url.tls, test->tls);
    assert_int_equal(url.host_first, 0);
}

/* What is written is the same place again, without the password. */
static void writes_what_it_parses(void **state)
{
    const struct good_case *test = *state;
    struct amqp_url url;
    struct amqp_url again;
    struct error error = {0};
    char memory[4096];
    struct text text;

    text_init(&text, memory, sizeof memory);
    assert_true(amqp_url_parse(test->text, &url, &error));
    amqp_url_write(&url, &text);
    assert_false(text.full);
    assert_true(amqp_url_parse(memory, &again, &error));
    assert_false(again.password_given);
    assert_string_equal(again.user, url.user);
    assert_string_equal(again.vhost, url.vhost);
    assert_int_equal(again.tls, url.tls);
    assert_int_equal(again.host_count, url.host_count);
    assert_memory_equal(again.hosts, url.hosts, sizeof url.hosts);
}

/* The password's pieces are Geheim and Wort, wherever it begins and ends. */
static const struct bad_case {
    const char *text;
    const char *says;
} bad_cases[] = {
    {"", "it begins neither with amqp:// nor with amqps://"},
    {"amqp", "it begins neither with amqp:// nor with amqps://"},
    {"amqp:/host", "it begins neither with amqp:// nor with amqps://"},
    {"http://user:GeheimWort@host", "it begins neither with amqp:// nor with amqps://"},
    {"user:GeheimWort@host", "it begins neither with amqp:// nor with amqps://"},
    {" amqp://user:GeheimWort@host", "it begins neither with amqp:// nor with amqps://"},
    /* Where it is unclear what the password is. */
    {"amqp://user:Geheim@Wort@host", "byte 24: a second @"},
    {"amqp://user:Geheim/Wort@host", "byte 24: an @ behind a /, ? or #"},
    {"amqp://user:Geheim?Wort@host", "byte 24: an @ behind a /, ? or #"},
    {"amqp://user:Geheim#Wort@host", "byte 24: an @ behind a /, ? or #"},
    {"amqp://user:Geheim@Wort/Geheim@host", "byte 31: a second @"},
    {"amqp://user:Geheim:Wort@host", "byte 19: a second : before the @"},
    {"amqp://user:Geheim:Wort", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://user:GeheimWort", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://user:GeheimWort/vhost", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://user:Geheim,Wort", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://user:1?GeheimWort", "byte 15: option 1 is not known"},
    {"amqp://user:1?GeheimWort=1", "byte 15: option 1 is not known"},
    {"amqp://user:1?heartbeat=GeheimWort",
     "heartbeat: not a whole number of seconds from 1 to 3600"},
    {"amqp://user:1/Geheim/Wort", "byte 21: a second /"},
    {"amqp://user:1#GeheimWort", "byte 14: a # (an AMQP URL has no fragment)"},
    {"amqp://user:[GeheimWort]@host", "byte 13: a byte that the password may not hold as it is"},
    {"amqp://[GeheimWort", "byte 8: a [ without its ]"},
    {"amqp://user:GeheimWort%@host", "byte 23: % is not followed by two hexadecimal digits"},
    /* Escapes. */
    {"amqp://user:Geheim%00Wort@host", "byte 19: %00 is not allowed"},
    {"amqp://user:Geheim%4@host", "byte 19: % is not followed by two hexadecimal digits"},
    {"amqp://user:Geheim%4gWort@host", "byte 19: % is not followed by two hexadecimal digits"},
    {"amqp://user:Geheim%-1Wort@host", "byte 19: % is not followed by two hexadecimal digits"},
    {"amqp://u%00:GeheimWort@host", "byte 9: %00 is not allowed"},
    {"amqp://host/%00", "byte 13: %00 is not allowed"},
    {"amqp://host/a b", "byte 14: a byte that the vhost may not hold as it is"},
    {"amqp://user:Geheim Wort@host", "byte 19: a byte that the password may not hold as it is"},
    {"amqp://user:Geheim\xc3\x9fWort@host",
     "byte 19: a byte that the password may not hold as it is"},
    {"amqp://user:Geheim\\Wort@host", "byte 19: a byte that the password may not hold as it is"},
    {"amqp://us er:GeheimWort@host", "byte 10: a byte that the user may not hold as it is"},
    /* Hosts and ports. */
    {"amqp://host:0", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://host:65536", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://host:4294972968", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://host:+5672", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://host:56 72", "byte 13: a port is a number from 1 to 65535"},
    {"amqp://::1", "byte 9: a port is a number from 1 to 65535"},
    {"amqp://[::1", "byte 8: a [ without its ]"},
    {"amqp://[]", "byte 9: no IPv6 address between the brackets"},
    {"amqp://[::1]5672", "byte 13: neither a : nor a , behind the ]"},
    {"amqp://[::g]", "byte 9: no IPv6 address between the brackets"},
    {"amqp://[fe80::1%25eth0]", "byte 9: no IPv6 address between the brackets"},
    {"amqp://[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111]",
     "byte 9: no IPv6 address between the brackets"},
    {"amqp://a,,b", "byte 10: an empty host in the list"},
    {"amqp://a,", "byte 10: an empty host in the list"},
    {"amqp://,a", "byte 8: an empty host in the list"},
    {"amqp://-a", "byte 8: not the name of a host"},
    {"amqp://a%20b", "byte 8: not the name of a host"},
    {"amqp://user:GeheimWort@h%2fost", "byte 24: not the name of a host"},
    {"amqp://a$b", "byte 8: not the name of a host"},
    {"amqp://a b", "byte 9: a byte that the host may not hold as it is"},
    {"amqp://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16 hosts"},
    {"amqp://" X60 X60 X60 X60 X10 "xxxx", "the host is longer than 253 bytes"},
    {"amqp://" X60 X60 X60 X60 X10 "xxxxxx:GeheimWort@host", "the user is longer than 255 bytes"},
    {"amqp://host/" X60 X60 X60 X60 X10 "xxxxxx", "the vhost is longer than 255 bytes"},
    /* Path and fragment. */
    {"amqp://host/a/b", "byte 14: a second /"},
    {"amqp://host//", "byte 13: a second /"},
    {"amqp://host/a@b", "byte 14: an @ behind a /, ? or #"},
    {"amqp://host#a", "byte 12: a # (an AMQP URL has no fragment)"},
    /* Options. */
    {"amqp://user:GeheimWort@host?heartbeat=0",
     "heartbeat: 0 would switch heartbeats off, and a dead broker would not be noticed"},
    {"amqp://host?heartbeat=3601", "heartbeat: not a whole number of seconds from 1 to 3600"},
    {"amqp://host?heartbeat=-1", "heartbeat: not a whole number of seconds from 1 to 3600"},
    {"amqp://host?heartbeat=", "heartbeat: not a whole number of seconds from 1 to 3600"},
    {"amqp://host?heartbeat=4294967301", "heartbeat: not a whole number of seconds from 1 to 3600"},
    {"amqp://host?heartbeat", "heartbeat: no value: write heartbeat=..."},
    {"amqp://host?heartbeat=5&heartbeat=5", "heartbeat: given twice"},
    {"amqp://host?frame_max=8191", "frame_max: not a whole number of bytes from 8192 to 1048576"},
    {"amqp://host?channel_max=0", "channel_max: not a whole number of channels from 1 to 65535"},
    {"amqp://host?connection_timeout=0",
     "connection_timeout: not a whole number of milliseconds from 1 to 600000"},
    {"amqp://host?Heartbeat=5", "byte 13: option 1 is not known"},
    {"amqp://host?heartbeat=5&", "byte 25: option 2 is not known"},
    {"amqp://host?heartbeat=5&&frame_max=8192", "byte 25: option 2 is not known"},
    {"amqp://host?cacertfile=/ca.pem", "cacertfile: an option of amqps in a URL of amqp"},
    {"amqp://host?verify=verify_none", "verify: an option of amqps in a URL of amqp"},
    {"amqps://host?verify=no", "verify: neither verify_peer nor verify_none"},
    {"amqps://host?cacertfile=", "cacertfile: it is empty"},
    {"amqps://host?cacertfile=%00", "cacertfile: byte 25: %00 is not allowed"},
    {"amqps://host?certfile=/c.pem", "certfile and keyfile: one is given without the other"},
    {"amqps://host?keyfile=/k.pem", "certfile and keyfile: one is given without the other"},
    {"amqps://host?server_name_indication=a%20b", "server_name_indication: not the name of a host"},
    {"amqp://host?auth_mechanism=external", "auth_mechanism: only plain is supported"},
};

static void assert_keeps_the_secret(const struct error *error)
{
    static const char *const pieces[] = {"Geheim", "Wort", "eheim", "Gehei"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        assert_null(strstr(error->text, pieces[i]));
        assert_null(strstr(error->remedy, pieces[i]));
    }
}

static void refuses(void **state)
{
    const struct bad_case *test = *state;
    const struct amqp_url untouched = {.host_count = 77};
    struct amqp_url url = untouched;
    struct error error = {0};

    assert_false(amqp_url_parse(test->text, &url, &error));
    assert_string_equal(error.text, test->says);
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_keeps_the_secret(&error);
    assert_memory_equal(&url, &untouched, sizeof url);
}

static const struct hint_case {
    const char *text;
    const char *remedy;
} hint_cases[] = {
    {"amqp://host?heartbeats=5", "Did you mean heartbeat?"},
    {"amqp://host?hartbeat=5", "Did you mean heartbeat?"},
    {"amqp://host?chanel_max=5", "Did you mean channel_max?"},
    {"amqps://host?cacert_file=x", "Did you mean cacertfile?"},
    {"amqp://user:GeheimWort", "Write user:password@host:port, and a : in user or password as %3A; "
                               "an IPv6 address stands in brackets."},
    {"amqp://user:Geheim\\Wort@host", "Percent-encode it there: %5C."},
    {"amqp://user:Geheim@Wort@host", "Write an @ in user, password, vhost or options as %40."},
    {"amqp://h?colour=red", "Known are heartbeat, connection_timeout, channel_max, frame_max, "
                            "auth_mechanism, verify, cacertfile, certfile, keyfile and "
                            "server_name_indication."},
};

static void says_what_to_do(void **state)
{
    const struct hint_case *test = *state;
    struct amqp_url url;
    struct error error = {0};
    assert_false(amqp_url_parse(test->text, &url, &error));
    assert_string_equal(error.remedy, test->remedy);
    assert_keeps_the_secret(&error);
}

static void has_defaults(void **state)
{
    (void)state;
    struct amqp_url url;
    struct error error = {0};
    assert_true(amqp_url_parse("amqp://", &url, &error));
    assert_int_equal(url.heartbeat_seconds, AMQP_HEARTBEAT_DEFAULT);
    assert_int_equal(url.connect_timeout_ms, AMQP_TIMEOUT_MS_DEFAULT);
    assert_int_equal(url.channel_max, AMQP_CHANNELS_DEFAULT);
    assert_int_equal(url.frame_max, AMQP_FRAME_DEFAULT);
    assert_true(url.verify);
    assert_false(url.password_given);
    assert_string_equal(url.ca_file, "");
    assert_string_equal(url.server_name, "");
}

/* One of several may be frozen, and the next is tried after it. */
static void waits_less_for_each_of_several_hosts(void **state)
{
    (void)state;
    struct amqp_url url;
    struct error error = {0};
    assert_true(amqp_url_parse("amqp://one,two", &url, &error));
    assert_int_equal(url.connect_timeout_ms, AMQP_TIMEOUT_MS_SEVERAL);
    assert_true(amqp_url_parse("amqp://one,two?connection_timeout=7000", &url, &error));
    assert_int_equal(url.connect_timeout_ms, 7000);
}

static void takes_every_option(void **state)
{
    (void)state;
    struct amqp_url url;
    struct error error = {0};
    assert_true(amqp_url_parse(
        "amqps://h?heartbeat=9&connection_timeout=1500&channel_max=3&frame_max=8192&"
        "auth_mechanism=plain&verify=verify_none&cacertfile=/etc/a%20b/ca.pem&certfile=c:?.pem&"
        "keyfile=k%40.pem&server_name_indication=broker.example",
        &url, &error));
    assert_int_equal(url.heartbeat_seconds, 9);
    assert_int_equal(url.connect_timeout_ms, 1500);
    assert_int_equal(url.channel_max, 3);
    assert_int_equal(url.frame_max, 8192);
    assert_false(url.verify);
    assert_string_equal(url.ca_file, "/etc/a b/ca.pem");
    assert_string_equal(url.certificate_file, "c:?.pem");
    assert_string_equal(url.key_file, "k@.pem");
    assert_string_equal(url.server_name, "broker.example");
}

static void writes_neither_password_nor_options(void **state)
{
    (void)state;
    struct amqp_url url;
    struct error error = {0};
    char memory[256];
    struct text text;
    text_init(&text, memory, sizeof memory);
    assert_true(amqp_url_parse("amqps://a%3Ab:GeheimWort@[::1],h:1/%2F?heartbeat=9", &url, &error));
    amqp_url_write(&url, &text);
    assert_string_equal(memory, "amqps://a%3Ab@[::1]:5671,h:1/%2F");
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    char text[AMQP_URL_SIZE_MAX + 2];
    struct amqp_url url;
    struct error error = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "amqp://", strlen("amqp://"));
    assert_false(amqp_url_parse(text, &url, &error));
    assert_string_equal(error.text, "longer than 8192 bytes");
}

static void bounds_the_password(void **state)
{
    (void)state;
    char text[AMQP_PASSWORD_MAX + 64];
    char password[AMQP_PASSWORD_MAX + 2];
    struct amqp_url url;
    struct error error = {0};
    memset(password, 'x', sizeof password - 1);
    password[AMQP_PASSWORD_MAX + 1] = '\0';
    (void)snprintf(text, sizeof text, "amqp://u:%s@h", password);
    assert_false(amqp_url_parse(text, &url, &error));
    assert_string_equal(error.text, "the password is longer than 1024 bytes");
    password[AMQP_PASSWORD_MAX] = '\0';
    (void)snprintf(text, sizeof text, "amqp://u:%s@h", password);
    assert_true(amqp_url_parse(text, &url, &error));
    assert_string_equal(url.password, password);
}

int main(void)
{
    enum {
        GOOD = sizeof good_cases / sizeof good_cases[0],
        BAD = sizeof bad_cases / sizeof bad_cases[0],
        HINTS = sizeof hint_cases / sizeof hint_cases[0],
        ROWS = GOOD + GOOD + BAD + HINTS,
    };
    struct CMUnitTest tests[ROWS + 6] = {
        [ROWS] = cmocka_unit_test(has_defaults),
        [ROWS + 1] = cmocka_unit_test(takes_every_option),
        [ROWS + 2] = cmocka_unit_test(writes_neither_password_nor_options),
        [ROWS + 3] = cmocka_unit_test(refuses_what_is_too_long),
        [ROWS + 4] = cmocka_unit_test(bounds_the_password),
        [ROWS + 5] = cmocka_unit_test(waits_less_for_each_of_several_hosts),
    };
    for (size_t i = 0; i < GOOD; i++) {
        tests[i] =
            (struct CMUnitTest){good_cases[i].text, parses, NULL, NULL, (void *)&good_cases[i]};
        tests[GOOD + i] = (struct CMUnitTest){good_cases[i].text, writes_what_it_parses, NULL, NULL,
                                              (void *)&good_cases[i]};
    }
    for (size_t i = 0; i < BAD; i++) {
        tests[GOOD + GOOD + i] =
            (struct CMUnitTest){bad_cases[i].text, refuses, NULL, NULL, (void *)&bad_cases[i]};
    }
    for (size_t i = 0; i < HINTS; i++) {
        tests[GOOD + GOOD + BAD + i] = (struct CMUnitTest){hint_cases[i].text, says_what_to_do,
                                                           NULL, NULL, (void *)&hint_cases[i]};
    }
    return cmocka_run_group_tests_name("amqp_url", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses are this machine's own. */
#include "common/connect/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/test.h"

static const struct peer_case {
    const char *address;
    bool local;
} cases[] = {
    {"127.0.0.1", true},
    {"127.255.3.9", true},
    {"126.255.255.255", false},
    {"128.0.0.1", false},
    {"10.0.0.1", false},
    {"192.168.1.127", false},
    {"0.0.0.0", false},
    {"::1", true},
    {"::2", false},
    {"::", false},
    {"::ffff:127.0.0.1", true},
    {"::ffff:10.0.0.1", false},
    {"fe80::1", false},
    {"2001:db8::127:1", false},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void knows_an_address(void **state)
{
    const struct peer_case *test = *state;
    struct sockaddr_storage address = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, test->address, &in.sin_addr) == 1) {
        memcpy(&address, &in, sizeof in);
    } else {
        assert_int_equal(inet_pton(AF_INET6, test->address, &in6.sin6_addr), 1);
        memcpy(&address, &in6, sizeof in6);
    }
    assert_int_equal(address_is_local((const struct sockaddr *)&address), test->local);
}

static void a_unix_socket_is_local(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(peer_is_local(pair[0]));
    close(pair[0]);
    close(pair[1]);
}

static void what_cannot_be_asked_is_not_local(void **state)
{
    (void)state;
    assert_false(peer_is_local(-1));
}

int main(void)
{
    struct CMUnitTest tests[CASES + 2] = {
        [CASES] = cmocka_unit_test(a_unix_socket_is_local),
        [CASES + 1] = cmocka_unit_test(what_cannot_be_asked_is_not_local),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = cases[i].address,
                                       .test_func = knows_an_address,
                                       .initial_state = (void *)&cases[i]};
    }
    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the doctor says of a connection, by how it was made. */
#include "worker/commands/doctor_transport.h"

#include "tests/support/test.h"

static const struct transport_case {
    const char *name;
    struct transport transport;
    bool ok;
} cases[] = {
    {"plain on this machine", {true, NULL, false, "Do this."}, true},
    {"plain over a network", {false, NULL, false, "Do this."}, false},
    {"verified on this machine", {true, "TLSv1.3", true, "Do this."}, true},
    {"verified over a network", {false, "TLSv1.3", true, "Do this."}, true},
    {"not verified over a network", {false, "TLSv1.3", false, "Do this."}, false},
    {"not verified on this machine", {true, "TLSv1.3", false, "Do this."}, true},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void judges(void **state)
{
    const struct transport_case *test = *state;
    static struct findings findings;
    findings = (struct findings){0};
    doctor_transport(&findings, "broker TLS", &test->transport);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.list[0].ok, test->ok);
    assert_int_equal(findings.faults, test->ok ? 0 : 1);
    assert_false(findings.unreachable);
    assert_string_equal(findings.list[0].remedy, test->ok ? "" : "Do this.");
}

int main(void)
{
    struct CMUnitTest tests[CASES];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = judges, .initial_state = (void *)&cases[i]};
    }
    return cmocka_run_group_tests_name("doctor_transport", tests, NULL, NULL);
}

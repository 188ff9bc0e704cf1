/* SPDX-License-Identifier: Apache-2.0
 *
 * A child that does not outlive us. */
#include "tests/bench/relay.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

void relay_start(struct relay *relay, char *const *arguments)
{
    const pid_t parent = getpid();
    relay->process = fork();
    if (relay->process < 0) {
        measure_fail("no process for \"%s\"", arguments[0]);
    }
    if (relay->process > 0) {
        return;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a signal that exists */
    if (getppid() == parent) {
        (void)execvp(arguments[0], arguments); /* returns only when it has failed */
    }
    _exit(127);
}

void relay_check(const struct relay *relay)
{
    int status = 0;
    if (waitpid(relay->process, &status, WNOHANG) != 0) {
        measure_fail("what is measured has ended by itself: see what it says above");
    }
}

void relay_stop(struct relay *relay)
{
    int status = 0;
    if (kill(relay->process, SIGTERM) != 0 ||
        waitpid(relay->process, &status, 0) != relay->process || status != 0) {
        measure_fail("what is measured does not end in order: wait status %d", status);
    }
    relay->process = 0;
}

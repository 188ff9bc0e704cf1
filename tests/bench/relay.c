/* SPDX-License-Identifier: Apache-2.0
 *
 * A child that does not outlive us. */
#include "tests/bench/relay.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define STOP_MS 30000

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

/* False: it has not ended in time. */
static bool await_end(const struct relay *relay)
{
    struct pollfd file = {.fd = pidfd_open(relay->process, 0), .events = POLLIN};
    const bool ended = file.fd >= 0 && poll(&file, 1, STOP_MS) == 1;
    if (file.fd >= 0) {
        (void)close(file.fd); /* of a process: nothing can be lost */
    }
    return ended;
}

void relay_stop(struct relay *relay)
{
    int status = 0;
    if (kill(relay->process, SIGTERM) != 0 || !await_end(relay)) {
        (void)kill(relay->process, SIGKILL); /* it may have gone by now */
        measure_fail("what is measured does not end within %d s", STOP_MS / 1000);
    }
    if (waitpid(relay->process, &status, 0) != relay->process || status != 0) {
        measure_fail("what is measured does not end in order: wait status %d", status);
    }
    relay->process = 0;
}

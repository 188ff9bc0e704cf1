/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that is measured: whatever turns jobs into events. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct relay {
    pid_t process; /* 0: does not run */
};

/* Starts a program, found by PATH, with its arguments, ended by NULL. What fails here ends ours. */
void relay_start(struct relay *relay, char *const *arguments);

/* Ends ours if it does not run any more. */
void relay_check(const struct relay *relay);

/* Asks it to finish, and waits until it has. */
void relay_stop(struct relay *relay);

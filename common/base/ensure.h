/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of what only a bug of ours can break. They stay in every build: a worker that is wrong
 * about itself must stop before it writes, and its lanes go to the next worker. */
#pragma once

_Noreturn void ensure_failed(const char *condition, const char *file, int line);

#define ENSURE(condition) ((condition) ? (void)0 : ensure_failed(#condition, __FILE__, __LINE__))

#define MUST_CHECK __attribute__((warn_unused_result))

/* A large variable on the way of every job, which the hardened build would fill with zeros: all of
 * it that is read has been written. */
#define UNTOUCHED __attribute__((uninitialized))

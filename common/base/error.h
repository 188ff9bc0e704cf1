/* SPDX-License-Identifier: Apache-2.0
 *
 * What went wrong, why, and what to do about it.
 *
 * The deepest function says what happened, callers that know more put their context in front, and
 * whoever can no longer go on decides by the kind. Nobody below a command prints or exits. */
#pragma once

#include <stdbool.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"

/* Named after what to do next, not after who complained. */
enum error_kind {
    ERROR_NONE,
    ERROR_RETRY,   /* a server cannot be reached or is busy: the same again, after a pause */
    ERROR_UNKNOWN, /* it may have been committed: read before acting */
    ERROR_FENCED,  /* another worker has the lane: close the channel */
    ERROR_JOB,     /* one job is at fault: halve the batch */
    ERROR_CONFIG,  /* a setting, a permission or a version must change first */
    ERROR_USAGE,   /* the command line is wrong */
    ERROR_REFUSED, /* understood, and the answer is no */
    ERROR_FATAL,   /* no way on: say why, exit */
};

struct error {
    enum error_kind kind;
    char text[ERROR_TEXT_MAX];     /* "context: what: why", never with a password in it */
    char remedy[ERROR_REMEDY_MAX]; /* what to do, a sentence; empty when nobody knew one */
};

/* Both return false, so that a failing function ends in one line:
 *     return error_set(error, ERROR_CONFIG, "lanes \"%s\": not a number", text);
 *     return error_wrap(error, "set up the broker");     puts its text in front */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool error_wrap(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what to do about it; returns false too. The first remedy stays: it knew more. */
bool error_advise(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

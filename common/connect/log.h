/* SPDX-License-Identifier: Apache-2.0
 *
 * The log: one line a fact, on stderr, for people and for machines.
 *
 *     2026-11-21T09:00:00.123Z info  lane: taken over lane=17 epoch=4
 *
 * A lane, a command or a worker logs, once, where it decides what to do; libraries return errors.
 */
#pragma once

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
};

/* Writes the level named in text on success. */
bool log_level_parse(const char *text, enum log_level *level);
void log_level_set(enum log_level level);

/* The message says what happened; its fields, "name=value", stand behind it. Control characters
 * become spaces, so that one fact stays one line. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

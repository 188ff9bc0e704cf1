/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes log lines, each with one system call, so that lines of several threads never mix. */
#include "common/connect/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"

#define LOG_LINE_MAX 2048u /* bytes; a longer line is cut */

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

static _Atomic enum log_level lowest = LOG_LEVEL_INFO;

bool log_level_parse(const char *text, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_level_set(enum log_level level)
{
    atomic_store(&lowest, level);
}

static void put_time(struct text *line)
{
    struct timespec now;
    struct tm utc;
    char second[sizeof "2026-11-21T09:00:00"];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &utc);
    text_format(line, "%s.%03dZ", second, (int)(now.tv_nsec / 1000000));
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level < atomic_load(&lowest)) {
        return;
    }
    char memory[LOG_LINE_MAX];
    char message[LOG_LINE_MAX - 64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ') {
            *c = ' '; /* one line a fact, whatever a server put into its message */
        }
    }

    struct text line;
    text_init(&line, memory, sizeof memory);
    put_time(&line);
    text_format(&line, " %-5s %s\n", level_names[level], message);
    (void)!write(STDERR_FILENO, line.bytes, line.size); /* nowhere to report a lost log line */
}

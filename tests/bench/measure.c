/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks, /proc, and order. */
#include "tests/bench/measure.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/ensure.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        measure_fail("a clock cannot be read: has the process ended?");
    }
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t measure_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t measure_cpu_ns(pid_t process)
{
    clockid_t clock;
    if (clock_getcpuclockid(process, &clock) != 0) {
        measure_fail("there is no process %d", (int)process);
    }
    return read_clock(clock);
}

uint64_t measure_memory_kib(pid_t process)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtoull(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file); /* only read */
    }
    if (kib == 0) {
        measure_fail("%s does not say VmHWM", path);
    }
    return kib;
}

static int compare(const void *one, const void *other)
{
    const int64_t a = *(const int64_t *)one;
    const int64_t b = *(const int64_t *)other;
    return a < b ? -1 : a > b;
}

void measure_sort(int64_t *values, uint32_t count)
{
    qsort(values, count, sizeof values[0], compare);
}

int64_t measure_quantile(const int64_t *sorted, uint32_t count, double share)
{
    ENSURE(count > 0);
    const uint32_t rank = (uint32_t)ceil(share * count);
    return sorted[rank == 0 ? 0 : rank - 1];
}

uint32_t measure_number(const char *text, uint32_t max)
{
    char *end = NULL;
    const unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number < 1 || number > max) {
        measure_fail("\"%s\" is no number from 1 to %" PRIu32, text, max);
    }
    return (uint32_t)number;
}

void measure_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void measure_fail_by(const struct error *error)
{
    measure_fail("%s%s%s", error->text, error->remedy[0] == '\0' ? "" : " -> ", error->remedy);
}

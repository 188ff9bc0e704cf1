/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read off clocks and off processes, and what a program that measures says when it cannot
 * go on. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"

/* A clock that only goes forward. */
int64_t measure_now_ns(void);

/* Processor time of all threads of a process that lives, in user and system mode. */
int64_t measure_cpu_ns(pid_t process);

/* The most memory that a process that lives ever had resident. */
uint64_t measure_memory_kib(pid_t process);

/* Sorts the values; then, of so many sorted ones, the smallest that is not below the share. */
void measure_sort(int64_t *values, uint32_t count);
int64_t measure_quantile(const int64_t *sorted, uint32_t count, double share);

/* A number from 1 on, as an argument says it; what is none ends the program. */
uint32_t measure_number(const char *text, uint32_t max);

/* Says why on stderr, and exits 1: half a measurement is none. */
_Noreturn void measure_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void measure_fail_by(const struct error *error);

/* SPDX-License-Identifier: Apache-2.0
 *
 * Points in time, and their form in jobs and events: RFC 3339. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ensure.h"
#include "common/base/span.h"

/* Microseconds since 1970-01-01T00:00:00Z, as PostgreSQL's clock counts. */
typedef int64_t instant;
#define INSTANT_NONE   INT64_MIN /* no such time was given */
#define INSTANT_SECOND INT64_C(1000000)

/* From the first microsecond of the year 1 to the last of 9999: what four digits can say. */
#define INSTANT_MIN INT64_C(-62135596800000000)
#define INSTANT_MAX INT64_C(253402300799999999)

#define INSTANT_TEXT_SIZE 27u /* 2026-11-21T09:00:00.123456Z, without a NUL */

/* Reads a date and time of RFC 3339, with "T" and "Z" in either case and any offset. Digits beyond
 * the microsecond are cut off. A leap second, 23:59:60 in UTC, is the second after it, as it is to
 * PostgreSQL. False: not of that form, no such date, or outside INSTANT_MIN to INSTANT_MAX. */
bool instant_parse(struct span text, instant *time) MUST_CHECK;

/* Writes INSTANT_TEXT_SIZE bytes: in UTC, always with six digits. */
void instant_write(instant time, char *bytes);

/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads CSV as RFC 4180 has it, strictly: fields between commas, quotes around a field that has a
 * comma, a quote or a line's end in it. Lines may end in CRLF or LF. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/ensure.h"
#include "common/base/span.h"

/* The bytes are the caller's, and are rewritten: quotes leave. */
struct csv {
    char *bytes;
    size_t size;
    size_t at;
    uint32_t line; /* in which the next record begins: 1, 2, 3 ... */
};

enum csv_answer {
    CSV_RECORD,
    CSV_END,
    CSV_BAD, /* the record is no good; the next one begins with the next line */
};

/* Skips a byte order mark. */
void csv_init(struct csv *csv, char *bytes, size_t size);

/* Reads a record of at most so many fields, passing over empty lines. Fields point into the bytes.
 * *line is where it begins; of a bad one *fault is a constant phrase. */
enum csv_answer csv_next(struct csv *csv, struct span *fields, size_t fields_max, size_t *count,
                         uint32_t *line, const char **fault) MUST_CHECK;

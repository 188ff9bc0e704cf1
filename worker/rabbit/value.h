/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of AMQP's tables and lists, one after the other. Whatever is nested has its size in
 * front and is read on its own, so nothing here recurs, however deep a stranger nests. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/rabbit/frame.h"

enum value_kind {
    VALUE_TEXT,
    VALUE_BYTES,
    VALUE_NUMBER, /* times, too */
    VALUE_BOOLEAN,
    VALUE_TABLE,
    VALUE_LIST,
    VALUE_OTHER, /* nothing, or a number that is no integer */
};

/* What belongs to the kind; the rest is zero. */
struct value {
    enum value_kind kind;
    struct span text;     /* of texts and bytes */
    int64_t number;       /* of a boolean 0 or 1 */
    struct fields inside; /* of a table: name and value in turn; of a list: values */
};

/* Whether there is more to read. */
bool values_left(const struct fields *fields);

/* The next value. False: what is there is none, and nothing behind it can be read. */
bool value_read(struct fields *fields, struct value *value) MUST_CHECK;

/* The value of that name, the first of several: it is the one that the broker replaces. False:
 * there is none. */
bool value_find(struct fields table, struct span name, struct value *value) MUST_CHECK;

/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of one statement's $1, $2 ..., in PostgreSQL's binary form. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/instant.h"
#include "common/base/span.h"
#include "common/base/text.h"

#define PARAMETERS_MAX 48u

/* Types of elements, as pg_type numbers them. */
enum element {
    ELEMENT_BOOLEAN = 16,
    ELEMENT_INT8 = 20,
    ELEMENT_INT2 = 21,
    ELEMENT_INT4 = 23,
    ELEMENT_TEXT = 25,
    ELEMENT_PLACE = 27, /* tid: where in the table a row is */
    ELEMENT_JSON = 114,
    ELEMENT_INSTANT = 1184, /* timestamptz */
};

/* The memory is the caller's. What does not fit is dropped and remembered. */
struct parameters {
    char *memory;
    size_t capacity;
    size_t size;
    bool full;
    int count;
    size_t begins[PARAMETERS_MAX];
    int sizes[PARAMETERS_MAX]; /* -1: NULL */

    /* The array that is being written. */
    uint32_t elements;
    bool has_null;
    bool has_value;
};

void parameters_init(struct parameters *parameters, void *memory, size_t capacity);

/* One value. */
void parameter_int2(struct parameters *parameters, int16_t value);
void parameter_int4(struct parameters *parameters, int32_t value);
void parameter_int8(struct parameters *parameters, int64_t value);
void parameter_boolean(struct parameters *parameters, bool value);
void parameter_text(struct parameters *parameters, struct span value);
void parameter_instant(struct parameters *parameters, instant value);

/* An array: between begin and end its elements. One without any value becomes NULL, of which
 * unnest() makes as many NULLs as the other arrays have elements, for nothing. */
void array_begin(struct parameters *parameters, enum element element);
void array_end(struct parameters *parameters);

void array_null(struct parameters *parameters);
void array_int2(struct parameters *parameters, int16_t value);
void array_int4(struct parameters *parameters, int32_t value);
void array_int8(struct parameters *parameters, int64_t value);
void array_place(struct parameters *parameters, int64_t value); /* as row_integer reads it */
void array_boolean(struct parameters *parameters, bool value);
void array_text(struct parameters *parameters, struct span value); /* absent: NULL */
void array_instant(struct parameters *parameters, instant value);  /* INSTANT_NONE: NULL */

/* An element that is built in place: of text or JSON. begin returns false when there is no room. */
bool array_build(struct parameters *parameters, struct text *text);
void array_built(struct parameters *parameters, const struct text *text);

/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes values as PostgreSQL's receive functions read them: big-endian. */
#include "worker/postgres/parameters.h"

#include <string.h>

#include "common/base/ensure.h"
#include "worker/postgres/epoch.h"

/* An array of one dimension: how many dimensions, whether there are NULLs, the elements' type, how
 * many, the index of the first; then each element behind its size. */
enum {
    ARRAY_HEAD = 20,
    HEAD_NULLS = 4,
    HEAD_ELEMENTS = 12,
    SIZE_PREFIX = 4,
    PLACE_SIZE = 6, /* a block's number and one within it */
};

static void write_big_endian(char *target, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        target[i] = (char)(value >> (8 * (size - 1 - i)));
    }
}

/* NULL: it did not fit. */
static char *take(struct parameters *parameters, size_t size)
{
    if (parameters->full || size > parameters->capacity - parameters->size) {
        parameters->full = true;
        return NULL;
    }
    char *target = parameters->memory + parameters->size;
    parameters->size += size;
    return target;
}

static void put_number(struct parameters *parameters, uint64_t value, size_t size)
{
    char *target = take(parameters, size);
    if (target != NULL) {
        write_big_endian(target, value, size);
    }
}

static void put_bytes(struct parameters *parameters, struct span value)
{
    char *target = take(parameters, value.size);
    if (target != NULL && value.size > 0) {
        memcpy(target, value.bytes, value.size);
    }
}

void parameters_init(struct parameters *parameters, void *memory, size_t capacity)
{
    *parameters = (struct parameters){.memory = memory, .capacity = capacity};
}

static void parameter_begin(struct parameters *parameters)
{
    ENSURE((unsigned)parameters->count < PARAMETERS_MAX);
    parameters->begins[parameters->count] = parameters->size;
}

static void parameter_end(struct parameters *parameters)
{
    const size_t size = parameters->size - parameters->begins[parameters->count];
    parameters->sizes[parameters->count++] = (int)size;
}

static void parameter_number(struct parameters *parameters, uint64_t value, size_t size)
{
    parameter_begin(parameters);
    put_number(parameters, value, size);
    parameter_end(parameters);
}

void parameter_int2(struct parameters *parameters, int16_t value)
{
    parameter_number(parameters, (uint64_t)value, sizeof value);
}

void parameter_int4(struct parameters *parameters, int32_t value)
{
    parameter_number(parameters, (uint64_t)value, sizeof value);
}

void parameter_int8(struct parameters *parameters, int64_t value)
{
    parameter_number(parameters, (uint64_t)value, sizeof value);
}

void parameter_boolean(struct parameters *parameters, bool value)
{
    parameter_number(parameters, value, 1);
}

void parameter_instant(struct parameters *parameters, instant value)
{
    parameter_int8(parameters, epoch_from_instant(value));
}

void parameter_text(struct parameters *parameters, struct span value)
{
    parameter_begin(parameters);
    put_bytes(parameters, value);
    parameter_end(parameters);
}

void array_begin(struct parameters *parameters, enum element element)
{
    parameter_begin(parameters);
    parameters->elements = 0;
    parameters->has_null = false;
    parameters->has_value = false;
    put_number(parameters, 1, 4);
    put_number(parameters, 0, 4);
    put_number(parameters, (uint64_t)element, 4);
    put_number(parameters, 0, 4);
    put_number(parameters, 1, 4);
}

void array_end(struct parameters *parameters)
{
    const size_t begin = parameters->begins[parameters->count];
    if (!parameters->has_value) {
        parameters->size = begin;
        parameters->sizes[parameters->count++] = -1;
        return;
    }
    if (!parameters->full) {
        ENSURE(parameters->size >= begin + ARRAY_HEAD);
        write_big_endian(parameters->memory + begin + HEAD_NULLS, parameters->has_null, 4);
        write_big_endian(parameters->memory + begin + HEAD_ELEMENTS, parameters->elements, 4);
    }
    parameter_end(parameters);
}

void array_null(struct parameters *parameters)
{
    parameters->elements++;
    parameters->has_null = true;
    put_number(parameters, UINT32_MAX, SIZE_PREFIX);
}

static void array_number(struct parameters *parameters, uint64_t value, size_t size)
{
    parameters->elements++;
    parameters->has_value = true;
    put_number(parameters, size, SIZE_PREFIX);
    put_number(parameters, value, size);
}

void array_int2(struct parameters *parameters, int16_t value)
{
    array_number(parameters, (uint64_t)value, sizeof value);
}

void array_int4(struct parameters *parameters, int32_t value)
{
    array_number(parameters, (uint64_t)value, sizeof value);
}

void array_int8(struct parameters *parameters, int64_t value)
{
    array_number(parameters, (uint64_t)value, sizeof value);
}

void array_place(struct parameters *parameters, int64_t value)
{
    array_number(parameters, (uint64_t)value, PLACE_SIZE);
}

void array_boolean(struct parameters *parameters, bool value)
{
    array_number(parameters, value, 1);
}

void array_text(struct parameters *parameters, struct span value)
{
    if (span_absent(value)) {
        array_null(parameters);
        return;
    }
    parameters->elements++;
    parameters->has_value = true;
    put_number(parameters, value.size, SIZE_PREFIX);
    put_bytes(parameters, value);
}

void array_instant(struct parameters *parameters, instant value)
{
    if (value == INSTANT_NONE) {
        array_null(parameters);
    } else {
        array_int8(parameters, epoch_from_instant(value));
    }
}

bool array_build(struct parameters *parameters, struct text *text)
{
    const size_t room = parameters->capacity - parameters->size;
    if (parameters->full || room <= SIZE_PREFIX) {
        parameters->full = true;
        return false;
    }
    text_init(text, parameters->memory + parameters->size + SIZE_PREFIX, room - SIZE_PREFIX);
    return true;
}

void array_built(struct parameters *parameters, const struct text *text)
{
    if (text->full) {
        parameters->full = true;
        return;
    }
    parameters->elements++;
    parameters->has_value = true;
    put_number(parameters, text->size, SIZE_PREFIX);
    parameters->size += text->size;
}

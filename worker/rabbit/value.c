/* SPDX-License-Identifier: Apache-2.0
 *
 * One letter says what a value is; RabbitMQ's letters, where they differ from the specification's.
 */
#include "worker/rabbit/value.h"

bool values_left(const struct fields *fields)
{
    return !fields->broken && fields->at < fields->end;
}

static int64_t signed_octet(uint8_t octet)
{
    return octet <= INT8_MAX ? octet : octet - UINT8_MAX - 1;
}

/* Integers of any width. Returns false for another kind, of which nothing was read. */
static bool read_number(struct fields *fields, char kind, int64_t *number)
{
    switch (kind) {
    case 'b':
        *number = signed_octet(fields_octet(fields));
        return true;
    case 'B':
        *number = fields_octet(fields);
        return true;
    case 's':
        *number = (int16_t)fields_short(fields);
        return true;
    case 'u':
        *number = fields_short(fields);
        return true;
    case 'I':
        *number = (int32_t)fields_long(fields);
        return true;
    case 'i':
        *number = fields_long(fields);
        return true;
    case 'l':
    case 'L':
    case 'T':
        *number = (int64_t)fields_long_long(fields);
        return true;
    default:
        return false;
    }
}

static void read_part(struct fields *fields, char kind, struct value *value)
{
    const struct fields part = fields_part(fields);
    if (kind == 'S' || kind == 'x') {
        value->kind = kind == 'S' ? VALUE_TEXT : VALUE_BYTES;
        value->text = part.broken ? SPAN_NONE : fields_rest(&part);
    } else {
        value->kind = kind == 'F' ? VALUE_TABLE : VALUE_LIST;
        value->inside = part;
    }
}

static void read_other(struct fields *fields, char kind, struct value *value)
{
    switch (kind) {
    case 't':
        value->kind = VALUE_BOOLEAN;
        value->number = fields_octet(fields) != 0;
        break;
    case 'S':
    case 'x':
    case 'A':
    case 'F':
        read_part(fields, kind, value);
        break;
    case 'f':
        (void)fields_long(fields);
        break;
    case 'd':
        (void)fields_long_long(fields);
        break;
    case 'D':
        (void)fields_octet(fields);
        (void)fields_long(fields);
        break;
    case 'V':
        break;
    default:
        fields->broken = true; /* its size is not known, so the rest cannot be read */
    }
}

bool value_read(struct fields *fields, struct value *value)
{
    const char kind = (char)fields_octet(fields);
    *value = (struct value){.kind = VALUE_OTHER};
    if (read_number(fields, kind, &value->number)) {
        value->kind = VALUE_NUMBER;
    } else {
        read_other(fields, kind, value);
    }
    return !fields->broken;
}

bool value_find(struct fields table, struct span name, struct value *value)
{
    while (values_left(&table)) {
        const struct span found = fields_short_text(&table);
        if (!value_read(&table, value)) {
            return false;
        }
        if (span_equal(found, name)) {
            return true;
        }
    }
    return false;
}

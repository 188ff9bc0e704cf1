/* SPDX-License-Identifier: Apache-2.0
 *
 * Percent-decoding and numbers of URLs. */
#include "common/connect/amqp_url_part.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

const char *part_find(struct part part, char byte)
{
    const char *at = memchr(part.begin, byte, part_size(part));
    return at != NULL ? at : part.end;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Both digits after the % at begin; -1: they are none. */
static int escaped_byte(const char *begin, const char *end)
{
    if (end - begin < 3) {
        return -1;
    }
    const int high = hex_value(begin[1]);
    const int low = hex_value(begin[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool refuse_escape(struct part part, const char *at, int byte, struct error *error)
{
    if (byte == 0) {
        error_set(error, ERROR_CONFIG, "byte %zu: %%00 is not allowed", part_position(part, at));
        return error_advise(error, "Use a value without NUL bytes.");
    }
    error_set(error, ERROR_CONFIG, "byte %zu: %% is not followed by two hexadecimal digits",
              part_position(part, at));
    return error_advise(error, "Write a percent sign as %%25.");
}

static bool must_be_escaped(char byte, const char *allowed)
{
    return byte == '\0' || (strchr(LETTERS DIGITS "-._~!$&'()*+,;=", byte) == NULL &&
                            strchr(allowed, byte) == NULL);
}

bool part_decode(struct part part, const char *allowed, const char *what, char *memory,
                 size_t capacity, struct error *error)
{
    ENSURE(capacity > 0);
    size_t size = 0;
    for (const char *at = part.begin; at < part.end; at++) {
        int byte = (unsigned char)*at;
        if (*at == '%') {
            byte = escaped_byte(at, part.end);
            if (byte <= 0) {
                return refuse_escape(part, at, byte, error);
            }
        } else if (must_be_escaped(*at, allowed)) {
            error_set(error, ERROR_CONFIG, "byte %zu: a byte that the %s may not hold as it is",
                      part_position(part, at), what);
            return error_advise(error, "Percent-encode it there: %%%02X.", (unsigned)byte);
        }
        if (size == capacity - 1) {
            return error_set(error, ERROR_CONFIG, "the %s is longer than %zu bytes", what,
                             capacity - 1);
        }
        memory[size++] = (char)byte;
        at += *at == '%' ? 2 : 0;
    }
    memory[size] = '\0';
    return true;
}

bool part_number(struct part part, unsigned low, unsigned high, unsigned *number)
{
    const size_t size = part_size(part);
    if (size == 0 || size > 9) { /* so that it cannot overflow */
        return false;
    }
    unsigned value = 0;
    for (const char *at = part.begin; at < part.end; at++) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(*at - '0');
    }
    if (value < low || value > high) {
        return false;
    }
    *number = value;
    return true;
}

bool part_is_host(const char *name)
{
    const size_t size = strlen(name);
    return size > 0 && strspn(name, LETTERS DIGITS "-._") == size && name[0] != '-' &&
           name[0] != '.';
}

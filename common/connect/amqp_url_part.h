/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of a URL: decoded with its faults named by position, never by content. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* Bytes begin to end (exclusive) of the URL in text. */
struct part {
    const char *text;
    const char *begin;
    const char *end;
};

/* What RFC 3986 allows unescaped in each component, beside letters, digits and -._~!$&'()*+,;= */
#define PART_USER   ""
#define PART_VHOST  ":"
#define PART_HOST   ""
#define PART_OPTION ":/?"

static inline size_t part_size(struct part part)
{
    return (size_t)(part.end - part.begin);
}

/* Where a fault is, for messages: counted from 1. */
static inline size_t part_position(struct part part, const char *at)
{
    return (size_t)(at - part.text) + 1;
}

/* The first such byte in the part, or its end. */
const char *part_find(struct part part, char byte);

/* Decodes %XX into memory, with a NUL behind it. Refuses %00, a % that is none, bytes that must be
 * escaped in this component, and what does not fit. Memory is written also on failure: it may be
 * part of a struct that the caller drops then. */
bool part_decode(struct part part, const char *allowed, const char *what, char *memory,
                 size_t capacity, struct error *error) MUST_CHECK;

/* A whole number in decimal without sign, from low to high. */
bool part_number(struct part part, unsigned low, unsigned high, unsigned *number) MUST_CHECK;

/* A host's name or IPv4 address (not empty), as in DNS, and with the _ that containers use. */
bool part_is_host(const char *name);

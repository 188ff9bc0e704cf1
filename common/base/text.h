/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds a string in memory of a fixed size. What does not fit is dropped and remembered: a builder
 * is asked once, at the end, whether all of it is there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Always ends in a NUL that is not counted in size. */
struct text {
    char *bytes; /* the caller's */
    size_t size;
    size_t capacity; /* with room for the NUL */
    bool full;       /* something did not fit */
};

/* So many bytes more do fit. */
static inline bool text_has_room(const struct text *text, size_t size)
{
    return size < text->capacity - text->size;
}

void text_init(struct text *text, char *memory, size_t capacity);
void text_reset(struct text *text);

/* What text_put_bytes does where there is no room. */
void text_put_what_fits(struct text *text, const char *bytes, size_t size);

/* An event is some hundred pieces: that they fit is seen in place. */
static inline void text_put_bytes(struct text *text, const char *bytes, size_t size)
{
    if (size == 0 || !text_has_room(text, size)) {
        text_put_what_fits(text, bytes, size);
        return;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static inline void text_put(struct text *text, const char *string)
{
    text_put_bytes(text, string, strlen(string));
}

void text_put_integer(struct text *text, int64_t number); /* in decimal */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

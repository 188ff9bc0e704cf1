/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is taken piece by piece and given back as a whole, when a batch is done. Nothing is
 * allocated: the memory is the caller's, and it can be full. */
#pragma once

#include <stddef.h>

#include "common/base/ensure.h"
#include "common/base/text.h"

struct arena {
    char *memory; /* the caller's */
    size_t size;
    size_t used;
};

void arena_init(struct arena *arena, void *memory, size_t size);
void arena_reset(struct arena *arena);

/* Aligned for any type, not zeroed. NULL: full. */
void *arena_take(struct arena *arena, size_t size) MUST_CHECK;

/* The same for text: not aligned. */
char *arena_take_bytes(struct arena *arena, size_t size) MUST_CHECK;

/* How much can be taken for sure, of whatever alignment. */
size_t arena_room(const struct arena *arena);

/* What was taken since the mark was read (arena_mark) is given back. */
size_t arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, size_t mark);

/* Builds a text in all the room that is left. Between begin and end nothing else may be taken. end
 * keeps what was written, with its NUL; it returns false, and keeps nothing, if not all of it fit.
 * begin returns false if there is no room at all. */
bool arena_text_begin(struct arena *arena, struct text *text) MUST_CHECK;
bool arena_text_end(struct arena *arena, const struct text *text) MUST_CHECK;

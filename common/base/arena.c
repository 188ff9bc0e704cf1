/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes pieces off one block of memory, front to back. */
#include "common/base/arena.h"

#include <stdint.h>

static const size_t alignment = _Alignof(max_align_t);

/* Where the next piece begins, relative to the block; its size if that is past the end. */
static size_t arena_next(const struct arena *arena)
{
    const uintptr_t address = (uintptr_t)(arena->memory + arena->used);
    const size_t padding = (alignment - address % alignment) % alignment;
    return padding > arena->size - arena->used ? arena->size : arena->used + padding;
}

void arena_init(struct arena *arena, void *memory, size_t size)
{
    ENSURE(memory != NULL);
    *arena = (struct arena){.memory = memory, .size = size};
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    ENSURE(arena->used <= arena->size);
    const size_t begin = arena_next(arena);
    if (size > arena->size - begin) {
        return NULL;
    }
    arena->used = begin + size;
    return arena->memory + begin;
}

char *arena_take_bytes(struct arena *arena, size_t size)
{
    ENSURE(arena->used <= arena->size);
    if (size > arena->size - arena->used) {
        return NULL;
    }
    char *bytes = arena->memory + arena->used;
    arena->used += size;
    return bytes;
}

size_t arena_room(const struct arena *arena)
{
    return arena->size - arena_next(arena);
}

size_t arena_mark(const struct arena *arena)
{
    return arena->used;
}

void arena_rewind(struct arena *arena, size_t mark)
{
    ENSURE(mark <= arena->used);
    arena->used = mark;
}

bool arena_text_begin(struct arena *arena, struct text *text)
{
    const size_t begin = arena->used;
    ENSURE(begin <= arena->size);
    if (begin == arena->size) {
        return false;
    }
    text_init(text, arena->memory + begin, arena->size - begin);
    return true;
}

bool arena_text_end(struct arena *arena, const struct text *text)
{
    ENSURE(text->bytes == arena->memory + arena->used);
    if (text->full) {
        return false;
    }
    arena->used += text->size + 1;
    return true;
}

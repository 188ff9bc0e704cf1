/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser, for programs that publish jobs. */
#include "till/job.h"

#include <stdlib.h>

#include "common/base/limits.h"
#include "common/contract/job_parse.h"
#include "common/contract/slot.h"

#define PUBLIC __attribute__((visibility("default")))

_Static_assert(TILL_POINTER_SIZE == JOB_POINTER_MAX + 1, "a pointer must fit");
_Static_assert(TILL_FAULT_TEXT_SIZE == JOB_FAULT_TEXT_MAX + 1, "a text must fit");

static const struct job_fault no_memory = {SPAN_OF(""), SPAN_OF("out of memory")};

static void copy(char *target, struct span source)
{
    memcpy(target, source.bytes, source.size);
    target[source.size] = '\0';
}

/* All that a caller may want; what points into the arena dies with it. */
static bool check(const char *body, size_t size, struct till_fault *fault, int32_t *slot)
{
    const size_t memory_size = JOB_MEMORY_MAX + _Alignof(max_align_t);
    const uint32_t body_size = size > JOB_SIZE_MAX ? JOB_SIZE_MAX + 1 : (uint32_t)size;
    struct arena arena;
    struct job job;
    struct job_fault found = no_memory;
    char *memory = malloc(memory_size);
    bool good = false;
    if (memory != NULL) {
        arena_init(&arena, memory, memory_size);
        good = job_parse((struct span){body, body_size}, SPAN_NONE, &arena, &job, &found);
    }
    if (good) {
        const bool on_another = !span_absent(job.hold) || !span_absent(job.sale);
        *slot = on_another ? -1 : (int32_t)slot_of_job(&job);
    } else {
        copy(fault->pointer, found.pointer);
        copy(fault->text, found.text);
    }
    free(memory);
    return good;
}

PUBLIC bool till_job_check(const char *body, size_t size, struct till_fault *fault)
{
    int32_t slot;
    return check(body, size, fault, &slot);
}

PUBLIC int32_t till_job_slot(const char *body, size_t size)
{
    struct till_fault fault;
    int32_t slot;
    return check(body, size, &fault, &slot) ? slot : -1;
}

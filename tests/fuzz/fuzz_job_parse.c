/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a job. What is accepted is JSON to json-c too, can be answered, and is the same job
 * when it is written and read again; what is refused has a pointer and a text. */
#include "common/contract/job_parse.h"

#include <json-c/json.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "common/contract/job_meaning.h"
#include "common/contract/job_write.h"
#include "tests/fuzz/fuzz.h"

#define WRITTEN_MAX ((size_t)8 * JOB_SIZE_MAX) /* room for any job, with every byte escaped */

static char memory[(size_t)4 * JOB_MEMORY_MAX];
static char written[2][WRITTEN_MAX];

/* json-c in strict mode accepts more than JSON, but nothing that is JSON may it refuse. */
static void second_opinion(struct span body)
{
    struct json_tokener *tokener = json_tokener_new_ex((int)(2 * JOB_DEPTH_MAX));
    ENSURE(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, body.bytes, (int)body.size);
    const enum json_tokener_error status = json_tokener_get_error(tokener);
    ENSURE(status == json_tokener_success);
    ENSURE(json_object_is_type(object, json_type_object));
    struct json_object *id;
    ENSURE(json_object_object_get_ex(object, "id", &id));
    ENSURE(json_object_is_type(id, json_type_string));
    (void)json_object_put(object); /* it says whether it was the last reference */
    json_tokener_free(tokener);
}

static struct span write_job(const struct job *job, char *bytes)
{
    struct text text;
    text_init(&text, bytes, WRITTEN_MAX);
    job_write(job, &text);
    ENSURE(!text.full);
    return (struct span){text.bytes, (uint32_t)text.size};
}

/* The written form may be longer than a body may be: then it says so. */
static void write_and_read_again(const struct job *job, struct arena *arena)
{
    struct job again;
    struct job_fault fault;
    const struct span first = write_job(job, written[0]);
    if (first.size > JOB_SIZE_MAX) {
        ENSURE(!job_parse(first, SPAN_NONE, arena, &again, &fault));
        return;
    }
    ENSURE(job_parse(first, job->id, arena, &again, &fault));
    ENSURE(job_same(job, &again));
    ENSURE(job_digest(job) == job_digest(&again));
    ENSURE(span_equal(job->id, again.id));
    ENSURE(span_equal(job->meta, again.meta));
    ENSURE(job->not_after == again.not_after);
    ENSURE(span_equal(first, write_job(&again, written[1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct job job;
    struct job_fault fault;
    struct job_glimpse glimpse;
    if (size > (size_t)2 * JOB_SIZE_MAX) {
        return 0;
    }
    arena_init(&arena, memory, sizeof memory);
    const struct span body = {(const char *)data, (uint32_t)size};
    const bool answerable = job_glimpse(body, &arena, &glimpse);
    if (!job_parse(body, SPAN_NONE, &arena, &job, &fault)) {
        ENSURE(fault.pointer.size == 0 || fault.pointer.bytes[0] == '/');
        ENSURE(fault.pointer.size <= JOB_POINTER_MAX);
        ENSURE(fault.text.size > 0);
        return 0;
    }
    ENSURE(answerable);
    ENSURE(span_equal(glimpse.id, job.id));
    second_opinion(body);
    write_and_read_again(&job, &arena);
    return 0;
}

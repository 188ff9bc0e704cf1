/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a job member by member, whatever its kind, then has the whole judged. */
#include "common/contract/job_parse.h"

#include "common/contract/job_check.h"
#include "common/contract/job_member.h"

static const char not_an_object[] = "must be one JSON object";

static bool parse_member(struct json_scan *scan, struct job *job, uint32_t *seen)
{
    struct span key;
    enum field field;
    if (!json_scan_key(scan, 0, &key)) {
        return false;
    }
    if (!field_of(key, &field)) {
        return json_scan_refuse(scan, "is no field of a job");
    }
    const uint32_t bit = 1u << field;
    if (*seen & bit) {
        return json_scan_refuse(scan, "appears twice");
    }
    *seen |= bit;
    return job_member_read(scan, field, job);
}

static bool parse_members(struct json_scan *scan, struct job *job, uint32_t *seen)
{
    bool more;
    if (json_scan_peek(scan) != '{') {
        return json_scan_refuse(scan, not_an_object);
    }
    json_scan_open(scan, '}', &more);
    while (more) {
        if (!parse_member(scan, job, seen) || !json_scan_next(scan, '}', 0, &more)) {
            return false;
        }
    }
    json_scan_peek(scan);
    return scan->at == scan->end || json_scan_break(scan, "nothing may follow the job's object");
}

static bool parse_job(struct json_scan *scan, struct span message_id, struct job *job)
{
    uint32_t seen = 0;
    if (scan->end - scan->begin > (ptrdiff_t)JOB_SIZE_MAX) {
        return json_scan_refuse(scan, "must not be larger than 64 KiB");
    }
    if (!parse_members(scan, job, &seen) || !job_check(scan, seen, job)) {
        return false;
    }
    if (!span_absent(message_id) && !span_equal(message_id, job->id)) {
        scan->path[0] = (struct json_step){SPAN_OF("id"), 0};
        scan->path_size = 1;
        return json_scan_refuse(scan, "must equal the AMQP property message_id");
    }
    return true;
}

/* One step of a pointer as RFC 6901 writes it. */
static void put_step(struct text *text, const struct json_step *step)
{
    text_put(text, "/");
    if (span_absent(step->key)) {
        text_format(text, "%u", step->index);
        return;
    }
    for (uint32_t i = 0; i < step->key.size; i++) {
        const char byte = step->key.bytes[i];
        if (byte == '~' || byte == '/') {
            text_put(text, byte == '~' ? "~0" : "~1");
        } else {
            text_put_bytes(text, &byte, 1);
        }
    }
}

/* The path, cut after the last step that fits. */
static void put_path(struct text *text, const struct json_scan *scan)
{
    for (uint32_t i = 0; i < scan->path_size; i++) {
        const size_t size = text->size;
        put_step(text, &scan->path[i]);
        if (text->full) {
            text->size = size;
            return;
        }
    }
}

static struct span keep(struct arena *arena, const struct text *text)
{
    char *bytes = arena_take_bytes(arena, text->size);
    ENSURE(bytes != NULL);
    memcpy(bytes, text->bytes, text->size);
    return (struct span){bytes, (uint32_t)text->size};
}

/* Copies what the fault says out of the arena before that is rewound. */
static void describe(const struct json_scan *scan, size_t mark, struct job_fault *fault)
{
    char pointer_memory[JOB_POINTER_MAX + 1];
    char text_memory[JOB_FAULT_TEXT_MAX + 1];
    struct text pointer;
    struct text text;
    text_init(&pointer, pointer_memory, sizeof pointer_memory);
    text_init(&text, text_memory, sizeof text_memory);
    put_path(&pointer, scan);
    text_put(&text, scan->fault);
    if (scan->fault_syntax) {
        text_format(&text, ", after %zu bytes", (size_t)(scan->at - scan->begin));
    }
    ENSURE(!text.full);

    arena_rewind(scan->arena, mark);
    fault->pointer = keep(scan->arena, &pointer);
    fault->text = keep(scan->arena, &text);
}

bool job_parse(struct span body, struct span message_id, struct arena *arena, struct job *job,
               struct job_fault *fault)
{
    ENSURE(arena_room(arena) >= JOB_MEMORY_MAX);
    const size_t mark = arena_mark(arena);
    struct json_scan scan UNTOUCHED; /* of a path only its size is set */
    struct job result = {
        .not_after = INSTANT_NONE,
        .definition = {.opens_at = INSTANT_NONE, .closes_at = INSTANT_NONE},
    };
    json_scan_init(&scan, body, arena);
    if (!parse_job(&scan, message_id, &result)) {
        describe(&scan, mark, fault);
        return false;
    }
    *job = result;
    return true;
}

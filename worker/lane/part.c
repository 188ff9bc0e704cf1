/* SPDX-License-Identifier: Apache-2.0
 *
 * From deliveries to jobs. Nothing that arrives is believed: not that it is a job, nor where it
 * came from unless the broker says so. */
#include "worker/lane/part.h"

#include <stdio.h>
#include <string.h>

#include "common/contract/job_meaning.h"
#include "common/contract/job_text.h"
#include "common/contract/names.h"
#include "till/slot.h"

static const struct span probe_type = {DELIVERY_PROBE, sizeof DELIVERY_PROBE - 1};

static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

static const struct span size_text = {"must be at most 65536 bytes", 27};

static bool parse_malformed(struct batch *batch, struct taken *taken)
{
    taken->kind = TAKEN_MALFORMED;
    taken->glimpse = (struct job_glimpse){SPAN_NONE, SPAN_NONE, SPAN_NONE};
    if (taken->delivery.size > taken->delivery.body.size) {
        taken->fault = (struct job_fault){SPAN_OF(""), size_text};
        return true; /* cut, so it is no object to glimpse at */
    }
    if (arena_room(&batch->arena) < JOB_MEMORY_MAX) {
        return false;
    }
    if (!job_glimpse(taken->delivery.body, &batch->arena, &taken->glimpse)) {
        taken->glimpse.id = SPAN_NONE;
    }
    return true;
}

/* Its body is the number of the generation that comes. */
static bool ends_generation(struct span number, uint32_t generation)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < number.size && value <= UINT32_MAX; i++) {
        if (number.bytes[i] < '0' || number.bytes[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(number.bytes[i] - '0');
    }
    return value > generation && value <= UINT32_MAX;
}

static bool parse_one(struct batch *batch, const struct origins *origins, struct taken *taken)
{
    const struct delivery *delivery = &taken->delivery;
    if (taken->kind == TAKEN_PARKED) {
        return true;
    }
    if (span_is(delivery->exchange, origins->lanes.text) &&
        span_equal(delivery->type, probe_type)) {
        taken->kind = TAKEN_PROBE;
        return true;
    }
    if (batch_is_marker(batch)) {
        batch->marker = ends_generation(delivery->body, origins->generation);
        taken->kind = batch->marker ? TAKEN_MARKER : TAKEN_PROBE;
        return true;
    }
    if (delivery->size > delivery->body.size) {
        return parse_malformed(batch, taken);
    }
    if (arena_room(&batch->arena) < JOB_MEMORY_MAX) {
        return false;
    }
    if (!job_parse(delivery->body, delivery->message_id, &batch->arena, &taken->job,
                   &taken->fault)) {
        return parse_malformed(batch, taken);
    }
    taken->kind = TAKEN_JOB;
    return true;
}

/* Of the first SKU; of a job without one, of the routing key it came by. */
static uint32_t slot_of(const struct taken *taken)
{
    if (taken->job.item_count > 0) {
        const struct span sku = taken->job.items[0].sku;
        return till_slot(sku.bytes, sku.size);
    }
    uint32_t slot = 0;
    const struct span key = taken->delivery.routing_key;
    for (uint32_t i = 0; i < key.size && slot < SLOTS; i++) {
        if (key.bytes[i] < '0' || key.bytes[i] > '9') {
            return 0;
        }
        slot = slot * 10 + (uint32_t)(key.bytes[i] - '0');
    }
    return slot < SLOTS ? slot : 0;
}

static void add_entry(struct batch *batch, const struct origins *origins, struct taken *taken)
{
    taken->entry = batch->entry_count;
    batch->entries[batch->entry_count++] = (struct entry){
        .job = &taken->job,
        .meaning = job_digest(&taken->job),
        .slot = slot_of(taken),
        .from_stock_exchange = span_is(taken->delivery.exchange, origins->stock.text),
    };
}

bool part_parse(struct batch *batch, const struct origins *origins)
{
    batch_rewind(batch);
    batch->entries = arena_take(&batch->arena, batch->part * sizeof batch->entries[0]);
    if (batch->entries == NULL) {
        return false;
    }
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        struct taken *taken = &batch->taken[i];
        if (!parse_one(batch, origins, taken)) {
            return false;
        }
        if (taken->kind == TAKEN_JOB) {
            add_entry(batch, origins, taken);
        }
    }
    return demand_begin(&batch->demand, batch->entries, batch->entry_count, &batch->arena);
}

static void put_aside(struct batch *batch, enum dead_reason reason, struct job_glimpse glimpse)
{
    struct taken *taken = &batch->taken[batch->first];
    ENSURE(batch->part == 1);
    taken->kind = TAKEN_PARKED;
    taken->dead = reason;
    taken->glimpse = glimpse;
    taken->fault =
        (struct job_fault){SPAN_NONE, {batch->trouble.text, (uint32_t)strlen(batch->trouble.text)}};
    batch->entry_count = 0;
}

/* What can be said of a job that was not parsed. */
static struct job_glimpse glimpse_unparsed(const struct taken *taken)
{
    const struct span id = taken->delivery.message_id;
    const bool valid = job_id_valid(id) || job_expire_id_valid(id);
    return (struct job_glimpse){valid ? id : SPAN_NONE, SPAN_NONE, SPAN_NONE};
}

static struct job_glimpse glimpse_parsed(const struct job *job)
{
    const char *kind = kind_text(job->kind);
    return (struct job_glimpse){job->id, {kind, (uint32_t)strlen(kind)}, job->store};
}

void part_park_failed(struct batch *batch)
{
    const struct taken *taken = &batch->taken[batch->first];
    /* The job stands in the part's memory, which stays as it is until the part is done. */
    put_aside(batch, DEAD_FAILED,
              taken->kind == TAKEN_JOB ? glimpse_parsed(&taken->job) : glimpse_unparsed(taken));
}

struct lonely part_lonely(const struct batch *batch)
{
    const struct delivery *delivery = &batch->taken[batch->first].delivery;
    const struct span id = delivery->message_id;
    struct lonely lonely = {.begun = false};
    ENSURE(batch_is_lonely(batch));
    if (job_id_valid(id) || job_expire_id_valid(id)) {
        memcpy(lonely.name, id.bytes, id.size);
        lonely.size = id.size;
        return lonely;
    }
    lonely.size = (uint32_t)snprintf(lonely.name, sizeof lonely.name, "till:body:%08x:%u",
                                     till_crc32(delivery->body.bytes, delivery->body.size),
                                     delivery->body.size);
    return lonely;
}

void part_park_crashing(struct batch *batch)
{
    error_set(&batch->trouble, ERROR_JOB, "begun alone %u times without an end", LONELY_BEGINNINGS);
    put_aside(batch, DEAD_CRASHING, glimpse_unparsed(&batch->taken[batch->first]));
}

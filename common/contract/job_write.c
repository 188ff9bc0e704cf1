/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes jobs, for the commands and the sweeper. */
#include "common/contract/job_write.h"

#include "common/base/limits.h"
#include "common/contract/json_write.h"
#include "common/contract/names.h"

static void write_text(struct json *json, const char *key, struct span text)
{
    if (!span_absent(text)) {
        json_member_span(json, key, text);
    }
}

static void write_line(struct json *json, struct span sku, int64_t qty, int64_t if_version)
{
    json_object(json);
    json_member_span(json, "sku", sku);
    json_member_integer(json, "qty", qty);
    if (if_version != VERSION_NONE) {
        json_member_integer(json, "if_version", if_version);
    }
    json_object_end(json);
}

/* As few lines as make the sum, each within its bounds. */
static void write_sum(struct json *json, const struct item *item)
{
    const int64_t most = item->qty < 0 ? -(int64_t)JOB_QTY_MAX : (int64_t)JOB_QTY_MAX;
    int64_t rest = item->qty;
    if (rest == 0) { /* lines that cancel out: none of them may be 0 */
        write_line(json, item->sku, 1, VERSION_NONE);
        rest = -1;
    }
    while (rest / most >= 1 && rest != most) {
        write_line(json, item->sku, most, VERSION_NONE);
        rest -= most;
    }
    write_line(json, item->sku, rest, VERSION_NONE);
}

static void write_items(struct json *json, const struct job *job)
{
    if (job->item_count == 0) {
        return;
    }
    if (job->kind == KIND_DEFINE) {
        json_member_span(json, "sku", job->items[0].sku);
        return;
    }
    json_key(json, "items");
    json_array(json);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct item *item = &job->items[i];
        if (job->kind == KIND_SET) {
            write_line(json, item->sku, item->qty, item->if_version);
        } else {
            write_sum(json, item);
        }
    }
    json_array_end(json);
}

/* Whether there is a value to write; a cleared field is written here. */
static bool write_change(struct json *json, const char *key, enum change change)
{
    if (change == CHANGE_NONE) {
        return false;
    }
    json_key(json, key);
    if (change == CHANGE_CLEAR) {
        json_null(json);
        return false;
    }
    return true;
}

static void write_definition(struct json *json, const struct definition *definition)
{
    if (write_change(json, "per_customer", definition->per_customer_change)) {
        json_integer(json, definition->per_customer);
    }
    if (write_change(json, "round", definition->round_change)) {
        json_span(json, definition->round);
    }
    if (write_change(json, "opens_at", definition->opens_change)) {
        json_instant(json, definition->opens_at);
    }
    if (write_change(json, "closes_at", definition->closes_change)) {
        json_instant(json, definition->closes_at);
    }
}

void job_write(const struct job *job, struct text *text)
{
    struct json json = json_on(text);
    json_object(&json);
    json_member_span(&json, "id", job->id);
    json_member_string(&json, "kind", kind_text(job->kind));
    write_text(&json, "ref", job->ref);
    write_text(&json, "customer", job->customer);
    write_text(&json, "store", job->store);
    write_text(&json, "pool", job->pool);
    write_items(&json, job);
    if (job->ttl != 0) {
        json_member_integer(&json, "ttl", job->ttl);
    }
    write_text(&json, "hold", job->hold);
    write_text(&json, "sale", job->sale);
    write_text(&json, "replaces", job->replaces);
    if (job->not_after != INSTANT_NONE) {
        json_member_instant(&json, "not_after", job->not_after);
    }
    write_definition(&json, &job->definition);
    if (!span_absent(job->meta)) {
        json_member_verbatim(&json, "meta", job->meta);
    }
    json_object_end(&json);
}

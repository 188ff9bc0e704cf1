/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the value of each field of a job, with the rules that hold whatever the job's kind. */
#include "common/contract/job_member.h"

#include "common/contract/job_text.h"
#include "common/contract/names.h"

#define META_DEPTH_MAX (JOB_DEPTH_MAX - 1) /* the job's object is the first level */
#define LINE_LEVEL     2u                  /* members of a line stand below items and its index */

static const char id_form[] =
    "must be 1 to 128 visible ASCII characters, not beginning with \"till:\"";

static bool read_string(struct json_scan *scan, struct span *value)
{
    if (json_scan_peek(scan) != '"') {
        return json_scan_refuse(scan, "must be a string");
    }
    return json_scan_string(scan, value);
}

static bool read_id(struct json_scan *scan, struct span *id)
{
    return read_string(scan, id) && (job_id_valid(*id) || json_scan_refuse(scan, id_form));
}

/* An expire's own id has a prefix; whether the job is one is known when all of it is read. */
static bool read_own_id(struct json_scan *scan, struct span *id)
{
    return read_string(scan, id) &&
           (job_id_valid(*id) || job_expire_id_valid(*id) || json_scan_refuse(scan, id_form));
}

static bool read_kind(struct json_scan *scan, enum kind *kind)
{
    struct span text = SPAN_NONE;
    return read_string(scan, &text) &&
           (kind_of(text, kind) || json_scan_refuse(scan, "is no kind of job"));
}

static bool read_text(struct json_scan *scan, struct span *text)
{
    return read_string(scan, text) &&
           (job_text_valid(*text) ||
            json_scan_refuse(scan, "must be 1 to 128 bytes without control characters"));
}

static bool read_sku(struct json_scan *scan, struct span *sku)
{
    return read_string(scan, sku) &&
           (job_sku_valid(*sku) ||
            json_scan_refuse(scan, "must be 1 to 128 bytes without control characters and "
                                   "without a space at either end"));
}

static bool read_store(struct json_scan *scan, struct span *store)
{
    return read_string(scan, store) &&
           (job_store_valid(*store) ||
            json_scan_refuse(scan, "must be 1 to 64 letters, digits, _ or -"));
}

static bool read_number(struct json_scan *scan, uint32_t max, const char *fault, uint32_t *number)
{
    int64_t value;
    if (!json_scan_integer(scan, &value)) {
        return false;
    }
    if (value < 1 || value > max) {
        return json_scan_refuse(scan, fault);
    }
    *number = (uint32_t)value;
    return true;
}

static bool read_time(struct json_scan *scan, instant *time)
{
    struct span text = SPAN_NONE;
    return read_string(scan, &text) &&
           (instant_parse(text, time) ||
            json_scan_refuse(scan, "must be a time as RFC 3339 writes it, in the years 1 to 9999"));
}

/* The bytes as sent. The scan's end is drawn in to the longest that meta may be. */
static bool read_meta(struct json_scan *scan, struct span *meta)
{
    if (json_scan_peek(scan) != '{') {
        return json_scan_refuse(scan, "must be an object");
    }
    const char *begin = scan->at;
    const char *end = scan->end;
    const bool drawn_in = end - begin > (ptrdiff_t)JOB_META_MAX;
    scan->end = drawn_in ? begin + JOB_META_MAX : end;

    uint8_t nested[(META_DEPTH_MAX + 7) / 8];
    const size_t mark = arena_mark(scan->arena);
    void *memory = arena_take(scan->arena, JSON_KEYS_SIZE);
    ENSURE(memory != NULL);
    const bool whole = json_scan_value(scan, nested, META_DEPTH_MAX, json_keys_init(memory));
    if (!whole && drawn_in && scan->at == scan->end) {
        scan->path_size = 1;
        return json_scan_refuse(scan, "must not be larger than 8 KiB");
    }
    if (whole) {
        arena_rewind(scan->arena, mark); /* a fault's path may name a key in there */
    }
    *meta = (struct span){begin, (uint32_t)(scan->at - begin)};
    scan->end = end;
    return whole;
}

/* null clears; anything else is read as the value. */
static bool read_change(struct json_scan *scan, enum change *change)
{
    if (json_scan_peek(scan) == 'n') {
        *change = CHANGE_CLEAR;
        return json_scan_word(scan, "null");
    }
    *change = CHANGE_SET;
    return true;
}

static bool read_definition(struct json_scan *scan, enum field field, struct definition *definition)
{
    if (field == FIELD_PER_CUSTOMER) {
        return read_change(scan, &definition->per_customer_change) &&
               (definition->per_customer_change == CHANGE_CLEAR ||
                read_number(scan, JOB_QTY_MAX, "must be 1 to 1,000,000, or null",
                            &definition->per_customer));
    }
    if (field == FIELD_ROUND) {
        return read_change(scan, &definition->round_change) &&
               (definition->round_change == CHANGE_CLEAR || read_store(scan, &definition->round));
    }
    if (field == FIELD_OPENS_AT) {
        return read_change(scan, &definition->opens_change) &&
               (definition->opens_change == CHANGE_CLEAR || read_time(scan, &definition->opens_at));
    }
    ENSURE(field == FIELD_CLOSES_AT);
    return read_change(scan, &definition->closes_change) &&
           (definition->closes_change == CHANGE_CLEAR || read_time(scan, &definition->closes_at));
}

static bool read_once(struct json_scan *scan, bool seen)
{
    return !seen || json_scan_refuse(scan, "appears twice");
}

static bool read_line_member(struct json_scan *scan, struct span key, struct item *line,
                             bool *has_qty)
{
    if (span_equal(key, SPAN_OF("sku"))) {
        return read_once(scan, !span_absent(line->sku)) && read_sku(scan, &line->sku);
    }
    if (span_equal(key, SPAN_OF("qty"))) {
        const bool seen = *has_qty;
        *has_qty = true;
        return read_once(scan, seen) && json_scan_integer(scan, &line->qty);
    }
    if (span_equal(key, SPAN_OF("if_version"))) {
        return read_once(scan, line->if_version != VERSION_NONE) &&
               json_scan_integer(scan, &line->if_version) &&
               (line->if_version >= 0 || json_scan_refuse(scan, "must be 0 or more"));
    }
    return json_scan_refuse(scan, "is no field of an item");
}

/* One line of items: {"sku": ..., "qty": ..., "if_version": ...} */
static bool read_line(struct json_scan *scan, struct item *line)
{
    bool has_qty = false;
    bool more;
    *line = (struct item){.if_version = VERSION_NONE};
    if (json_scan_peek(scan) != '{') {
        return json_scan_refuse(scan, "must be an object");
    }
    json_scan_open(scan, '}', &more);
    while (more) {
        struct span key;
        if (!json_scan_key(scan, LINE_LEVEL, &key) ||
            !read_line_member(scan, key, line, &has_qty) ||
            !json_scan_next(scan, '}', LINE_LEVEL, &more)) {
            return false;
        }
    }
    if (span_absent(line->sku) || !has_qty) {
        const struct span missing = span_absent(line->sku) ? SPAN_OF("sku") : SPAN_OF("qty");
        scan->path[LINE_LEVEL] = (struct json_step){missing, 0};
        scan->path_size = LINE_LEVEL + 1;
        return json_scan_refuse(scan, "is missing");
    }
    return true;
}

static bool read_items(struct json_scan *scan, struct job *job)
{
    struct item lines[JOB_ITEMS_MAX] UNTOUCHED; /* each is written before it is read */
    uint32_t count = 0;
    bool more;
    if (json_scan_peek(scan) != '[') {
        return json_scan_refuse(scan, "must be an array");
    }
    json_scan_open(scan, ']', &more);
    while (more) {
        if (count == JOB_ITEMS_MAX) {
            return json_scan_refuse(scan, "must not have more than 100 items");
        }
        scan->path[1] = (struct json_step){SPAN_NONE, count};
        scan->path_size = LINE_LEVEL;
        if (!read_line(scan, &lines[count]) || !json_scan_next(scan, ']', 1, &more)) {
            return false;
        }
        count++;
    }
    if (count == 0) {
        return json_scan_refuse(scan, "must have at least one item");
    }
    job->items = arena_take(scan->arena, count * sizeof lines[0]);
    ENSURE(job->items != NULL);
    memcpy(job->items, lines, count * sizeof lines[0]);
    job->item_count = count;
    return true;
}

/* A define's: the one item that it has. */
static bool read_defined_sku(struct json_scan *scan, struct job *job)
{
    struct span sku = SPAN_NONE;
    if (!read_sku(scan, &sku)) {
        return false;
    }
    job->items = arena_take(scan->arena, sizeof job->items[0]);
    ENSURE(job->items != NULL);
    job->items[0] = (struct item){.sku = sku, .if_version = VERSION_NONE};
    job->item_count = 1;
    return true;
}

bool job_member_read(struct json_scan *scan, enum field field, struct job *job)
{
    switch (field) {
    case FIELD_ID:
        return read_own_id(scan, &job->id);
    case FIELD_KIND:
        return read_kind(scan, &job->kind);
    case FIELD_REF:
        return read_text(scan, &job->ref);
    case FIELD_CUSTOMER:
        return read_text(scan, &job->customer);
    case FIELD_STORE:
        return read_store(scan, &job->store);
    case FIELD_ITEMS:
        return read_items(scan, job);
    case FIELD_POOL:
        return read_store(scan, &job->pool);
    case FIELD_TTL:
        return read_number(scan, JOB_TTL_MAX, "must be 1 to 2,592,000 seconds", &job->ttl);
    case FIELD_HOLD:
        return read_id(scan, &job->hold);
    case FIELD_SALE:
        return read_id(scan, &job->sale);
    case FIELD_REPLACES:
        return read_id(scan, &job->replaces);
    case FIELD_NOT_AFTER:
        return read_time(scan, &job->not_after);
    case FIELD_SKU:
        return read_defined_sku(scan, job);
    case FIELD_PER_CUSTOMER:
    case FIELD_ROUND:
    case FIELD_OPENS_AT:
    case FIELD_CLOSES_AT:
        return read_definition(scan, field, &job->definition);
    case FIELD_META:
        return read_meta(scan, &job->meta);
    }
    return false; /* not reached: every field is above */
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes and reads faults as JSON. */
#include "worker/postgres/stored_fault.h"

#include <string.h>

#include "common/base/limits.h"
#include "common/contract/json_scan.h"
#include "common/contract/names.h"

static void write_figure(struct json *json, const char *key, int64_t figure)
{
    if (figure != FIGURE_NONE) {
        json_member_integer(json, key, figure);
    }
}

static void write_time(struct json *json, const char *key, instant time)
{
    if (time != INSTANT_NONE) {
        json_member_instant(json, key, time);
    }
}

void stored_faults_write(struct json *json, const struct fault *faults, uint32_t count)
{
    json_array(json);
    for (uint32_t i = 0; i < count; i++) {
        const struct fault *fault = &faults[i];
        json_object(json);
        json_member_span(json, "sku", fault->sku);
        json_member_string(json, "reason", reason_text(fault->reason));
        json_member_integer(json, "wanted", fault->wanted);
        write_figure(json, "available", fault->available);
        write_figure(json, "held", fault->held);
        write_figure(json, "limit", fault->limit);
        write_figure(json, "taken", fault->taken);
        write_time(json, "opens_at", fault->opens_at);
        write_time(json, "closes_at", fault->closes_at);
        write_figure(json, "version", fault->version);
        json_object_end(json);
    }
    json_array_end(json);
}

static bool read_text(struct json_scan *scan, struct span key, struct fault *fault)
{
    struct span value;
    if (!json_scan_string(scan, &value)) {
        return false;
    }
    if (span_equal(key, SPAN_OF("sku"))) {
        fault->sku = value;
        return true;
    }
    if (span_equal(key, SPAN_OF("reason"))) {
        return reason_of(value, &fault->reason);
    }
    if (span_equal(key, SPAN_OF("opens_at"))) {
        return instant_parse(value, &fault->opens_at);
    }
    return span_equal(key, SPAN_OF("closes_at")) && instant_parse(value, &fault->closes_at);
}

static bool read_figure(struct json_scan *scan, struct span key, struct fault *fault)
{
    const struct {
        struct span key;
        int64_t *value;
    } members[] = {
        {SPAN_OF("wanted"), &fault->wanted}, {SPAN_OF("available"), &fault->available},
        {SPAN_OF("held"), &fault->held},     {SPAN_OF("limit"), &fault->limit},
        {SPAN_OF("taken"), &fault->taken},   {SPAN_OF("version"), &fault->version},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (span_equal(key, members[i].key)) {
            return json_scan_integer(scan, members[i].value);
        }
    }
    return false;
}

static bool read_fault(struct json_scan *scan, struct fault *fault)
{
    bool more;
    if (json_scan_peek(scan) != '{') {
        return false;
    }
    *fault = (struct fault){.available = FIGURE_NONE,
                            .held = FIGURE_NONE,
                            .limit = FIGURE_NONE,
                            .taken = FIGURE_NONE,
                            .version = FIGURE_NONE,
                            .opens_at = INSTANT_NONE,
                            .closes_at = INSTANT_NONE};
    json_scan_open(scan, '}', &more);
    while (more) {
        struct span key;
        if (!json_scan_key(scan, 2, &key)) {
            return false;
        }
        const bool read = json_scan_peek(scan) == '"' ? read_text(scan, key, fault)
                                                      : read_figure(scan, key, fault);
        if (!read || !json_scan_next(scan, '}', 2, &more)) {
            return false;
        }
    }
    return !span_absent(fault->sku);
}

static bool read_faults(struct json_scan *scan, struct fault faults[JOB_ITEMS_MAX], uint32_t *count)
{
    bool more;
    if (json_scan_peek(scan) != '[') {
        return false;
    }
    json_scan_open(scan, ']', &more);
    while (more) {
        if (*count == JOB_ITEMS_MAX || !read_fault(scan, &faults[*count]) ||
            !json_scan_next(scan, ']', 1, &more)) {
            return false;
        }
        *count += 1;
    }
    return true;
}

void stored_faults_read(struct row *row, int column, const struct fault **faults, uint32_t *count)
{
    struct fault read[JOB_ITEMS_MAX];
    struct json_scan scan;
    const struct span bytes = row_text(row, column);
    *count = 0;
    *faults = NULL;
    if (span_absent(bytes)) {
        return;
    }
    if (arena_room(row->arena) < bytes.size) { /* strings with escapes are decoded beside */
        row->full = true;
        return;
    }
    json_scan_init(&scan, bytes, row->arena);
    row->broken |= !read_faults(&scan, read, count);
    struct fault *kept = arena_take(row->arena, *count * sizeof *kept);
    if (kept == NULL) {
        row->full = true;
        *count = 0;
        return;
    }
    memcpy(kept, read, *count * sizeof *kept);
    *faults = kept;
}

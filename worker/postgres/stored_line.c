/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes and reads lines as JSON. */
#include "worker/postgres/stored_line.h"

#include "common/contract/json_scan.h"

struct span stored_round(bool counted, struct span round)
{
    if (!counted) {
        return SPAN_NONE;
    }
    return span_absent(round) ? SPAN_OF("") : round;
}

struct span loaded_round(struct span stored)
{
    return stored.size == 0 ? SPAN_NONE : stored;
}

void stored_line_write(struct json *json, const struct stored_line *line)
{
    json_object(json);
    json_member_span(json, "sku", line->sku);
    json_member_integer(json, "qty", line->qty);
    if (line->moved) {
        json_member_integer(json, "version", line->version);
        json_member_integer(json, "available", line->available);
        json_member_integer(json, "unsold", line->unsold);
        json_member_integer(json, "held", line->held);
    }
    if (line->counted && line->taken != 0) {
        json_member_integer(json, "taken", line->taken);
    }
    if (line->counted) {
        json_member_span(json, "round", stored_round(true, line->round));
    }
    json_object_end(json);
}

static bool read_number(struct json_scan *scan, struct span key, struct stored_line *line)
{
    const struct {
        struct span key;
        int64_t *value;
    } members[] = {
        {SPAN_OF("qty"), &line->qty},       {SPAN_OF("version"), &line->version},
        {SPAN_OF("unsold"), &line->unsold}, {SPAN_OF("available"), &line->available},
        {SPAN_OF("held"), &line->held},     {SPAN_OF("taken"), &line->taken},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (span_equal(key, members[i].key)) {
            return json_scan_integer(scan, members[i].value);
        }
    }
    return false;
}

static bool read_member(struct json_scan *scan, struct stored_line *line)
{
    struct span key;
    if (!json_scan_key(scan, 2, &key)) {
        return false;
    }
    if (json_scan_peek(scan) != '"') {
        return read_number(scan, key, line);
    }
    if (span_equal(key, SPAN_OF("sku"))) {
        return json_scan_string(scan, &line->sku);
    }
    struct span round;
    if (!span_equal(key, SPAN_OF("round")) || !json_scan_string(scan, &round)) {
        return false;
    }
    line->counted = true;
    line->round = loaded_round(round);
    return true;
}

static bool read_line(struct json_scan *scan, struct stored_line *line)
{
    bool more;
    if (json_scan_peek(scan) != '{') {
        return false;
    }
    *line = (struct stored_line){.sku = SPAN_NONE};
    json_scan_open(scan, '}', &more);
    while (more) {
        if (!read_member(scan, line) || !json_scan_next(scan, '}', 2, &more)) {
            return false;
        }
    }
    line->moved = line->version > 0;
    return !span_absent(line->sku);
}

static bool read_lines(struct json_scan *scan, struct stored_lines *lines)
{
    bool more;
    if (json_scan_peek(scan) != '[') {
        return false;
    }
    json_scan_open(scan, ']', &more);
    while (more) {
        if (lines->count == JOB_ITEMS_MAX || !read_line(scan, &lines->lines[lines->count]) ||
            !json_scan_next(scan, ']', 1, &more)) {
            return false;
        }
        lines->count++;
    }
    return true;
}

void stored_lines_read(struct row *row, int column, struct stored_lines *lines)
{
    struct json_scan scan;
    const struct span bytes = row_text(row, column);
    if (span_absent(bytes)) {
        return;
    }
    if (arena_room(row->arena) < bytes.size) { /* strings with escapes are decoded beside */
        row->full = true;
        return;
    }
    json_scan_init(&scan, bytes, row->arena);
    row->broken |= !read_lines(&scan, lines);
}

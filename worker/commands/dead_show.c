/* SPDX-License-Identifier: Apache-2.0
 *
 * till dead show: each letter, with all that stands in it. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/utf8.h"
#include "worker/commands/dead_parts.h"
#include "worker/commands/printable.h"

/* Headers and body, six times over, for that is what an escape in JSON takes. */
#define TEXT_SIZE (6u * (LETTER_HEAD_MAX + JOB_SIZE_MAX) + 65536u)

static const struct option options[] = {
    DEAD_FILTER_OPTIONS,
    {"count", "N", "so many letters at most"},
    {"json", NULL, "a JSON object a line"},
    {0},
};

static void print_line(const char *name, struct span value)
{
    if (!span_absent(value)) {
        (void)printf("%-12s  ", name);
        printable_print(value, stdout);
        (void)printf("\n");
    }
}

static void print_time(instant time)
{
    char text[INSTANT_TEXT_SIZE];
    if (time != INSTANT_NONE) {
        instant_write(time, text);
        print_line("time", (struct span){text, sizeof text});
    }
}

static struct text begin_text(void)
{
    static char memory[TEXT_SIZE];
    struct text text;
    text_init(&text, memory, sizeof memory);
    return text;
}

static void print(const struct dead_view *letter)
{
    struct text text = begin_text();
    struct json json = json_on(&text);
    print_line("id", letter->id);
    print_line("reason", letter->note.reason);
    print_line("error", letter->note.error);
    print_time(letter->note.time);
    print_line("exchange", letter->note.exchange);
    print_line("key", letter->note.key);
    print_line("message_id", letter->delivery.message_id);
    print_line("reply_to", letter->delivery.reply_to);
    note_write_headers(letter->headers, &json);
    print_line("headers", (struct span){text.bytes, (uint32_t)text.size});
    (void)printf("%-12s  ", "body");
    printable_print(letter->letter->body, stdout);
    (void)printf("\n");
    if (letter->cut) {
        const int64_t size =
            letter->note.size > 0 ? letter->note.size : (int64_t)letter->letter->size;
        (void)printf("%-12s  the first %" PRIu32 " bytes of %" PRId64 "\n", "cut",
                     letter->letter->body.size, size);
    }
}

static bool is_utf8(struct span text)
{
    for (uint32_t i = 0; i < text.size;) {
        const size_t size = utf8_size(text.bytes + i, text.size - i);
        if (size == 0) {
            return false;
        }
        i += (uint32_t)size;
    }
    return true;
}

/* Bytes that are no text, as base64. */
static void write_bytes(struct json *json, struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char memory[(JOB_SIZE_MAX + 2) / 3 * 4];
    uint32_t size = 0;
    for (uint32_t i = 0; i < bytes.size; i += 3) {
        uint32_t group = 0;
        for (uint32_t k = 0; k < 3; k++) {
            group = group << 8 | (i + k < bytes.size ? (uint8_t)bytes.bytes[i + k] : 0);
        }
        for (uint32_t k = 0; k < 4; k++) {
            memory[size++] = (char)(i + k <= bytes.size ? digits[group >> (18 - 6 * k) & 63] : '=');
        }
    }
    json_member_span(json, "body_base64", (struct span){memory, size});
}

static void print_json(const struct dead_view *letter)
{
    struct text text = begin_text();
    struct json json = json_on(&text);
    json_object(&json);
    json_member_span(&json, "id", letter->id);
    json_member_span(&json, "reason", letter->note.reason);
    json_member_span(&json, "error", letter->note.error);
    json_member_instant(&json, "time", letter->note.time);
    json_member_span(&json, "exchange", letter->note.exchange);
    json_member_span(&json, "key", letter->note.key);
    json_member_integer(&json, "replays", letter->note.replays);
    json_member_span(&json, "message_id", letter->delivery.message_id);
    json_member_span(&json, "correlation_id", letter->delivery.correlation_id);
    json_member_span(&json, "reply_to", letter->delivery.reply_to);
    json_member_span(&json, "content_type", letter->delivery.content_type);
    json_key(&json, "headers");
    note_write_headers(letter->headers, &json);
    json_member_integer(&json, "size",
                        letter->note.size > 0 ? letter->note.size : (int64_t)letter->letter->size);
    if (is_utf8(letter->letter->body)) {
        json_member_span(&json, "body", letter->letter->body);
    } else {
        write_bytes(&json, letter->letter->body);
    }
    json_object_end(&json);
    ENSURE(!text.full);
    (void)fwrite(text.bytes, 1, text.size, stdout); /* looked at at the end, as all */
    (void)printf("\n");
}

static bool show(struct dead_reading *reading, bool as_json, uint32_t count, uint32_t *shown,
                 struct error *error)
{
    while (*shown < count && ferror(stdout) == 0) {
        const struct dead_view *letter;
        if (!dead_next(reading, &letter, error)) {
            return false;
        }
        if (letter == NULL) {
            break;
        }
        if (!letter->meant) {
            continue;
        }
        if (as_json) {
            print_json(letter);
        } else {
            (void)fputs(*shown == 0 ? "" : "\n", stdout); /* looked at at the end, as all */
            print(letter);
        }
        (*shown)++;
    }
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct dead_reading reading;
    uint32_t count = UINT32_MAX;
    uint32_t shown = 0;
    bool busy = false;
    if (!invocation_number(invocation, "count", 1, UINT32_MAX, &count, error) ||
        !dead_open(&reading, invocation, &busy, status, error)) {
        return false;
    }
    const bool as_json = invocation_value(invocation, "json") != NULL;
    const bool good = busy || show(&reading, as_json, count, &shown, error);
    dead_close(&reading);
    if (good && !busy && shown == 0) {
        (void)fprintf(stderr, "till dead show: there are none\n");
        *status = reading.id == NULL ? STATUS_DONE : STATUS_NEGATIVE;
    }
    return good;
}

const struct command command_dead_show = {
    .name = "dead show",
    .operands = "",
    .summary = "each letter, with headers and body",
    .description =
        "In the order in which they were put aside. What a terminal would obey instead of showing "
        "it is\n"
        "escaped. With --json a body that is no UTF-8 is the member body_base64. Looking changes "
        "nothing.\n"
        "Exit 1: there is no letter of the job that --id names.",
    .options = options,
    .needs_config = true,
    .run = run,
};

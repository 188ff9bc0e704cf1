/* SPDX-License-Identifier: Apache-2.0
 *
 * till submit: one job from the words of the command line, or as many as stand on stdin. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/contract/names.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/draft.h"
#include "worker/commands/sending.h"

#define LINE_MAX_SIZE (JOB_SIZE_MAX + 2)

static const struct option options[] = {
    {"wait", "SECONDS", "wait so long for each decision, and print it"},
    {"json", NULL, "a JSON object a line: with --wait the events"},
    {"id", "ID", "the job's id (a new one)"},
    {"ref", "REF", "your own number"},
    {"customer", "KEY", "whose job it is"},
    {"store", "STORE", "the store"},
    {"pool", "POOL", "the pool, of a stock job"},
    {"ttl", "SECONDS", "how long a hold lasts"},
    {"replaces", "HOLD", "the hold that a reserve replaces"},
    {"not-after", "TIME", "not to be decided later (RFC 3339)"},
    {"if-version", "N", "of a set: only if the SKU's version is this"},
    {"meta", "JSON", "an object that is echoed"},
    DRAFT_DEFINITION_OPTIONS,
    {0},
};

static const struct option definition[] = {DRAFT_DEFINITION_OPTIONS, {0}};
static const struct option *const members = options + 2; /* behind --wait and --json */

/* Options whose value is a text, and the member that it becomes. */
static const struct {
    const char *option;
    const char *member;
} texts[] = {
    {"ref", "ref"},   {"customer", "customer"}, {"store", "store"},
    {"pool", "pool"}, {"replaces", "replaces"}, {"not-after", "not_after"},
};

/* None of these was given. */
static bool check_no_option(const struct invocation *invocation, const struct option *option,
                            const char *why, struct error *error)
{
    for (; option->name != NULL; option++) {
        if (invocation_value(invocation, option->name) != NULL) {
            error_set(error, ERROR_USAGE, "--%s: %s", option->name, why);
            return error_advise(error, "Usage, with examples: till help submit");
        }
    }
    return true;
}

/* What the first operand behind the kind is. */
static const char *named_by(enum kind kind)
{
    switch (kind) {
    case KIND_COMMIT:
    case KIND_RELEASE:
    case KIND_EXTEND:
    case KIND_EXPIRE:
        return "hold";
    case KIND_CANCEL:
        return "sale";
    case KIND_CHECKOUT:
    case KIND_RESERVE:
    case KIND_ADJUST:
    case KIND_SET:
    case KIND_DEFINE:
        break;
    }
    return NULL;
}

/* What the operands say: a hold or sale, a SKU, items. */
static bool write_operands(const struct invocation *invocation, enum kind kind, struct json *json,
                           struct error *error)
{
    const char *const *words = invocation->operands + 1;
    size_t count = invocation->operand_count - 1;
    const char *named = named_by(kind);
    if (named != NULL || kind == KIND_DEFINE) {
        if (count == 0) {
            error_set(error, ERROR_USAGE, "a %s needs the %s that it is about", kind_text(kind),
                      kind == KIND_DEFINE ? "SKU" : named);
            return error_advise(error, "Usage, with examples: till help submit");
        }
        if (named != NULL) {
            json_member_string(json, named, words[0]);
        }
        words++;
        count--;
    }
    if (count == 0 && named != NULL) {
        return true;
    }
    if (kind == KIND_DEFINE) {
        return count == 0 || error_set(error, ERROR_USAGE, "\"%s\" is one too many", words[0]);
    }
    const bool units = kind != KIND_ADJUST && kind != KIND_SET;
    return draft_items(json, words, count, units ? "1" : NULL, "",
                       invocation_value(invocation, "if-version"), error);
}

static bool write_job(const struct invocation *invocation, enum kind kind, const char *id,
                      struct text *text, struct error *error)
{
    struct json json = json_on(text);
    const char *ttl = invocation_value(invocation, "ttl");
    const char *meta = invocation_value(invocation, "meta");
    draft_begin(&json, id, kind_text(kind));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = invocation_value(invocation, texts[i].option);
        if (value != NULL) {
            json_member_string(&json, texts[i].member, value);
        }
    }
    if (ttl != NULL) {
        draft_number(&json, "ttl", ttl);
    }
    if (meta != NULL) {
        json_member_verbatim(&json, "meta", (struct span){meta, (uint32_t)strlen(meta)});
    }
    if (kind == KIND_DEFINE && invocation->operand_count > 1) {
        draft_definition(&json, invocation, invocation->operands[1]);
    }
    if (!write_operands(invocation, kind, &json, error)) {
        return false;
    }
    json_object_end(&json);
    return !text->full || error_set(error, ERROR_USAGE, "a job has at most %u bytes", JOB_SIZE_MAX);
}

/* The id of an expire follows from its hold. */
static bool choose_id(const struct invocation *invocation, enum kind kind,
                      char id[JOB_EXPIRE_ID_MAX + 1], struct error *error)
{
    char fresh[DRAFT_ID_MAX];
    const char *given = invocation_value(invocation, "id");
    if (given == NULL && kind == KIND_EXPIRE && invocation->operand_count > 1) {
        (void)snprintf(id, JOB_EXPIRE_ID_MAX + 1, JOB_EXPIRE_PREFIX "%s", invocation->operands[1]);
        return true;
    }
    if (given == NULL && !draft_id(kind_text(kind), fresh, error)) {
        return false;
    }
    given = given == NULL ? fresh : given;
    if (strlen(given) > JOB_EXPIRE_ID_MAX) {
        return error_set(error, ERROR_USAGE, "--id: it has more than %u bytes", JOB_ID_MAX);
    }
    (void)snprintf(id, JOB_EXPIRE_ID_MAX + 1, "%s", given);
    return true;
}

static bool send_one(struct sending *sending, const struct invocation *invocation,
                     uint32_t wait_seconds, struct error *error)
{
    static char memory[JOB_SIZE_MAX + 1];
    char id[JOB_EXPIRE_ID_MAX + 1];
    const char *word = invocation->operands[0];
    enum kind kind;
    struct text text;
    struct job job;
    if (!kind_of((struct span){word, (uint32_t)strlen(word)}, &kind)) {
        error_set(error, ERROR_USAGE, "there is no kind of job \"%s\"", word);
        return error_advise(error, "There are checkout, reserve, commit, release, extend, cancel, "
                                   "adjust, set, define and expire.");
    }
    if (kind != KIND_DEFINE &&
        !check_no_option(invocation, definition, "only a define has it", error)) {
        return false;
    }
    text_init(&text, memory, sizeof memory);
    if (!choose_id(invocation, kind, id, error) || !write_job(invocation, kind, id, &text, error)) {
        return false;
    }
    const struct span body = {text.bytes, (uint32_t)text.size};
    if (!sending_parse(sending, body, &job, error)) {
        return error_advise(error, "A flag for each member, and examples: till help submit");
    }
    return sending_open(sending, invocation, wait_seconds, NULL, error) &&
           sending_add(sending, &job, body, error) && sending_finish(sending, error);
}

/* stdin, line by line, without waiting longer for it than the broker may wait for us. */
struct lines {
    char bytes[LINE_MAX_SIZE];
    size_t size;
    bool over;     /* nothing more will come */
    bool skipping; /* the rest of a line that was too long */
    uint64_t number;
    uint64_t bad;
};

/* True, and 0 in *end, when no whole line is there. */
static size_t line_end(const struct lines *lines)
{
    const char *newline = memchr(lines->bytes, '\n', lines->size);
    if (newline != NULL) {
        return (size_t)(newline - lines->bytes) + 1;
    }
    return lines->over || lines->size == sizeof lines->bytes ? lines->size : 0;
}

static bool is_blank(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* A line that is no job is named and passed over: those around it are none of its business. */
static bool send_line(struct sending *sending, struct lines *lines, size_t size,
                      struct error *error)
{
    struct error fault = {0};
    struct job job;
    const struct span body = {lines->bytes, (uint32_t)size};
    const bool whole = lines->over || lines->bytes[size - 1] == '\n';
    const bool rest = lines->skipping;
    lines->skipping = !whole;
    if (rest || is_blank(lines->bytes, size)) {
        lines->number += rest ? 0 : 1;
        return true;
    }
    lines->number++;
    if (!sending_parse(sending, body, &job, &fault)) {
        lines->bad++;
        (void)fprintf(stderr, "line %llu: %s\n", (unsigned long long)lines->number, fault.text);
        return true;
    }
    return sending_add(sending, &job, body, error);
}

static bool read_more(struct sending *sending, struct lines *lines, struct error *error)
{
    struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = submitter_file(&sending->submitter), .events = POLLIN}};
    if (poll(files, 2, 1000) < 0 && errno != EINTR) {
        return error_set(error, ERROR_FATAL, "wait for lines: %s", strerror(errno));
    }
    if (!submitter_turn(&sending->submitter, 0, error)) {
        return false;
    }
    if (files[0].revents == 0) {
        return true;
    }
    const ssize_t more =
        read(STDIN_FILENO, lines->bytes + lines->size, sizeof lines->bytes - lines->size);
    if (more < 0 && errno != EINTR && errno != EAGAIN) {
        return error_set(error, ERROR_FATAL, "read lines: %s", strerror(errno));
    }
    lines->over = more == 0;
    lines->size += more > 0 ? (size_t)more : 0;
    return true;
}

static bool send_lines(struct sending *sending, struct lines *lines, struct error *error)
{
    while (!lines->over || lines->size > 0) {
        if (!read_more(sending, lines, error)) {
            return false;
        }
        for (size_t size = line_end(lines); size > 0; size = line_end(lines)) {
            if (!send_line(sending, lines, size, error)) {
                return false;
            }
            lines->size -= size;
            memmove(lines->bytes, lines->bytes + size, lines->size);
        }
    }
    return sending_finish(sending, error);
}

static bool send_all(struct sending *sending, const struct invocation *invocation,
                     uint32_t wait_seconds, struct lines *lines, struct error *error)
{
    if (invocation->operand_count > 0) {
        return send_one(sending, invocation, wait_seconds, error);
    }
    if (!check_no_option(invocation, members, "the jobs that are read say it themselves", error)) {
        return false;
    }
    if (isatty(STDIN_FILENO) != 0) {
        (void)fprintf(stderr, "till submit: reading jobs from the terminal, one JSON object a "
                              "line, until Ctrl-D\n");
    }
    return sending_open(sending, invocation, wait_seconds, NULL, error) &&
           send_lines(sending, lines, error);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct sending sending;
    static struct lines lines;
    uint32_t wait_seconds = 0;
    if (!invocation_number(invocation, "wait", 1, SENDING_WAIT_MAX, &wait_seconds, error)) {
        return false;
    }
    sending.as_json = invocation_value(invocation, "json") != NULL;
    const bool sent = send_all(&sending, invocation, wait_seconds, &lines, error);
    sending_close(&sending);
    if (sending.sent > 1) {
        (void)fprintf(stderr, "%llu sent, %llu accepted", (unsigned long long)sending.sent,
                      (unsigned long long)sending.accepted);
        if (sending.waits) {
            (void)fprintf(stderr, "; %llu granted, %llu sold out, %llu refused, %llu undecided",
                          (unsigned long long)sending.granted, (unsigned long long)sending.sold_out,
                          (unsigned long long)sending.refused,
                          (unsigned long long)sending.undecided);
        }
        (void)fprintf(stderr, "\n");
    }
    *status = sending_status(&sending);
    if (lines.bad > 0 && *status != STATUS_TIMED_OUT) {
        *status = STATUS_NEGATIVE;
    }
    return sent;
}

const struct command command_submit = {
    .name = "submit",
    .operands = "[KIND [HOLD | SALE | SKU[=N] ...]]",
    .operands_max = 1 + JOB_ITEMS_MAX + 1,
    .summary = "sends a job, or those on stdin, one JSON object a line",
    .description =
        "Of the command line:\n"
        "  till submit checkout PS5 PAD=2 --customer c-1 --wait 5\n"
        "  till submit reserve PS5 --customer c-1 --ttl 600\n"
        "  till submit commit HOLD     (release, extend likewise; expire, which is the sweeper's,\n"
        "                               does and says nothing before the hold's end)\n"
        "  till submit cancel SALE [SKU=N ...]\n"
        "  till submit adjust PS5=40   (set likewise)\n"
        "  till submit define PS5 --per-customer 2\n"
        "Without a kind, jobs are read from stdin; each must have its id, so that the same input "
        "may be\n"
        "sent again. A line that is no job is named, and the others are sent.\n"
        "\n"
        "Exit 0: accepted, with --wait granted; 1: something was refused, or is no job; 3: not "
        "refused,\n"
        "but sold out; 75: no decision in time.",
    .options = options,
    .needs_config = true,
    .run = run,
};

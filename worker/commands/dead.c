/* SPDX-License-Identifier: Apache-2.0
 *
 * till dead list: how many letters lie there for which reason. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/commands/dead_parts.h"
#include "worker/commands/printable.h"

#define GROUPS_MAX 32u /* reasons; of more, the last stands for the rest */
#define OTHERS     "(others)"

static const struct option options[] = {
    DEAD_FILTER_OPTIONS,
    {"json", NULL, "a JSON object a line"},
    {0},
};

/* The letters of one reason; the example is the first of them. */
struct group {
    char reason[64];
    uint64_t count;
    instant oldest; /* INSTANT_NONE: no letter says when */
    instant newest;
    char id[JOB_EXPIRE_ID_MAX + 1];
    char error[512];
};

struct groups {
    struct group groups[GROUPS_MAX];
    size_t count;
};

/* Cut to the memory, with a NUL. */
static void keep(char *memory, size_t size, struct span text)
{
    (void)snprintf(memory, size, "%.*s", SPAN_ARGUMENTS(text));
}

static struct group *group_of(struct groups *groups, const struct dead_view *letter)
{
    char reason[sizeof groups->groups[0].reason];
    keep(reason, sizeof reason, letter->note.reason);
    for (size_t i = 0; i < groups->count; i++) {
        if (strcmp(groups->groups[i].reason, reason) == 0) {
            return &groups->groups[i];
        }
    }
    if (groups->count == GROUPS_MAX) {
        struct group *last = &groups->groups[GROUPS_MAX - 1];
        keep(last->reason, sizeof last->reason, SPAN_OF(OTHERS));
        return last;
    }
    struct group *group = &groups->groups[groups->count++];
    *group = (struct group){.oldest = INSTANT_NONE, .newest = INSTANT_NONE};
    keep(group->reason, sizeof group->reason, letter->note.reason);
    keep(group->id, sizeof group->id, letter->id);
    keep(group->error, sizeof group->error, letter->note.error);
    return group;
}

static void count(struct groups *groups, const struct dead_view *letter)
{
    struct group *group = group_of(groups, letter);
    const instant time = letter->note.time;
    group->count++;
    if (time == INSTANT_NONE) {
        return;
    }
    if (group->oldest == INSTANT_NONE || time < group->oldest) {
        group->oldest = time;
    }
    if (group->newest == INSTANT_NONE || time > group->newest) {
        group->newest = time;
    }
}

static void print_json(const struct group *group)
{
    char memory[8192]; /* the texts of a group six times over */
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_string(&json, "reason", group->reason);
    json_member_integer(&json, "count", (int64_t)group->count);
    json_member_instant(&json, "oldest", group->oldest);
    json_member_instant(&json, "newest", group->newest);
    json_key(&json, "example");
    json_object(&json);
    json_member_string(&json, "id", group->id[0] == '\0' ? NULL : group->id);
    json_member_string(&json, "error", group->error[0] == '\0' ? NULL : group->error);
    json_object_end(&json);
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
}

static void print_text(const char *text)
{
    printable_print((struct span){text, (uint32_t)strlen(text)}, stdout);
}

static void print(const struct group *group)
{
    char time[INSTANT_TEXT_SIZE + 1] = "-";
    if (group->oldest != INSTANT_NONE) {
        instant_write(group->oldest, time);
        time[INSTANT_TEXT_SIZE] = '\0';
    }
    print_text(group->reason);
    (void)printf("%*s %7" PRIu64 "  %-27s  ",
                 strlen(group->reason) < 14 ? (int)(14 - strlen(group->reason)) : 0, "",
                 group->count, time);
    print_text(group->id);
    (void)fputs(group->id[0] == '\0' || group->error[0] == '\0' ? "" : ": ", stdout);
    print_text(group->error);
    (void)printf("\n");
}

static void print_all(const struct groups *groups, const struct invocation *invocation)
{
    const bool as_json = invocation_value(invocation, "json") != NULL;
    if (groups->count == 0) {
        (void)fprintf(stderr, "till dead list: there are none\n");
    } else if (!as_json) {
        (void)printf("%-14s %7s  %-27s  %s\n", "reason", "count", "oldest", "for example");
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (as_json) {
            print_json(&groups->groups[i]);
        } else {
            print(&groups->groups[i]);
        }
    }
}

static bool read_all(struct dead_reading *reading, struct groups *groups, struct error *error)
{
    for (;;) {
        const struct dead_view *letter;
        if (!dead_next(reading, &letter, error)) {
            return false;
        }
        if (letter == NULL) {
            return true;
        }
        if (letter->meant) {
            count(groups, letter);
        }
    }
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct dead_reading reading;
    static struct groups groups;
    bool busy = false;
    if (!dead_open(&reading, invocation, &busy, status, error)) {
        return false;
    }
    const bool read = busy || read_all(&reading, &groups, error);
    dead_close(&reading);
    if (read && !busy) {
        print_all(&groups, invocation);
    }
    return read;
}

static const struct command command_dead_list = {
    .name = "dead list",
    .operands = "",
    .summary = "how many letters there are, for which reason",
    .description =
        "malformed: no job; failed: the database refused this one job; crashing: it was begun "
        "alone five\n"
        "times without an end; delivery_limit: the broker gave it up. Looking changes nothing. "
        "One command\n"
        "at a time has the letters in hand; another waits for it, and ends with exit 75 after "
        "half a minute.",
    .options = options,
    .needs_config = true,
    .run = run,
};

static const struct command *const dead_commands[] = {
    &command_dead_list, &command_dead_show, &command_dead_replay, &command_dead_drop, NULL,
};

const struct command command_dead = {
    .name = "dead",
    .commands = dead_commands,
    .summary = "what could not be decided: shows it, sends it again",
};

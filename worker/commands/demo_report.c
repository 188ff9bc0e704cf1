/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the account of a demonstration: what happened, each figure that was checked, and what it
 * means for a shop. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/contract/json_write.h"
#include "worker/commands/demo.h"

#define JSON_MAX 16384u

static bool colours(void)
{
    const char *none = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (none == NULL || none[0] == '\0');
}

static void print_checks(const struct demo_account *account)
{
    const bool coloured = colours();
    for (uint32_t i = 0; i < account->check_count; i++) {
        const struct demo_check *check = &account->checks[i];
        char found[32];
        char wanted[32];
        const bool good = check->found == check->wanted;
        const char *colour = good ? "\033[32m" : "\033[1;31m";
        (void)printf("%s%-6s%s  %-14s %9s  %s", coloured ? colour : "", good ? "ok" : "broken",
                     coloured ? "\033[0m" : "", check->name, demo_grouped(check->found, found),
                     check->sentence);
        if (!good) {
            (void)printf("; %s expected", demo_grouped(check->wanted, wanted));
        }
        (void)printf("\n");
    }
    if (account->counter_example[0] != '\0') {
        (void)printf("        %s\n", account->counter_example);
    }
}

/* Decisions in a second, over the whole sale. */
static int64_t rate(const struct demo_account *account)
{
    return account->sale_us > 0 ? (int64_t)account->told * 1000000 / account->sale_us : 0;
}

static void print_kill(const struct demo *demo)
{
    const struct demo_account *account = &demo->account;
    char in_hand[32];
    char takeover[32];
    char copies[32];
    if (demo->killed_us == 0) {
        return;
    }
    (void)printf("\nIn the middle of it worker %s was killed, with about %s jobs in hand.\n",
                 demo->victim, demo_grouped(demo->in_hand, in_hand));
    if (demo->takeover_us == 0) {
        (void)printf("%s\n", account->told == demo->buyers ? "All the others were decided by then."
                                                           : "Nobody took over.");
        return;
    }
    (void)printf("%s went on %s later: the broker gave it the unfinished jobs;\n"
                 "what was decided already it found in the database and told again, the same\n"
                 "to the byte (%s events came twice).\n",
                 demo->workers > 1 ? "The standby" : "A new worker",
                 demo_duration(demo->takeover_us, takeover),
                 demo_grouped((int64_t)(account->copies - account->told), copies));
}

static void print_times(const struct demo *demo)
{
    const struct demo_latency *latency = &demo->account.latency;
    char text[5][32];
    (void)printf("\n%s decisions a second, the takeover included. From publish to event: half\n"
                 "within %s, 90 %% within %s, 99 %% within %s, all within %s.\n"
                 "All buyers came at once, so most of that is waiting in the queue.\n",
                 demo_grouped(rate(&demo->account), text[0]),
                 demo_duration(latency->p50_us, text[1]), demo_duration(latency->p90_us, text[2]),
                 demo_duration(latency->p99_us, text[3]), demo_duration(latency->max_us, text[4]));
}

static void print(const struct demo *demo)
{
    const struct demo_account *account = &demo->account;
    char buyers[32];
    char units[32];
    (void)printf("\nThe account: %s buyers, %s units of %s\n\n", demo_grouped(demo->buyers, buyers),
                 demo_grouped(demo->units, units), DEMO_SKU);
    print_checks(account);
    print_kill(demo);
    if (account->told > 0) {
        print_times(demo);
    }
    if (account->broken == 0) {
        (void)printf("\nThe account adds up: none lost, none sold twice, audit passed (%u "
                     "invariants).\n",
                     account->invariants);
    } else {
        (void)printf("\nThe account does not add up: %u of %u figures are wrong.\n",
                     account->broken, account->check_count);
    }
}

static void write_latency(struct json *json, const struct demo_latency *latency)
{
    json_key(json, "latency_us");
    json_object(json);
    json_member_integer(json, "p50", latency->p50_us);
    json_member_integer(json, "p90", latency->p90_us);
    json_member_integer(json, "p99", latency->p99_us);
    json_member_integer(json, "max", latency->max_us);
    json_object_end(json);
}

static void write_kill(struct json *json, const struct demo *demo)
{
    json_key(json, "killed");
    if (demo->killed_us == 0) {
        json_null(json);
        return;
    }
    json_object(json);
    json_member_string(json, "worker", demo->victim);
    json_member_integer(json, "in_hand", demo->in_hand);
    json_key(json, "takeover_us");
    if (demo->takeover_us == 0) {
        json_null(json);
    } else {
        json_integer(json, demo->takeover_us);
    }
    json_object_end(json);
}

static void write_checks(struct json *json, const struct demo_account *account)
{
    json_key(json, "checks");
    json_array(json);
    for (uint32_t i = 0; i < account->check_count; i++) {
        const struct demo_check *check = &account->checks[i];
        json_object(json);
        json_member_string(json, "check", check->name);
        json_member_boolean(json, "holds", check->found == check->wanted);
        json_member_integer(json, "found", check->found);
        json_member_integer(json, "expected", check->wanted);
        json_member_string(json, "sentence", check->sentence);
        json_object_end(json);
    }
    json_array_end(json);
}

static void print_json(const struct demo *demo)
{
    static char memory[JSON_MAX];
    const struct demo_account *account = &demo->account;
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_boolean(&json, "adds_up", account->broken == 0);
    json_member_string(&json, "namespace", demo->place.namespace);
    json_member_integer(&json, "buyers", demo->buyers);
    json_member_integer(&json, "units", demo->units);
    json_member_integer(&json, "confirmed", account->confirmed);
    json_member_integer(&json, "sold_out", account->sold_out);
    json_member_integer(&json, "lost", demo->buyers - account->told);
    json_member_integer(&json, "told_again", (int64_t)(account->copies - account->told));
    json_member_integer(&json, "invariants", account->invariants);
    write_kill(&json, demo);
    json_member_integer(&json, "decisions_per_second", rate(account));
    write_latency(&json, &account->latency);
    write_checks(&json, account);
    json_member_string(&json, "counter_example",
                       account->counter_example[0] == '\0' ? NULL : account->counter_example);
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
}

void demo_report(const struct demo *demo)
{
    if (demo->as_json) {
        print_json(demo);
    } else {
        print(demo);
    }
    (void)fflush(stdout);
}

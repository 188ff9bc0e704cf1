/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes events in, one record a buyer, and draws up the account. */
#include "worker/commands/demo_account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/connect/postgres.h"
#include "worker/commands/demo_front.h"
#include "worker/commands/demo_recorded.h"
#include "worker/postgres/audit.h"

bool demo_account_open(struct demo_account *account, struct error *error)
{
    account->buyers = calloc(account->buyer_count, sizeof *account->buyers);
    return account->buyers != NULL ||
           error_set(error, ERROR_FATAL, "no memory for %u buyers", account->buyer_count);
}

void demo_account_close(struct demo_account *account)
{
    free(account->buyers);
    account->buyers = NULL;
}

struct demo_buyer *demo_account_buyer(const struct demo_account *account, const char *job)
{
    const size_t prefix = sizeof DEMO_ID - 1;
    char *end = NULL;
    if (strncmp(job, DEMO_ID, prefix) != 0 || job[prefix] < '1' || job[prefix] > '9') {
        return NULL;
    }
    const unsigned long number = strtoul(job + prefix, &end, 10);
    return *end != '\0' || number > account->buyer_count ? NULL : &account->buyers[number - 1];
}

static void count_outcome(struct demo_account *account, const struct demo_buyer *buyer,
                          bool decided)
{
    account->told++;
    if (decided && buyer->outcome == OUTCOME_CONFIRMED) {
        account->confirmed++;
    } else if (decided && buyer->outcome == OUTCOME_SOLD_OUT) {
        account->sold_out++;
    } else {
        account->others++;
    }
}

static void note_first(struct demo_account *account, struct demo_buyer *buyer, uint64_t digest)
{
    const struct till_event *event = &account->event;
    const struct span outcome = {event->outcome, (uint32_t)strlen(event->outcome)};
    buyer->heard_us = demo_now_us();
    buyer->digest = digest;
    buyer->version = event->item_count == 1 ? event->items[0].version : 0;
    const bool decided = outcome_of(outcome, &buyer->outcome); /* an answer has none */
    if (!decided) {
        buyer->outcome = OUTCOME_REJECTED;
    }
    count_outcome(account, buyer, decided);
    account->last_us = buyer->heard_us;
}

/* A worker that takes over tells again what the one before had decided, and decides the rest. */
static void note_time(struct demo_account *account, bool repeat)
{
    instant time;
    const struct span text = {account->event.time, (uint32_t)strlen(account->event.time)};
    if (account->since == 0 || account->first_since_us != 0) {
        return;
    }
    if (repeat || (instant_parse(text, &time) && time >= account->since)) {
        account->first_since_us = demo_now_us();
    }
}

void demo_account_hear(void *self, struct span body, bool repeat)
{
    static const struct hash_key key = {0x74696c6c, 0x64656d6f};
    struct demo_account *account = self;
    if (!till_event_read(body.bytes, body.size, &account->event)) {
        account->strangers++;
        return;
    }
    if (strcmp(account->event.job, DEMO_STOCK_ID) == 0) {
        account->delivered |= strcmp(account->event.outcome, "stocked") == 0;
        return;
    }
    struct demo_buyer *buyer = demo_account_buyer(account, account->event.job);
    if (buyer == NULL) {
        account->strangers++;
        return;
    }
    const uint64_t digest = hash_bytes(key, body.bytes, body.size);
    note_time(account, repeat);
    account->copies++;
    account->repeats += repeat;
    if (buyer->copies++ == 0) {
        note_first(account, buyer, digest);
    }
    buyer->differs |= buyer->digest != digest;
}

static void check(struct demo_account *account, const char *name, int64_t wanted, int64_t found,
                  const char *sentence)
{
    ENSURE(account->check_count < DEMO_CHECKS_MAX);
    account->checks[account->check_count++] =
        (struct demo_check){.name = name, .sentence = sentence, .wanted = wanted, .found = found};
    account->broken += wanted != found;
}

static void check_told(struct demo_account *account)
{
    const uint32_t sales =
        account->units < account->buyer_count ? account->units : account->buyer_count;
    uint32_t differing = 0;
    for (uint32_t i = 0; i < account->buyer_count; i++) {
        differing += account->buyers[i].differs;
    }
    check(account, "confirmed", sales, account->confirmed, "buyers have a unit each");
    check(account, "sold out", account->buyer_count - sales, account->sold_out,
          "buyers were told so");
    check(account, "told otherwise", 0, account->others + account->strangers,
          "events that say anything else");
    check(account, "lost", 0, account->buyer_count - account->told, "buyers without an answer");
    check(account, "two answers", 0, differing, "buyers who were told one thing, then another");
}

/* Each sale moves the stock once, and the version that it makes is its own: the delivery made 1. */
static bool check_versions(struct demo_account *account, struct error *error)
{
    const uint32_t last = account->units + 1;
    uint8_t *sales = calloc(last + 1, 1);
    uint32_t twice = 0;
    uint32_t gaps = 0;
    uint32_t outside = 0;
    uint32_t newest = 1;
    if (sales == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for %u units", account->units);
    }
    for (uint32_t i = 0; i < account->buyer_count; i++) {
        const struct demo_buyer *buyer = &account->buyers[i];
        if (buyer->copies == 0 || buyer->outcome != OUTCOME_CONFIRMED) {
            continue;
        }
        if (buyer->version < 2 || buyer->version > last) {
            outside++;
            continue;
        }
        twice += sales[buyer->version];
        sales[buyer->version] = 1;
        newest = buyer->version > newest ? (uint32_t)buyer->version : newest;
    }
    for (uint32_t version = 2; version <= newest; version++) {
        gaps += sales[version] == 0;
    }
    free(sales);
    check(account, "sold twice", 0, twice + outside, "units with two buyers, or that never were");
    check(account, "gaps", 0, gaps, "changes of the stock that nobody was told of");
    return true;
}

static void check_recorded(struct demo_account *account, const struct demo_recorded *recorded)
{
    const int64_t left =
        account->units > account->buyer_count ? account->units - account->buyer_count : 0;
    check(account, "recorded", account->buyer_count, recorded->decisions,
          "decisions in the database, one a buyer");
    check(account, "unlike told", 0, recorded->unlike,
          "decisions that are not what the buyer was told");
    check(account, "unsold", left, recorded->unsold, "units left over");
    check(account, "held", 0, recorded->held, "units set aside");
}

static void take_finding(void *self, const struct audit_finding *finding)
{
    struct demo_account *account = self;
    account->invariants++;
    if (finding->broken > 0 && account->counter_example[0] == '\0') {
        const bool shown = finding->example_count > 0;
        (void)snprintf(account->counter_example, sizeof account->counter_example, "%s: %s",
                       finding->name, shown ? finding->examples[0].text : finding->sentence);
    }
    account->invariants_broken += finding->broken > 0;
}

static bool check_audit(struct demo_account *account, struct postgres *postgres,
                        struct error *error)
{
    const struct audit_report report = {take_finding, account};
    if (!audit_run(postgres, &report, error)) {
        return error_wrap(error, "audit");
    }
    check(account, "audit", 0, account->invariants_broken,
          "invariants broken, of all that till audit proves");
    return true;
}

static int compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t percentile(const int64_t *sorted, uint32_t count, uint32_t percent)
{
    return sorted[((uint64_t)count * percent + 99) / 100 - 1];
}

static bool measure(struct demo_account *account, const _Atomic int64_t *sent_us,
                    struct error *error)
{
    int64_t *latencies = calloc(account->buyer_count, sizeof *latencies);
    int64_t first_us = INT64_MAX;
    uint32_t count = 0;
    if (latencies == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for %u buyers", account->buyer_count);
    }
    for (uint32_t i = 0; i < account->buyer_count; i++) {
        const int64_t sent = sent_us[i];
        if (sent != 0 && account->buyers[i].copies > 0) {
            latencies[count++] = account->buyers[i].heard_us - sent;
        }
        first_us = sent != 0 && sent < first_us ? sent : first_us;
    }
    if (count > 0) {
        qsort(latencies, count, sizeof *latencies, compare);
        account->latency = (struct demo_latency){
            .p50_us = percentile(latencies, count, 50),
            .p90_us = percentile(latencies, count, 90),
            .p99_us = percentile(latencies, count, 99),
            .max_us = latencies[count - 1],
        };
        account->sale_us = account->last_us - first_us;
    }
    free(latencies);
    return true;
}

bool demo_account_settle(struct demo_account *account, struct postgres *postgres,
                         const _Atomic int64_t *sent_us, struct error *error)
{
    struct demo_recorded recorded;
    check_told(account);
    if (!check_versions(account, error) ||
        !demo_recorded_read(postgres, account, &recorded, error)) {
        return false;
    }
    check_recorded(account, &recorded);
    return check_audit(account, postgres, error) && measure(account, sent_us, error);
}

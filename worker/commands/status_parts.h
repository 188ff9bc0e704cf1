/* SPDX-License-Identifier: Apache-2.0
 *
 * The halves of till status: what was found, and how it is shown. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "common/connect/config.h"
#include "common/connect/postgres.h"
#include "common/connect/rabbit.h"

/* What is shown, in this order. */
enum report_part {
    REPORT_PROBLEMS, /* what needs a person, and what to do */
    REPORT_GENERATIONS,
    REPORT_LANES,
    REPORT_WORKERS,
    REPORT_HOLDS, /* one row */
    REPORT_DEAD,  /* dead letters by reason */
    REPORT_PARTS,
};

#define STATUS_REASONS_MAX 8u

/* Dead letters by reason, as they were counted last. */
struct status_dead {
    uint32_t letters;   /* how many there were then */
    int64_t counted_ms; /* 0: never */
    uint32_t reason_count;
    struct {
        char text[64];
        uint32_t letters;
    } reasons[STATUS_REASONS_MAX]; /* the last one stands for all others, if there are so many */
};

/* Of so many letters, which lie there now. Counts anew when their number has changed, or after a
 * while; where they are too many, or another command has them in hand, that is the reason given. */
bool status_count_dead(const struct amqp_url *url, const char *namespace, uint32_t letters,
                       struct status_dead *dead, struct error *error) MUST_CHECK;

#define STATUS_REASON_BUSY "(in the hands of till dead)"
#define STATUS_REASON_MANY "(too many to look at)"

/* Servers that are asked again and again; zeroed at the beginning. */
struct status_source {
    const struct config *config;
    struct amqp_url url;
    struct rabbit rabbit;
    struct postgres postgres;
    struct status_dead dead;
};

/* One look. */
struct status_report {
    PGresult *parts[REPORT_PARTS];
};

/* Asks both servers; connects if it must. A failure closes the connections. */
bool status_look(struct status_source *source, struct status_report *report,
                 struct error *error) MUST_CHECK;

void status_source_close(struct status_source *source);
void status_report_free(struct status_report *report);

/* How many things need a person. */
int status_problems(const struct status_report *report);

void status_print(const struct status_report *report, FILE *out);
void status_print_json(const struct status_report *report, FILE *out);

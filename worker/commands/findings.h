/* SPDX-License-Identifier: Apache-2.0
 *
 * What a check-up found: a list of facts, each fine or a fault with its remedy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/error.h"

#define FINDINGS_MAX     48u
#define FINDING_TEXT_MAX 512u

struct finding {
    const char *check; /* its short name, a constant */
    bool ok;
    char text[FINDING_TEXT_MAX];
    char remedy[ERROR_REMEDY_MAX]; /* empty when fine */
};

struct findings {
    struct finding list[FINDINGS_MAX];
    size_t count;
    size_t faults;
    bool unreachable; /* a server could not be asked */
};

void findings_ok(struct findings *findings, const char *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The error's text and remedy become the finding's; one to retry says that a server cannot be
 * reached. */
void findings_fault(struct findings *findings, const char *check, const struct error *error);

/* One line a finding, the remedy of a fault on a line of its own below it. */
void findings_print(const struct findings *findings, FILE *out);
void findings_print_json(const struct findings *findings, FILE *out);

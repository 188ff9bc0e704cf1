/* SPDX-License-Identifier: Apache-2.0
 *
 * Proves from the database alone that every figure follows from the recorded decisions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define AUDIT_EXAMPLES_MAX 10u /* counter-examples of one invariant */
#define AUDIT_TEXT_MAX     256u

struct postgres;

/* One thing that breaks an invariant: a SKU in a pool, or what an id names. All texts are the
 * struct's own. */
struct audit_example {
    char pool[65]; /* empty: it has an id */
    char sku[129];
    char id[161];
    char text[AUDIT_TEXT_MAX]; /* what is wrong with it */
};

struct audit_finding {
    const char *name;     /* of the invariant, a constant word */
    const char *sentence; /* what is so if nothing is broken */
    const char *things;   /* what was looked at: "SKUs" */
    int64_t looked_at;
    int64_t broken; /* how many of them break it */
    struct audit_example examples[AUDIT_EXAMPLES_MAX];
    size_t example_count;
};

/* Told of each invariant when it has been checked. The finding is valid during the call. */
struct audit_report {
    void (*found)(void *self, const struct audit_finding *finding);
    void *self;
};

/* Checks all invariants in one snapshot, which no lane waits for. */
bool audit_run(struct postgres *postgres, const struct audit_report *report,
               struct error *error) MUST_CHECK;

/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares decisions, member by member. */
#include "tests/support/differ.h"

static bool items_equal(const struct decision_item *a, uint32_t a_count,
                        const struct decision_item *b, uint32_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (uint32_t i = 0; i < a_count; i++) {
        if (!span_equal(a[i].sku, b[i].sku) || a[i].qty != b[i].qty || a[i].moved != b[i].moved ||
            a[i].version != b[i].version || a[i].available != b[i].available) {
            return false;
        }
    }
    return true;
}

static bool faults_equal(const struct decision *a, const struct decision *b)
{
    if (a->fault_count != b->fault_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->fault_count; i++) {
        const struct fault *left = &a->faults[i];
        const struct fault *right = &b->faults[i];
        if (!span_equal(left->sku, right->sku) || left->reason != right->reason ||
            left->wanted != right->wanted || left->available != right->available ||
            left->held != right->held || left->limit != right->limit ||
            left->taken != right->taken || left->version != right->version ||
            left->opens_at != right->opens_at || left->closes_at != right->closes_at) {
            return false;
        }
    }
    return true;
}

const char *decisions_differ(const struct decision *a, const struct decision *b)
{
    if (!span_equal(a->job, b->job) || a->kind != b->kind || a->form != b->form ||
        a->meaning != b->meaning || a->decided_at != b->decided_at) {
        return "a decision on another job";
    }
    if (a->outcome != b->outcome || a->reason != b->reason) {
        return "outcome or reason";
    }
    if (!span_equal(a->ref, b->ref) || !span_equal(a->customer, b->customer) ||
        !span_equal(a->store, b->store) || !span_equal(a->pool, b->pool) || a->slot != b->slot ||
        !span_equal(a->meta, b->meta)) {
        return "ref, customer, store, pool, slot or meta";
    }
    if (!items_equal(a->items, a->item_count, b->items, b->item_count)) {
        return "items";
    }
    if (!items_equal(a->released_items, a->released_count, b->released_items, b->released_count)) {
        return "released items";
    }
    if (!faults_equal(a, b)) {
        return "faults";
    }
    if (!span_equal(a->hold, b->hold) || !span_equal(a->sale, b->sale) ||
        !span_equal(a->by, b->by) || !span_equal(a->replaces, b->replaces) ||
        a->expires_at != b->expires_at || a->retaken != b->retaken) {
        return "hold, sale, by, replaces, expires_at or retaken";
    }
    return NULL;
}

const char *results_differ(const struct result *result, const struct model_result *expected)
{
    if (result->kind != expected->kind) {
        return "kind of result";
    }
    switch (result->kind) {
    case RESULT_DECISION:
        return decisions_differ(&result->decision, expected->decision);
    case RESULT_REPEAT:
        return decisions_differ(result->repeat, expected->decision);
    case RESULT_ANSWER:
        return result->answer == expected->answer ? NULL : "answer";
    case RESULT_NOTHING:
        break;
    }
    return NULL;
}

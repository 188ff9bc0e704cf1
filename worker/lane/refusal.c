/* SPDX-License-Identifier: Apache-2.0
 *
 * What can stand in a job's way, SKU by SKU, with the figures that explain it. */
#include "worker/lane/refusal.h"

#include "common/base/ensure.h"
#include "common/base/limits.h"

static const struct fault fault_blank = {
    .available = FIGURE_NONE,
    .held = FIGURE_NONE,
    .limit = FIGURE_NONE,
    .taken = FIGURE_NONE,
    .version = FIGURE_NONE,
    .opens_at = INSTANT_NONE,
    .closes_at = INSTANT_NONE,
};

/* What the job could have if nobody else changed anything: units of the hold that it replaces are
 * its own, so they are available and not held. */
static void fault_put_figures(const struct want *want, struct fault *fault)
{
    const int64_t own = want->credit == NULL ? 0 : want->credit->qty;
    fault->available = stock_available(want->stock) + own;
    fault->held = want->stock->held - own;
}

bool sku_is_not_cancellable(const struct deciding *deciding, const struct want *want,
                            struct fault *fault)
{
    (void)deciding;
    (void)fault;
    return want->line == NULL || want->qty > want->line->qty - want->line->returned;
}

bool sku_is_unknown(const struct deciding *deciding, const struct want *want, struct fault *fault)
{
    (void)deciding;
    (void)fault;
    return want->stock == NULL || !want->stock->known;
}

bool sku_is_not_on_sale(const struct deciding *deciding, const struct want *want,
                        struct fault *fault)
{
    const struct stock *stock = want->stock;
    const instant now = deciding->state->now;
    const bool open = (stock->opens_at == INSTANT_NONE || stock->opens_at <= now) &&
                      (stock->closes_at == INSTANT_NONE || now < stock->closes_at);
    if (open) {
        return false;
    }
    fault->opens_at = stock->opens_at;
    fault->closes_at = stock->closes_at;
    return true;
}

bool sku_is_over_limit(const struct deciding *deciding, const struct want *want,
                       struct fault *fault)
{
    const struct stock *stock = want->stock;
    if (stock->per_customer == 0) {
        return false;
    }
    const struct tally *tally =
        state_tally(deciding->state, stock, stock->round, deciding->decision->customer);
    const struct line *credit = want->credit;
    int64_t taken = tally == NULL ? 0 : tally->taken;
    if (credit != NULL && credit->counted && span_equal(credit->round, stock->round)) {
        taken -= credit->qty;
    }
    if (taken + want->qty <= stock->per_customer) {
        return false;
    }
    fault->limit = stock->per_customer;
    fault->taken = taken;
    return true;
}

bool sku_version_has_changed(const struct deciding *deciding, const struct want *want,
                             struct fault *fault)
{
    (void)deciding;
    if (want->if_version == VERSION_NONE || want->if_version == want->stock->version) {
        return false;
    }
    fault->version = want->stock->version;
    return true;
}

/* How many units are not sold once the job is done. */
static int64_t unsold_after(const struct deciding *deciding, const struct want *want)
{
    const bool counted_anew = deciding->job->kind == KIND_SET;
    return counted_anew ? want->qty : want->stock->unsold + want->qty;
}

bool sku_falls_below_held(const struct deciding *deciding, const struct want *want,
                          struct fault *fault)
{
    if (unsold_after(deciding, want) >= want->stock->held) {
        return false;
    }
    fault_put_figures(want, fault);
    return true;
}

bool sku_is_over_capacity(const struct deciding *deciding, const struct want *want,
                          struct fault *fault)
{
    if (unsold_after(deciding, want) <= UNSOLD_MAX) {
        return false;
    }
    fault_put_figures(want, fault);
    return true;
}

bool sku_is_sold_out(const struct deciding *deciding, const struct want *want, struct fault *fault)
{
    (void)deciding;
    fault_put_figures(want, fault);
    return fault->available < want->qty;
}

void refuse_late(struct deciding *deciding)
{
    deciding->decision->outcome = OUTCOME_LATE;
}

void refuse(struct deciding *deciding, enum reason reason)
{
    const bool sold_out = reason == REASON_SOLD_OUT;
    deciding->decision->outcome = sold_out ? OUTCOME_SOLD_OUT : OUTCOME_REJECTED;
    deciding->decision->reason = sold_out ? REASON_NONE : reason;
}

void refuse_by(struct deciding *deciding, enum reason reason, struct span by)
{
    refuse(deciding, reason);
    deciding->decision->by = by;
}

/* From the first SKU that stands in the way on; the blank fault is that one's, filled. */
static void put_faults(struct deciding *deciding, const struct refusal *refusal)
{
    struct fault *faults = deciding_take(deciding, deciding->want_count * sizeof(struct fault));
    uint32_t count = 0;
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        struct fault fault = fault_blank;
        if (refusal->stands_in_the_way(deciding, want, &fault)) {
            fault.sku = want->sku;
            fault.reason = refusal->reason;
            fault.wanted = want->qty;
            faults[count++] = fault;
        }
    }
    ENSURE(count > 0);
    deciding->decision->faults = faults;
    deciding->decision->fault_count = count;
}

static bool some_stands_in_the_way(const struct deciding *deciding, const struct refusal *refusal)
{
    struct fault ignored;
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        if (refusal->stands_in_the_way(deciding, &deciding->wants[i], &ignored)) {
            return true;
        }
    }
    return false;
}

bool refused(struct deciding *deciding, const struct refusal *refusals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (some_stands_in_the_way(deciding, &refusals[i])) {
            refuse(deciding, refusals[i].reason);
            put_faults(deciding, &refusals[i]);
            return true;
        }
    }
    return false;
}

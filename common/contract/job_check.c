/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules that depend on a job's kind. */
#include "common/contract/job_check.h"

#include "common/contract/job_field.h"
#include "common/contract/names.h"

/* What the quantity of one line may be, and how to say so. */
struct qty_rule {
    int64_t min;
    int64_t max;
    bool zero;
    const char *fault;
};

static const struct qty_rule cart_rule = {1, JOB_QTY_MAX, false, "must be 1 to 1,000,000"};
static const struct qty_rule adjust_rule = {-(int64_t)JOB_QTY_MAX, JOB_QTY_MAX, false,
                                            "must be -1,000,000 to 1,000,000, and not 0"};
static const struct qty_rule set_rule = {0, UNSOLD_MAX, true, "must be 0 to 1,000,000,000"};
static const struct qty_rule define_rule = {0, 0, true, ""};

/* By kind; of those without items nothing is asked. */
static const struct qty_rule *const qty_rules[KIND_COUNT] = {
    [KIND_CHECKOUT] = &cart_rule, [KIND_RESERVE] = &cart_rule, [KIND_CANCEL] = &cart_rule,
    [KIND_ADJUST] = &adjust_rule, [KIND_SET] = &set_rule,      [KIND_DEFINE] = &define_rule,
};

static bool refuse_field(struct json_scan *scan, enum field field, const char *fault)
{
    scan->path[0] = (struct json_step){field_name(field), 0};
    scan->path_size = 1;
    return json_scan_refuse(scan, fault);
}

static bool refuse_line(struct json_scan *scan, uint32_t line, struct span key, const char *fault)
{
    scan->path[0] = (struct json_step){field_name(FIELD_ITEMS), 0};
    scan->path[1] = (struct json_step){SPAN_NONE, line};
    scan->path[2] = (struct json_step){key, 0};
    scan->path_size = 3;
    return json_scan_refuse(scan, fault);
}

static enum field lowest(uint32_t fields)
{
    ENSURE(fields != 0);
    return (enum field)__builtin_ctz(fields);
}

static bool check_fields(struct json_scan *scan, uint32_t seen, enum kind kind)
{
    const uint32_t unlisted = seen & ~fields_listed(kind);
    if (unlisted != 0) {
        return refuse_field(scan, lowest(unlisted), "is not a field of this kind of job");
    }
    const uint32_t missing = fields_required(kind) & ~seen;
    if (missing != 0) {
        return refuse_field(scan, lowest(missing), "is missing");
    }
    return true;
}

/* Every line by itself, as it was sent. */
static bool check_lines(struct json_scan *scan, const struct job *job)
{
    const struct qty_rule *rule = qty_rules[job->kind];
    ENSURE(rule != NULL || job->item_count == 0);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct item *line = &job->items[i];
        if (line->qty < rule->min || line->qty > rule->max || (line->qty == 0 && !rule->zero)) {
            return refuse_line(scan, i, SPAN_OF("qty"), rule->fault);
        }
        if (line->if_version != VERSION_NONE && job->kind != KIND_SET) {
            return refuse_line(scan, i, SPAN_OF("if_version"),
                               "is not a field of this kind of job");
        }
    }
    return true;
}

/* One item a SKU, where its first line stood. */
static bool sum_lines(struct json_scan *scan, struct job *job)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct item line = job->items[i];
        uint32_t first = 0;
        while (first < count && !span_equal(job->items[first].sku, line.sku)) {
            first++;
        }
        if (first == count) {
            job->items[count++] = line;
        } else if (job->kind == KIND_SET) {
            return refuse_line(scan, i, SPAN_OF("sku"), "is set twice in one job");
        } else {
            job->items[first].qty += line.qty;
        }
    }
    job->item_count = count;
    return true;
}

/* An expire's id is made of its hold's, and only an expire's is. */
static bool check_id(struct json_scan *scan, const struct job *job)
{
    const struct span prefix = SPAN_OF(JOB_EXPIRE_PREFIX);
    const bool prefixed =
        job->id.size > prefix.size && memcmp(job->id.bytes, prefix.bytes, prefix.size) == 0;
    if (job->kind != KIND_EXPIRE) {
        return !prefixed || refuse_field(scan, FIELD_ID, "must not begin with \"till:\"");
    }
    const struct span rest = {job->id.bytes + prefix.size, job->id.size - prefix.size};
    return (prefixed && span_equal(rest, job->hold)) ||
           refuse_field(scan, FIELD_ID, "must be \"till:expire:\" and the hold's id");
}

static void fill_defaults(struct job *job)
{
    if ((job->kind == KIND_CHECKOUT || job->kind == KIND_RESERVE) && span_absent(job->store)) {
        job->store = SPAN_OF(JOB_STORE_DEFAULT);
    }
    if (kind_is_stock(job->kind) && span_absent(job->pool)) {
        job->pool = SPAN_OF(JOB_POOL_DEFAULT);
    }
    if ((job->kind == KIND_RESERVE || job->kind == KIND_EXTEND) && job->ttl == 0) {
        job->ttl = JOB_TTL_DEFAULT;
    }
}

bool job_check(struct json_scan *scan, uint32_t seen, struct job *job)
{
    if (!check_fields(scan, seen, job->kind) || !check_id(scan, job) || !check_lines(scan, job) ||
        !sum_lines(scan, job)) {
        return false;
    }
    fill_defaults(job);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares jobs by meaning.
 *
 * The digest takes in 64-bit words, one after the other; each is a bijection of the state, so that
 * jobs that differ in one word never meet. Texts go in with their size in front, so that no two
 * sequences of fields make the same words. Of enum kind and enum change it takes in the numbers:
 * new members belong at their ends. */
#include "common/contract/job_meaning.h"

#include <endian.h>

/* What a digest begins with. A new way to digest would need a new one, and both for ever. */
#define DIGEST_BEGIN UINT64_C(0x74696c6c2d6a6f62)

/* The size of an absent text. */
#define DIGEST_ABSENT UINT64_MAX

static uint64_t take_word(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    digest ^= digest >> 32;
    digest *= UINT64_C(0xd6e8feb86659fd93);
    return digest ^ digest >> 29;
}

static uint64_t take_text(uint64_t digest, struct span text)
{
    if (span_absent(text)) {
        return take_word(digest, DIGEST_ABSENT);
    }
    digest = take_word(digest, text.size);
    for (uint32_t at = 0; at < text.size; at += (uint32_t)sizeof(uint64_t)) {
        uint64_t word = 0;
        const uint32_t rest = text.size - at;
        memcpy(&word, text.bytes + at, rest < sizeof word ? rest : sizeof word);
        digest = take_word(digest, le64toh(word));
    }
    return digest;
}

static uint64_t take_definition(uint64_t digest, const struct definition *definition)
{
    digest = take_word(digest, definition->per_customer_change);
    digest = take_word(digest, definition->per_customer);
    digest = take_word(digest, definition->round_change);
    digest = take_text(digest, definition->round);
    digest = take_word(digest, definition->opens_change);
    digest = take_word(digest, (uint64_t)definition->opens_at);
    digest = take_word(digest, definition->closes_change);
    return take_word(digest, (uint64_t)definition->closes_at);
}

static bool definition_same(const struct definition *a, const struct definition *b)
{
    return a->per_customer_change == b->per_customer_change && a->per_customer == b->per_customer &&
           a->round_change == b->round_change && span_equal(a->round, b->round) &&
           a->opens_change == b->opens_change && a->opens_at == b->opens_at &&
           a->closes_change == b->closes_change && a->closes_at == b->closes_at;
}

static bool items_same(const struct job *a, const struct job *b)
{
    if (a->item_count != b->item_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->item_count; i++) {
        const struct item *one = &a->items[i];
        const struct item *other = &b->items[i];
        if (!span_equal(one->sku, other->sku) || one->qty != other->qty ||
            one->if_version != other->if_version) {
            return false;
        }
    }
    return true;
}

bool job_same(const struct job *a, const struct job *b)
{
    return a->kind == b->kind && span_equal(a->ref, b->ref) &&
           span_equal(a->customer, b->customer) && span_equal(a->store, b->store) &&
           span_equal(a->pool, b->pool) && items_same(a, b) && a->ttl == b->ttl &&
           span_equal(a->hold, b->hold) && span_equal(a->sale, b->sale) &&
           span_equal(a->replaces, b->replaces) && definition_same(&a->definition, &b->definition);
}

uint64_t job_digest(const struct job *job)
{
    uint64_t digest = take_word(DIGEST_BEGIN, job->kind);
    digest = take_text(digest, job->ref);
    digest = take_text(digest, job->customer);
    digest = take_text(digest, job->store);
    digest = take_text(digest, job->pool);
    digest = take_word(digest, job->item_count);
    for (uint32_t i = 0; i < job->item_count; i++) {
        digest = take_text(digest, job->items[i].sku);
        digest = take_word(digest, (uint64_t)job->items[i].qty);
        digest = take_word(digest, (uint64_t)job->items[i].if_version);
    }
    digest = take_word(digest, job->ttl);
    digest = take_text(digest, job->hold);
    digest = take_text(digest, job->sale);
    digest = take_text(digest, job->replaces);
    return job->kind == KIND_DEFINE ? take_definition(digest, &job->definition) : digest;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks ids, texts, SKUs and stores. */
#include "common/contract/job_text.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"

#define OWN_PREFIX "till:"

static bool begins_with(struct span text, struct span prefix)
{
    return text.size >= prefix.size && memcmp(text.bytes, prefix.bytes, prefix.size) == 0;
}

bool job_id_valid(struct span id)
{
    if (id.size < 1 || id.size > JOB_ID_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < id.size; i++) {
        if (id.bytes[i] < '!' || id.bytes[i] > '~') {
            return false;
        }
    }
    return !begins_with(id, SPAN_OF(OWN_PREFIX));
}

bool job_expire_id_valid(struct span id)
{
    const struct span prefix = SPAN_OF(JOB_EXPIRE_PREFIX);
    return begins_with(id, prefix) &&
           job_id_valid((struct span){id.bytes + prefix.size, id.size - prefix.size});
}

bool job_text_valid(struct span text)
{
    return text.size >= 1 && text.size <= JOB_TEXT_MAX && !utf8_has_control(text);
}

bool job_sku_valid(struct span sku)
{
    return job_text_valid(sku) && sku.bytes[0] != ' ' && sku.bytes[sku.size - 1] != ' ';
}

bool job_store_valid(struct span store)
{
    if (store.size < 1 || store.size > JOB_STORE_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < store.size; i++) {
        const char byte = store.bytes[i];
        const char lower = (char)(byte | 0x20);
        const bool letter = lower >= 'a' && lower <= 'z';
        const bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '_' && byte != '-') {
            return false;
        }
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * From words to the JSON of a job. */
#include "worker/commands/draft.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

bool draft_id(const char *what, char id[DRAFT_ID_MAX], struct error *error)
{
    uint64_t chance = 0;
    char stamp[sizeof "20261121T090000Z"];
    struct tm calendar;
    const time_t now = time(NULL);
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance ||
        gmtime_r(&now, &calendar) == NULL ||
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &calendar) == 0) {
        return error_set(error, ERROR_FATAL, "the system gives no random number or no time");
    }
    (void)snprintf(id, DRAFT_ID_MAX, "%.16s.%s.%016" PRIx64, what, stamp, chance);
    return true;
}

void draft_begin(struct json *json, const char *id, const char *kind)
{
    json_object(json);
    json_member_string(json, "id", id);
    json_member_string(json, "kind", kind);
}

/* An integer as JSON writes it: no plus, no leading zero. */
static bool is_integer(const char *value)
{
    const char *digits = value + (value[0] == '-');
    const size_t count = strspn(digits, "0123456789");
    return count > 0 && digits[count] == '\0' && (digits[0] != '0' || count == 1);
}

void draft_number(struct json *json, const char *key, const char *value)
{
    if (is_integer(value)) {
        json_member_verbatim(json, key, (struct span){value, (uint32_t)strlen(value)});
    } else {
        json_member_string(json, key, value);
    }
}

static bool draft_item(struct json *json, const char *word, const char *number, const char *sign,
                       const char *if_version, struct error *error)
{
    char value[64];
    const char *equals = strrchr(word, '=');
    const size_t sku_size = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const char *found = equals == NULL ? number : equals + 1;
    if (found == NULL || found[0] == '\0' || strlen(found) >= sizeof value - 1) {
        error_set(error, ERROR_USAGE, "\"%s\" has no number of units", word);
        return error_advise(error, "Write SKU=N; a SKU may have equals signs of its own.");
    }
    (void)snprintf(value, sizeof value, "%s%s", strcmp(found, "0") == 0 ? "" : sign, found);
    json_object(json);
    json_member_span(json, "sku", (struct span){word, (uint32_t)sku_size});
    draft_number(json, "qty", value);
    if (if_version != NULL) {
        draft_number(json, "if_version", if_version);
    }
    json_object_end(json);
    return true;
}

bool draft_items(struct json *json, const char *const *words, size_t count, const char *number,
                 const char *sign, const char *if_version, struct error *error)
{
    json_key(json, "items");
    json_array(json);
    for (size_t i = 0; i < count; i++) {
        if (!draft_item(json, words[i], number, sign, if_version, error)) {
            return false;
        }
    }
    json_array_end(json);
    return true;
}

static void draft_text(struct json *json, const char *key, const char *value)
{
    if (value != NULL) {
        json_member_string(json, key, value[0] == '\0' ? NULL : value);
    }
}

void draft_definition(struct json *json, const struct invocation *invocation, const char *sku)
{
    const char *limit = invocation_value(invocation, "per-customer");
    json_member_string(json, "sku", sku);
    if (limit != NULL && limit[0] != '\0') {
        draft_number(json, "per_customer", limit);
    } else {
        draft_text(json, "per_customer", limit);
    }
    draft_text(json, "round", invocation_value(invocation, "round"));
    draft_text(json, "opens_at", invocation_value(invocation, "opens-at"));
    draft_text(json, "closes_at", invocation_value(invocation, "closes-at"));
}

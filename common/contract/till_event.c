/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads events with json-c: they are our own, so what json-c is lax about does no harm, and this is
 * no hot path. */
#include "till/event.h"

#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "common/base/ensure.h"

#define PUBLIC __attribute__((visibility("default")))

/* Copies a member that is a string; absent and null are empty. False: of another type, or too
 * long. */
static bool read_text(struct json_object *object, const char *key, char *target, size_t capacity)
{
    struct json_object *value;
    target[0] = '\0';
    if (!json_object_object_get_ex(object, key, &value) || value == NULL) {
        return true;
    }
    if (!json_object_is_type(value, json_type_string)) {
        return false;
    }
    const size_t size = (size_t)json_object_get_string_len(value);
    if (size >= capacity) {
        return false;
    }
    memcpy(target, json_object_get_string(value), size);
    target[size] = '\0';
    return true;
}

/* Absent and null are what otherwise says. */
static bool read_integer(struct json_object *object, const char *key, int64_t otherwise,
                         int64_t *target)
{
    struct json_object *value;
    *target = otherwise;
    if (!json_object_object_get_ex(object, key, &value) || value == NULL) {
        return true;
    }
    if (!json_object_is_type(value, json_type_int)) {
        return false;
    }
    *target = json_object_get_int64(value);
    return true;
}

static bool read_item(struct json_object *object, struct till_event_item *item)
{
    return json_object_is_type(object, json_type_object) &&
           read_text(object, "sku", item->sku, sizeof item->sku) &&
           read_integer(object, "qty", 0, &item->qty) &&
           read_integer(object, "version", 0, &item->version) &&
           read_integer(object, "available", 0, &item->available);
}

static bool read_fault(struct json_object *object, struct till_event_fault *fault)
{
    return json_object_is_type(object, json_type_object) &&
           read_text(object, "sku", fault->sku, sizeof fault->sku) &&
           read_text(object, "reason", fault->reason, sizeof fault->reason) &&
           read_integer(object, "wanted", 0, &fault->wanted) &&
           read_integer(object, "available", -1, &fault->available) &&
           read_integer(object, "held", -1, &fault->held) &&
           read_integer(object, "limit", -1, &fault->limit) &&
           read_integer(object, "taken", -1, &fault->taken) &&
           read_integer(object, "version", -1, &fault->version) &&
           read_text(object, "opens_at", fault->opens_at, sizeof fault->opens_at) &&
           read_text(object, "closes_at", fault->closes_at, sizeof fault->closes_at);
}

/* An array of at most TILL_EVENT_ITEMS_MAX; absent, it is empty. */
static bool find_array(struct json_object *object, const char *key, struct json_object **array,
                       uint32_t *count)
{
    *count = 0;
    if (!json_object_object_get_ex(object, key, array) || *array == NULL) {
        return true;
    }
    if (!json_object_is_type(*array, json_type_array) ||
        json_object_array_length(*array) > TILL_EVENT_ITEMS_MAX) {
        return false;
    }
    *count = (uint32_t)json_object_array_length(*array);
    return true;
}

static bool read_items(struct json_object *data, struct till_event *event)
{
    struct json_object *array;
    if (!find_array(data, "items", &array, &event->item_count)) {
        return false;
    }
    for (uint32_t i = 0; i < event->item_count; i++) {
        if (!read_item(json_object_array_get_idx(array, i), &event->items[i])) {
            return false;
        }
    }
    return true;
}

static bool read_faults(struct json_object *data, struct till_event *event)
{
    struct json_object *array;
    if (!find_array(data, "faults", &array, &event->fault_count)) {
        return false;
    }
    for (uint32_t i = 0; i < event->fault_count; i++) {
        if (!read_fault(json_object_array_get_idx(array, i), &event->faults[i])) {
            return false;
        }
    }
    return true;
}

/* News of stock are about one SKU, which stands beside the pool. */
static bool read_stock(struct json_object *data, struct till_event *event)
{
    if (strncmp(event->type, "till.stock.", strlen("till.stock.")) != 0) {
        return true;
    }
    event->item_count = 1;
    return read_item(data, &event->items[0]);
}

static bool read_error(struct json_object *data, struct till_event *event)
{
    struct json_object *error;
    event->pointer[0] = '\0';
    event->text[0] = '\0';
    if (!json_object_object_get_ex(data, "error", &error) || error == NULL) {
        return true;
    }
    return json_object_is_type(error, json_type_object) &&
           read_text(error, "pointer", event->pointer, sizeof event->pointer) &&
           read_text(error, "text", event->text, sizeof event->text);
}

static bool read_envelope(struct json_object *object, struct till_event *event)
{
    return read_text(object, "source", event->source, sizeof event->source) &&
           read_text(object, "id", event->id, sizeof event->id) &&
           read_text(object, "type", event->type, sizeof event->type) &&
           read_text(object, "time", event->time, sizeof event->time) && event->source[0] == '/' &&
           event->id[0] != '\0' && strncmp(event->type, "till.", strlen("till.")) == 0;
}

static bool read_data(struct json_object *data, struct till_event *event)
{
    return read_text(data, "job", event->job, sizeof event->job) &&
           read_text(data, "kind", event->kind, sizeof event->kind) &&
           read_text(data, "outcome", event->outcome, sizeof event->outcome) &&
           read_text(data, "reason", event->reason, sizeof event->reason) &&
           read_text(data, "ref", event->ref, sizeof event->ref) &&
           read_text(data, "customer", event->customer, sizeof event->customer) &&
           read_text(data, "store", event->store, sizeof event->store) &&
           read_text(data, "pool", event->pool, sizeof event->pool) &&
           read_text(data, "routing_key", event->routing_key, sizeof event->routing_key) &&
           read_text(data, "hold", event->hold, sizeof event->hold) &&
           read_text(data, "sale", event->sale, sizeof event->sale) &&
           read_text(data, "by", event->by, sizeof event->by) &&
           read_text(data, "expires_at", event->expires_at, sizeof event->expires_at) &&
           read_items(data, event) && read_faults(data, event) && read_stock(data, event) &&
           read_error(data, event);
}

/* NULL: no JSON object, or something behind it. */
static struct json_object *parse(const char *body, size_t size)
{
    struct json_tokener *tokener = size > INT_MAX ? NULL : json_tokener_new();
    if (tokener == NULL) {
        return NULL;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, body, (int)size);
    const bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                       json_object_is_type(object, json_type_object);
    json_tokener_free(tokener);
    if (whole) {
        return object;
    }
    (void)json_object_put(object); /* it says whether it was the last reference */
    return NULL;
}

PUBLIC bool till_event_read(const char *body, size_t size, struct till_event *event)
{
    struct json_object *data;
    struct json_object *object = parse(body, size);
    if (object == NULL) {
        return false;
    }
    const bool good = json_object_object_get_ex(object, "data", &data) &&
                      json_object_is_type(data, json_type_object) && read_envelope(object, event) &&
                      read_data(data, event);
    (void)json_object_put(object); /* it says whether it was the last reference */
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends a probe after each slot and watches where jobs without a slot go.
 *
 * AMQP has no request that lists bindings, and a job whose slot is not bound is no unroutable one
 * to the broker: it takes the way through the alternate exchange, and its publisher hears nothing.
 * So a queue of our own is bound to that exchange for a moment. Probes and end are published on one
 * channel, whose order the broker keeps in each queue: what has not come before the end never
 * will. */
#include "worker/rabbit/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/connect/rabbit.h"
#include "common/contract/address.h"
#include "worker/lane/delivery.h"

#define CHANNEL_BINDING  3u
#define PATIENCE_SECONDS 2 /* for the next message */

struct watch {
    struct rabbit rabbit;
    struct address lanes;
    struct address unrouted;
    struct address queue; /* exclusive: gone with the connection */
    uint32_t first;
    uint32_t count;
    bool came_back[SLOTS];
    bool ended;
};

static bool answered(struct watch *watch, const char *what, struct error *error)
{
    return rabbit_reply(&watch->rabbit, CHANNEL_BINDING,
                        amqp_get_rpc_reply(watch->rabbit.connection), what, error);
}

static bool publish(struct watch *watch, const char *exchange, const char *key, struct error *error)
{
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
        .type = amqp_cstring_bytes(DELIVERY_PROBE),
        .message_id = amqp_cstring_bytes(watch->queue.text)};
    const int status =
        amqp_basic_publish(watch->rabbit.connection, CHANNEL_BINDING, amqp_cstring_bytes(exchange),
                           amqp_cstring_bytes(key), 0, 0, &properties, amqp_empty_bytes);
    return rabbit_status(&watch->rabbit, status, "publish a probe", error);
}

static bool watch_unrouted(struct watch *watch, struct error *error)
{
    const amqp_bytes_t queue = amqp_cstring_bytes(watch->queue.text);
    amqp_connection_state_t connection = watch->rabbit.connection;
    amqp_queue_declare(connection, CHANNEL_BINDING, queue, 0, 0, 1, 1, amqp_empty_table);
    if (!answered(watch, watch->queue.text, error)) {
        return false;
    }
    amqp_queue_bind(connection, CHANNEL_BINDING, queue, amqp_cstring_bytes(watch->unrouted.text),
                    amqp_empty_bytes, amqp_empty_table);
    if (!answered(watch, watch->unrouted.text, error)) {
        return false;
    }
    amqp_basic_consume(connection, CHANNEL_BINDING, queue, amqp_empty_bytes, 0, 1, 1,
                       amqp_empty_table);
    return answered(watch, watch->queue.text, error);
}

static bool bytes_are(amqp_bytes_t bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

static void note_slot(struct watch *watch, amqp_bytes_t key)
{
    char text[sizeof "1023"] = {0};
    memcpy(text, key.bytes, key.len < sizeof text ? key.len : sizeof text - 1);
    const unsigned long slot = strtoul(text, NULL, 10);
    if (slot < SLOTS) {
        watch->came_back[slot] = true;
    }
}

/* Of what comes by here only these messages are ours: the others are jobs of others. */
static void note(struct watch *watch, const amqp_envelope_t *envelope)
{
    const amqp_basic_properties_t *properties = &envelope->message.properties;
    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) == 0 ||
        !bytes_are(properties->message_id, watch->queue.text)) {
        return;
    }
    if (bytes_are(envelope->exchange, watch->lanes.text)) {
        note_slot(watch, envelope->routing_key);
    } else {
        watch->ended = true;
    }
}

static bool take_one(struct watch *watch, struct error *error)
{
    amqp_envelope_t envelope;
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    amqp_connection_state_t connection = watch->rabbit.connection;
    amqp_maybe_release_buffers(connection);
    if (!rabbit_reply(&watch->rabbit, CHANNEL_BINDING,
                      amqp_consume_message(connection, &envelope, &patience, 0), "wait for a probe",
                      error)) {
        return false;
    }
    note(watch, &envelope);
    amqp_destroy_envelope(&envelope);
    return true;
}

static bool send_probes(struct watch *watch, struct error *error)
{
    for (uint32_t slot = watch->first; slot < watch->first + watch->count; slot++) {
        char key[sizeof "4294967295"];
        (void)snprintf(key, sizeof key, "%" PRIu32, slot);
        if (!publish(watch, watch->lanes.text, key, error)) {
            return false;
        }
    }
    return publish(watch, "", watch->queue.text, error);
}

static bool look(struct watch *watch, struct error *error)
{
    if (!rabbit_channel_open(&watch->rabbit, CHANNEL_BINDING, error) ||
        !watch_unrouted(watch, error) || !send_probes(watch, error)) {
        return false;
    }
    while (!watch->ended) {
        if (!take_one(watch, error)) {
            return false;
        }
    }
    return true;
}

bool binding_look(const struct amqp_url *url, const char *namespace, uint32_t generation,
                  uint32_t first, uint32_t count, bool bound[SLOTS], struct error *error)
{
    uint64_t chance = 0;
    char what[sizeof "sorter.ffffffffffffffff"];
    struct watch watch = {.lanes = address_lanes(namespace, generation),
                          .unrouted = address_of(namespace, "unrouted"),
                          .first = first,
                          .count = count};
    ENSURE(first < SLOTS && count <= SLOTS - first);
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return error_set(error, ERROR_FATAL, "the system gives no random numbers");
    }
    (void)snprintf(what, sizeof what, "sorter.%016" PRIx64, chance);
    watch.queue = address_of(namespace, what);

    if (!rabbit_open(&watch.rabbit, url, "till sorter looks for lanes", error)) {
        return false;
    }
    const bool looked = look(&watch, error);
    rabbit_close(&watch.rabbit);
    for (uint32_t slot = first; looked && slot < first + count; slot++) {
        bound[slot] = !watch.came_back[slot];
    }
    return looked;
}

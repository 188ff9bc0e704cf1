/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends probes after slots and entries, and counts where they arrive.
 *
 * Everything is published on one channel, and the broker keeps the order of one channel within each
 * queue. So a last message, sent straight to each watched queue, says that nothing more will come.
 */
#include "worker/rabbit/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/connect/rabbit.h"
#include "common/contract/slot.h"
#include "worker/lane/delivery.h"

#define CHANNEL_PROBE 2u

#define PROBE_PATIENCE_SECONDS 10 /* for the next of the probes to arrive */

/* Consumer tags: the lane's number, and these. */
#define TAG_ENTRY "entry"
#define TAG_SORT  "sort"
#define TAG_DEAD  "dead"

struct watch {
    struct rabbit *rabbit;
    const struct topology *topology;
    struct probe *probe;
    struct address entry_queue; /* exclusive: gone with the connection */
    char key[32];               /* no slot's; this run's alone */
    bool lanes[LANES_MAX];      /* that are watched */
    uint32_t ends_missing;      /* queues whose last message has not come yet */
    bool job_came;
    uint64_t settled_to; /* the last probe before the first job */
};

static bool answered(struct watch *watch, const char *what, struct error *error)
{
    return rabbit_reply(watch->rabbit, CHANNEL_PROBE, amqp_get_rpc_reply(watch->rabbit->connection),
                        what, error);
}

static bool publish(struct watch *watch, const char *exchange, const char *key, const char *body,
                    struct error *error)
{
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_TYPE_FLAG,
                                                .type = amqp_cstring_bytes(DELIVERY_PROBE)};
    const int status =
        amqp_basic_publish(watch->rabbit->connection, CHANNEL_PROBE, amqp_cstring_bytes(exchange),
                           amqp_cstring_bytes(key), 0, 0, &properties, amqp_cstring_bytes(body));
    return rabbit_status(watch->rabbit, status, "publish a probe", error);
}

/* Jobs that it has ready, and whether somebody consumes it. */
static bool look(struct watch *watch, struct address queue, uint32_t *ready, uint32_t *consumers,
                 struct error *error)
{
    const amqp_queue_declare_ok_t *found =
        amqp_queue_declare(watch->rabbit->connection, CHANNEL_PROBE, amqp_cstring_bytes(queue.text),
                           1, 1, 0, 0, amqp_empty_table);
    if (!answered(watch, queue.text, error)) {
        return false;
    }
    *ready = found->message_count;
    *consumers = found->consumer_count;
    return true;
}

static bool consume(struct watch *watch, struct address queue, const char *tag, struct error *error)
{
    amqp_basic_consume(watch->rabbit->connection, CHANNEL_PROBE, amqp_cstring_bytes(queue.text),
                       amqp_cstring_bytes(tag), 0, 0, 0, amqp_empty_table);
    if (!answered(watch, queue.text, error)) {
        return false;
    }
    watch->ends_missing++;
    return true;
}

static bool watch_lane(struct watch *watch, uint32_t lane, struct error *error)
{
    const struct topology *topology = watch->topology;
    const struct address queue = address_lane(topology->namespace, topology->generation, lane);
    uint32_t ready = 0;
    uint32_t consumers = 0;
    char tag[sizeof "4294967295"];
    if (!look(watch, queue, &ready, &consumers, error)) {
        return false;
    }
    if (ready > 0 && consumers == 0) {
        if (watch->probe->lanes_waiting++ == 0) {
            watch->probe->first_lane_waiting = lane;
        }
        watch->probe->jobs_waiting += ready;
    }
    if (ready > 0 || consumers > 0) {
        return true;
    }
    (void)snprintf(tag, sizeof tag, "%u", lane);
    watch->lanes[lane] = true;
    return consume(watch, queue, tag, error);
}

/* The sorter's queue, and that of dead letters: only while nobody uses them. */
static bool watch_aside(struct watch *watch, const char *what, bool *watched, struct error *error)
{
    const struct address queue = address_of(watch->topology->namespace, what);
    uint32_t ready = 0;
    uint32_t consumers = 0;
    if (!look(watch, queue, &ready, &consumers, error)) {
        return false;
    }
    *watched = ready == 0 && consumers == 0;
    return !*watched || consume(watch, queue, what, error);
}

/* A queue of our own, behind the lanes' exchange: what reaches it has come through an entry. */
static bool watch_entries(struct watch *watch, struct error *error)
{
    const struct topology *topology = watch->topology;
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    amqp_connection_state_t connection = watch->rabbit->connection;
    amqp_queue_declare(connection, CHANNEL_PROBE, amqp_cstring_bytes(watch->entry_queue.text), 0, 0,
                       1, 1, amqp_empty_table);
    if (!answered(watch, watch->entry_queue.text, error)) {
        return false;
    }
    amqp_queue_bind(connection, CHANNEL_PROBE, amqp_cstring_bytes(watch->entry_queue.text),
                    amqp_cstring_bytes(lanes.text), amqp_cstring_bytes(watch->key),
                    amqp_empty_table);
    return answered(watch, lanes.text, error) &&
           consume(watch, watch->entry_queue, TAG_ENTRY, error);
}

static bool watch_all(struct watch *watch, struct error *error)
{
    for (uint32_t lane = 0; lane < watch->topology->lanes; lane++) {
        if (!watch_lane(watch, lane, error)) {
            return false;
        }
    }
    return watch_aside(watch, TAG_SORT, &watch->probe->sort_watched, error) &&
           watch_aside(watch, TAG_DEAD, &watch->probe->dead_watched, error) &&
           watch_entries(watch, error);
}

/* A key that is no slot's goes on to the sorter. */
static bool send_aside(struct watch *watch, struct error *error)
{
    const struct topology *topology = watch->topology;
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    return (!watch->probe->sort_watched || publish(watch, lanes.text, TAG_SORT, TAG_SORT, error)) &&
           (!watch->probe->dead_watched ||
            publish(watch, address_of(topology->namespace, "dead").text, "", TAG_DEAD, error));
}

static bool send_probes(struct watch *watch, struct error *error)
{
    const struct topology *topology = watch->topology;
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        char key[sizeof "4294967295"];
        if (!watch->lanes[slot_lane(slot, topology->lanes)]) {
            continue;
        }
        watch->probe->watched[slot] = true;
        watch->probe->slots_watched++;
        (void)snprintf(key, sizeof key, "%u", slot);
        if (!publish(watch, lanes.text, key, key, error)) {
            return false;
        }
    }
    return publish(watch, address_of(topology->namespace, "jobs").text, watch->key, "jobs",
                   error) &&
           publish(watch, address_of(topology->namespace, "stock").text, watch->key, "stock",
                   error) &&
           send_aside(watch, error);
}

static bool send_ends(struct watch *watch, struct error *error)
{
    const struct topology *topology = watch->topology;
    for (uint32_t lane = 0; lane < topology->lanes; lane++) {
        const struct address queue = address_lane(topology->namespace, topology->generation, lane);
        if (watch->lanes[lane] && !publish(watch, "", queue.text, watch->key, error)) {
            return false;
        }
    }
    if (watch->probe->sort_watched &&
        !publish(watch, "", address_of(topology->namespace, "sort").text, watch->key, error)) {
        return false;
    }
    if (watch->probe->dead_watched &&
        !publish(watch, "", address_of(topology->namespace, "dead").text, watch->key, error)) {
        return false;
    }
    return publish(watch, "", watch->entry_queue.text, watch->key, error);
}

static bool bytes_are(amqp_bytes_t bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

static void count_up(uint8_t *counter)
{
    if (*counter < UINT8_MAX) {
        (*counter)++;
    }
}

/* The probe of a slot has arrived at the consumer of this tag. */
static void note_slot(struct watch *watch, amqp_bytes_t tag, amqp_bytes_t body)
{
    char text[8] = {0};
    char expected[sizeof "4294967295"];
    if (body.len == 0 || body.len >= sizeof text) {
        return;
    }
    memcpy(text, body.bytes, body.len);
    const unsigned long slot = strtoul(text, NULL, 10);
    if (slot >= SLOTS) {
        return;
    }
    (void)snprintf(expected, sizeof expected, "%u",
                   slot_lane((uint32_t)slot, watch->topology->lanes));
    count_up(bytes_are(tag, expected) ? &watch->probe->arrivals[slot]
                                      : &watch->probe->strays[slot]);
}

static void note(struct watch *watch, const amqp_envelope_t *envelope)
{
    const amqp_bytes_t body = envelope->message.body;
    if (bytes_are(body, watch->key)) {
        watch->ends_missing--;
    } else if (bytes_are(envelope->consumer_tag, TAG_ENTRY)) {
        watch->probe->jobs_lead_to_lanes |= bytes_are(body, "jobs");
        watch->probe->stock_leads_to_lanes |= bytes_are(body, "stock");
    } else if (bytes_are(body, TAG_SORT)) {
        watch->probe->sort_reached |= bytes_are(envelope->consumer_tag, TAG_SORT);
    } else if (bytes_are(body, TAG_DEAD)) {
        watch->probe->dead_reached |= bytes_are(envelope->consumer_tag, TAG_DEAD);
    } else {
        note_slot(watch, envelope->consumer_tag, body);
    }
}

static bool acknowledge(struct watch *watch, uint64_t tag, amqp_boolean_t multiple,
                        struct error *error)
{
    const int status = amqp_basic_ack(watch->rabbit->connection, CHANNEL_PROBE, tag, multiple);
    return rabbit_status(watch->rabbit, status, "acknowledge probes", error);
}

/* Jobs are not ours to acknowledge: they return when the channel is closed. Until one comes, probes
 * are acknowledged all at once, at the end: a quorum queue keeps back single acknowledgements when
 * there are many, and forgets them with the channel (RabbitMQ 3.10.8). */
static bool settle(struct watch *watch, const amqp_envelope_t *envelope, struct error *error)
{
    const bool probe = (envelope->message.properties._flags & AMQP_BASIC_TYPE_FLAG) != 0 &&
                       bytes_are(envelope->message.properties.type, DELIVERY_PROBE);
    if (probe) {
        note(watch, envelope);
    }
    if (watch->job_came) {
        return !probe || acknowledge(watch, envelope->delivery_tag, 0, error);
    }
    if (probe) {
        watch->settled_to = envelope->delivery_tag;
        return true;
    }
    watch->job_came = true;
    return watch->settled_to == 0 || acknowledge(watch, watch->settled_to, 1, error);
}

static bool take_one(struct watch *watch, struct error *error)
{
    amqp_envelope_t envelope;
    const struct timeval patience = {.tv_sec = PROBE_PATIENCE_SECONDS};
    amqp_connection_state_t connection = watch->rabbit->connection;
    amqp_maybe_release_buffers(connection);
    if (!rabbit_reply(watch->rabbit, CHANNEL_PROBE,
                      amqp_consume_message(connection, &envelope, &patience, 0), "wait for probes",
                      error)) {
        return false;
    }
    const bool settled = settle(watch, &envelope, error);
    amqp_destroy_envelope(&envelope);
    return settled;
}

static bool run(struct watch *watch, struct error *error)
{
    if (!watch_all(watch, error) || !send_probes(watch, error) || !send_ends(watch, error)) {
        return false;
    }
    while (watch->ends_missing > 0) {
        if (!take_one(watch, error)) {
            return false;
        }
    }
    return watch->job_came || acknowledge(watch, watch->settled_to, 1, error);
}

bool probe_run(struct rabbit *rabbit, const struct topology *topology, struct probe *probe,
               struct error *error)
{
    uint64_t chance = 0;
    char what[sizeof "doctor.ffffffffffffffff"];
    struct probe found = {0};
    struct watch watch = {.rabbit = rabbit, .topology = topology, .probe = &found};
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return error_set(error, ERROR_FATAL, "the system gives no random numbers");
    }
    (void)snprintf(watch.key, sizeof watch.key, "probe-%016" PRIx64, chance);
    (void)snprintf(what, sizeof what, "doctor.%016" PRIx64, chance);
    watch.entry_queue = address_of(topology->namespace, what);

    if (!rabbit_channel_open(rabbit, CHANNEL_PROBE, error) || !run(&watch, error) ||
        !rabbit_channel_close(rabbit, CHANNEL_PROBE, error)) {
        return false;
    }
    *probe = found;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract promises of the broker: entry exchanges that fan out into the current
 * generation of lanes, a queue for each lane, and the queues beside them.
 *
 * All queues are quorum queues: a classic one with a single active consumer can lose its standby
 * when the active one dies (RabbitMQ 3.10.8), and confirms before it has written. */
#include "worker/rabbit/topology.h"

#include <stdio.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "common/connect/rabbit.h"
#include "common/contract/slot.h"
#include "worker/rabbit/permission.h"

#define CHANNEL_TOPOLOGY 1u

#define JOB_DELIVERY_LIMIT                                                \
    1000 /* 4.x takes 20 where none is named: a window lost in 20 crashes \
          */
#define DEAD_DELIVERY_LIMIT 1000000000 /* every look at a dead letter counts as a delivery */

/* Exchanges and queues, as one numbered list: everything that this file does, it does with each. */
enum part_kind {
    PART_EXCHANGE,
    PART_LANES_EXCHANGE, /* its keys are slots; what has none goes on to the sorter */
    PART_DEAD_QUEUE,
    PART_JOB_QUEUE, /* a lane's, or the sorter's */
};

struct part {
    enum part_kind kind;
    const char *type; /* of an exchange */
    struct address name;
};

static const struct {
    const char *what;
    const char *type;
} exchanges[] = {
    {"jobs", "fanout"},     {"stock", "fanout"}, {"events", "topic"},
    {"unrouted", "fanout"}, {"dead", "fanout"},
};
enum { EXCHANGES = sizeof exchanges / sizeof exchanges[0] };

/* The order of the list: exchanges, then these, then the lanes. */
enum {
    POSITION_LANES_EXCHANGE = EXCHANGES,
    POSITION_DEAD_QUEUE,
    POSITION_SORT_QUEUE,
    PARTS_BESIDE_LANES,
};

static uint32_t part_count(const struct topology *topology)
{
    return PARTS_BESIDE_LANES + topology->lanes;
}

static struct part part_at(const struct topology *topology, uint32_t position)
{
    const char *namespace = topology->namespace;
    ENSURE(position < part_count(topology));
    if (position < EXCHANGES) {
        return (struct part){PART_EXCHANGE, exchanges[position].type,
                             address_of(namespace, exchanges[position].what)};
    }
    switch (position) {
    case POSITION_LANES_EXCHANGE:
        return (struct part){PART_LANES_EXCHANGE, "direct",
                             address_lanes(namespace, topology->generation)};
    case POSITION_DEAD_QUEUE:
        return (struct part){PART_DEAD_QUEUE, NULL, address_of(namespace, "dead")};
    case POSITION_SORT_QUEUE:
        return (struct part){PART_JOB_QUEUE, NULL, address_of(namespace, "sort")};
    default:
        return (struct part){
            PART_JOB_QUEUE, NULL,
            address_lane(namespace, topology->generation, position - PARTS_BESIDE_LANES)};
    }
}

static const char *part_noun(const struct part *part)
{
    return part->type == NULL ? "queue" : "exchange";
}

static amqp_table_entry_t text_argument(const char *key, const char *value)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(key),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

static amqp_table_entry_t number_argument(const char *key, int32_t value)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(key),
                                .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = value}};
}

static amqp_table_entry_t switch_argument(const char *key)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(key),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* Whether the request before succeeded; if not, what it was about stands in front. */
static bool answered(struct rabbit *rabbit, const char *noun, const char *name, struct error *error)
{
    char what[ADDRESS_MAX + 32];
    (void)snprintf(what, sizeof what, "%s \"%s\"", noun, name);
    return rabbit_reply(rabbit, CHANNEL_TOPOLOGY, amqp_get_rpc_reply(rabbit->connection), what,
                        error);
}

static void declare_exchange(struct rabbit *rabbit, const struct part *part, amqp_table_t arguments)
{
    amqp_exchange_declare(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(part->name.text),
                          amqp_cstring_bytes(part->type), 0, 1, 0, 0, arguments);
}

static void declare_queue(struct rabbit *rabbit, const struct part *part, amqp_table_t arguments)
{
    amqp_queue_declare(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(part->name.text), 0,
                       1, 0, 0, arguments);
}

static void declare_lanes_exchange(struct rabbit *rabbit, const struct topology *topology,
                                   const struct part *part)
{
    const struct address unrouted = address_of(topology->namespace, "unrouted");
    amqp_table_entry_t arguments[] = {text_argument("alternate-exchange", unrouted.text)};
    declare_exchange(rabbit, part, (amqp_table_t){1, arguments});
}

/* One consumer at a time, and nothing is ever dropped: without reject-publish the broker silently
 * falls back to delivering dead letters at most once. */
static void declare_job_queue(struct rabbit *rabbit, const struct topology *topology,
                              const struct part *part)
{
    const struct address dead = address_of(topology->namespace, "dead");
    amqp_table_entry_t arguments[] = {
        text_argument("x-queue-type", "quorum"),
        switch_argument("x-single-active-consumer"),
        number_argument("x-delivery-limit", JOB_DELIVERY_LIMIT),
        text_argument("x-dead-letter-exchange", dead.text),
        text_argument("x-dead-letter-strategy", "at-least-once"),
        text_argument("x-overflow", "reject-publish"),
    };
    declare_queue(rabbit, part, (amqp_table_t){sizeof arguments / sizeof arguments[0], arguments});
}

/* Kept to a size by a policy, which an operator can change. */
static void declare_dead_queue(struct rabbit *rabbit, const struct part *part)
{
    amqp_table_entry_t arguments[] = {
        text_argument("x-queue-type", "quorum"),
        number_argument("x-delivery-limit", DEAD_DELIVERY_LIMIT),
    };
    declare_queue(rabbit, part, (amqp_table_t){sizeof arguments / sizeof arguments[0], arguments});
}

static bool declare_part(struct rabbit *rabbit, const struct topology *topology,
                         const struct part *part, struct error *error)
{
    switch (part->kind) {
    case PART_EXCHANGE:
        declare_exchange(rabbit, part, amqp_empty_table);
        break;
    case PART_LANES_EXCHANGE:
        declare_lanes_exchange(rabbit, topology, part);
        break;
    case PART_DEAD_QUEUE:
        declare_dead_queue(rabbit, part);
        break;
    case PART_JOB_QUEUE:
        declare_job_queue(rabbit, topology, part);
        break;
    }
    return answered(rabbit, part_noun(part), part->name.text, error);
}

static bool bind_queue(struct rabbit *rabbit, struct address queue, struct address exchange,
                       struct error *error)
{
    amqp_queue_bind(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(queue.text),
                    amqp_cstring_bytes(exchange.text), amqp_empty_bytes, amqp_empty_table);
    return answered(rabbit, "binding of queue", queue.text, error);
}

static bool bind_exchange(struct rabbit *rabbit, struct address target, struct address source,
                          struct error *error)
{
    amqp_exchange_bind(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(target.text),
                       amqp_cstring_bytes(source.text), amqp_empty_bytes, amqp_empty_table);
    return answered(rabbit, "binding of exchange", source.text, error);
}

/* Does not wait for single answers: a thousand round trips would take a second. A refusal closes
 * the channel, and the next request that waits for its answer learns of it. */
static bool bind_slots(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    const struct address exchange = address_lanes(topology->namespace, topology->generation);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        char key[sizeof "4294967295"];
        (void)snprintf(key, sizeof key, "%u", slot);
        const struct address queue = address_lane(topology->namespace, topology->generation,
                                                  slot_lane(slot, topology->lanes));
        amqp_queue_bind_t bind = {
            .queue = amqp_cstring_bytes(queue.text),
            .exchange = amqp_cstring_bytes(exchange.text),
            .routing_key = amqp_cstring_bytes(key),
            .nowait = 1,
        };
        const int status =
            amqp_send_method(rabbit->connection, CHANNEL_TOPOLOGY, AMQP_QUEUE_BIND_METHOD, &bind);
        if (!rabbit_status(rabbit, status, "binding of slots", error)) {
            return false;
        }
    }
    return true;
}

/* The entries come last: nothing can arrive before it has a place to go. */
static bool bind_parts(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    const char *namespace = topology->namespace;
    const struct address lanes = address_lanes(namespace, topology->generation);
    return bind_slots(rabbit, topology, error) &&
           bind_queue(rabbit, address_of(namespace, "dead"), address_of(namespace, "dead"),
                      error) &&
           bind_queue(rabbit, address_of(namespace, "sort"), address_of(namespace, "unrouted"),
                      error) &&
           bind_exchange(rabbit, lanes, address_of(namespace, "jobs"), error) &&
           bind_exchange(rabbit, lanes, address_of(namespace, "stock"), error);
}

static bool declare_all(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    for (uint32_t i = 0; i < part_count(topology); i++) {
        const struct part part = part_at(topology, i);
        if (!declare_part(rabbit, topology, &part, error)) {
            return false;
        }
    }
    return bind_parts(rabbit, topology, error);
}

/* Present, with the right properties: asked for without being made, then declared, which compares.
 */
static bool inspect_part(struct rabbit *rabbit, const struct topology *topology,
                         const struct part *part, struct topology_state *state, struct error *error)
{
    state->parts++;
    if (part->type == NULL) {
        amqp_queue_declare(rabbit->connection, CHANNEL_TOPOLOGY,
                           amqp_cstring_bytes(part->name.text), 1, 1, 0, 0, amqp_empty_table);
    } else {
        amqp_exchange_declare(rabbit->connection, CHANNEL_TOPOLOGY,
                              amqp_cstring_bytes(part->name.text), amqp_cstring_bytes(part->type),
                              1, 1, 0, 0, amqp_empty_table);
    }
    if (answered(rabbit, part_noun(part), part->name.text, error)) {
        return declare_part(rabbit, topology, part, error);
    }
    if (rabbit->reply_code != AMQP_NOT_FOUND) {
        return false;
    }
    if (state->missing++ == 0) {
        state->first_missing = part->name;
    }
    return rabbit_channel_open(rabbit, CHANNEL_TOPOLOGY, error);
}

static bool inspect_all(struct rabbit *rabbit, const struct topology *topology,
                        struct topology_state *state, struct error *error)
{
    for (uint32_t i = 0; i < part_count(topology); i++) {
        const struct part part = part_at(topology, i);
        if (!inspect_part(rabbit, topology, &part, state, error)) {
            return false;
        }
    }
    return true;
}

/* Never with a condition: "only if empty" is answered by closing the whole connection, where the
 * queue is a quorum queue (RabbitMQ 3.10.8). */
static bool remove_part(struct rabbit *rabbit, const struct part *part, struct error *error)
{
    if (part->type == NULL) {
        amqp_queue_delete(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(part->name.text),
                          0, 0);
    } else {
        amqp_exchange_delete(rabbit->connection, CHANNEL_TOPOLOGY,
                             amqp_cstring_bytes(part->name.text), 0);
    }
    return answered(rabbit, part_noun(part), part->name.text, error);
}

/* Whether any exchange of lanes of this generation is there. */
static bool generation_exists(struct rabbit *rabbit, struct address lanes, bool *exists,
                              struct error *error)
{
    amqp_exchange_declare(rabbit->connection, CHANNEL_TOPOLOGY, amqp_cstring_bytes(lanes.text),
                          amqp_cstring_bytes("direct"), 1, 1, 0, 0, amqp_empty_table);
    if (answered(rabbit, "exchange", lanes.text, error)) {
        *exists = true;
        return true;
    }
    if (rabbit->reply_code != AMQP_NOT_FOUND) {
        return false;
    }
    *exists = false;
    return rabbit_channel_open(rabbit, CHANNEL_TOPOLOGY, error);
}

static bool remove_parts(struct rabbit *rabbit, const struct topology *topology, uint32_t first,
                         uint32_t count, struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct part part = part_at(topology, first + i);
        if (!remove_part(rabbit, &part, error)) {
            return false;
        }
    }
    return true;
}

static bool remove_generation(struct rabbit *rabbit, const struct topology *topology,
                              struct error *error)
{
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    bool exists = false;
    if (!generation_exists(rabbit, lanes, &exists, error)) {
        return false;
    }
    return !exists || (remove_parts(rabbit, topology, PARTS_BESIDE_LANES, topology->lanes, error) &&
                       remove_parts(rabbit, topology, POSITION_LANES_EXCHANGE, 1, error));
}

/* From the entries inwards, so that nothing new arrives in a queue that is about to go. A
 * generation's exchange goes after its lanes: while it is there, another attempt knows where to
 * look. */
static bool remove_all(struct rabbit *rabbit, const char *namespace, uint32_t generation_last,
                       struct error *error)
{
    struct topology topology = {.namespace = namespace, .lanes = LANES_MAX};
    if (!remove_parts(rabbit, &topology, 0, EXCHANGES, error) ||
        !remove_parts(rabbit, &topology, POSITION_DEAD_QUEUE, 2, error)) {
        return false;
    }
    for (topology.generation = 1; topology.generation <= generation_last; topology.generation++) {
        if (!remove_generation(rabbit, &topology, error)) {
            return false;
        }
    }
    return true;
}

bool topology_declare(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    return (rabbit_channel_open(rabbit, CHANNEL_TOPOLOGY, error) &&
            declare_all(rabbit, topology, error) &&
            rabbit_channel_close(rabbit, CHANNEL_TOPOLOGY, error)) ||
           permission_advise(rabbit, topology->namespace, error);
}

bool topology_inspect(struct rabbit *rabbit, const struct topology *topology,
                      struct topology_state *state, struct error *error)
{
    struct topology_state found = {0};
    if (!rabbit_channel_open(rabbit, CHANNEL_TOPOLOGY, error) ||
        !inspect_all(rabbit, topology, &found, error) ||
        !rabbit_channel_close(rabbit, CHANNEL_TOPOLOGY, error)) {
        return permission_advise(rabbit, topology->namespace, error);
    }
    *state = found;
    return true;
}

bool topology_remove(struct rabbit *rabbit, const char *namespace, uint32_t generation_last,
                     struct error *error)
{
    return (rabbit_channel_open(rabbit, CHANNEL_TOPOLOGY, error) &&
            remove_all(rabbit, namespace, generation_last, error) &&
            rabbit_channel_close(rabbit, CHANNEL_TOPOLOGY, error)) ||
           permission_advise(rabbit, namespace, error);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Tries a worker's permissions: configure NS., write NS. and amq.default, read NS. */
#include "worker/rabbit/permission.h"

#include <stdio.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/connect/rabbit.h"
#include "common/contract/address.h"

#define CHANNEL_PERMISSION 3u
#define KEY_OF_NOBODY      "till.doctor"

struct trial {
    struct rabbit *rabbit;
    const char *namespace;
    struct address queue; /* exclusive: gone with the connection, at the latest */
};

bool permission_advise(const struct rabbit *rabbit, const char *namespace, struct error *error)
{
    if (rabbit->reply_code != AMQP_ACCESS_REFUSED) {
        return false;
    }
    error->remedy[0] = '\0'; /* this one is exact */
    return error_advise(error,
                        "rabbitmqctl set_permissions -p '%s' '%s' '^%s\\.' "
                        "'^(%s\\.|amq\\.default$)' '^%s\\.'",
                        rabbit->vhost, rabbit->user, namespace, namespace, namespace);
}

static bool answered(const struct trial *trial, const char *what, struct error *error)
{
    struct rabbit *rabbit = trial->rabbit;
    if (rabbit_reply(rabbit, CHANNEL_PERMISSION, amqp_get_rpc_reply(rabbit->connection), what,
                     error)) {
        return true;
    }
    return permission_advise(rabbit, trial->namespace, error);
}

static bool may_configure(struct trial *trial, struct error *error)
{
    amqp_queue_declare(trial->rabbit->connection, CHANNEL_PERMISSION,
                       amqp_cstring_bytes(trial->queue.text), 0, 0, 1, 1, amqp_empty_table);
    return answered(trial, "configure queues", error);
}

/* A binding asks for read on its source and write on its target. The one of the exchange to itself
 * has a key that no event has, and goes at once. */
static bool may_write_and_read_events(struct trial *trial, struct error *error)
{
    const struct address name = address_of(trial->namespace, "events");
    const amqp_bytes_t events = amqp_cstring_bytes(name.text);
    const amqp_bytes_t key = amqp_cstring_bytes(KEY_OF_NOBODY);
    amqp_connection_state_t connection = trial->rabbit->connection;
    amqp_queue_bind(connection, CHANNEL_PERMISSION, amqp_cstring_bytes(trial->queue.text), events,
                    key, amqp_empty_table);
    if (!answered(trial, "read events", error)) {
        return false;
    }
    amqp_exchange_bind(connection, CHANNEL_PERMISSION, events, events, key, amqp_empty_table);
    if (!answered(trial, "write events", error)) {
        return false;
    }
    amqp_exchange_unbind(connection, CHANNEL_PERMISSION, events, events, key, amqp_empty_table);
    return answered(trial, "write events", error);
}

/* Replies go through the default exchange. A refusal to publish closes the channel, and the next
 * request learns of it. */
static bool may_reply(struct trial *trial, struct error *error)
{
    struct rabbit *rabbit = trial->rabbit;
    const amqp_bytes_t queue = amqp_cstring_bytes(trial->queue.text);
    const int status = amqp_basic_publish(rabbit->connection, CHANNEL_PERMISSION, amqp_empty_bytes,
                                          queue, 0, 0, NULL, amqp_empty_bytes);
    if (!rabbit_status(rabbit, status, "reply", error)) {
        return false;
    }
    amqp_queue_purge(rabbit->connection, CHANNEL_PERMISSION, queue);
    return answered(trial, "reply", error);
}

bool permission_check(struct rabbit *rabbit, const char *namespace, struct error *error)
{
    char what[sizeof "doctor.4294967295"];
    struct trial trial = {.rabbit = rabbit, .namespace = namespace};
    (void)snprintf(what, sizeof what, "doctor.%u", (unsigned)getpid());
    trial.queue = address_of(namespace, what);
    if (!rabbit_channel_open(rabbit, CHANNEL_PERMISSION, error) || !may_configure(&trial, error) ||
        !may_reply(&trial, error)) {
        return false;
    }
    if (!may_write_and_read_events(&trial, error)) {
        /* Without the exchange there is nothing to try yet: that is the topology's fault to name.
         */
        return rabbit->reply_code == AMQP_NOT_FOUND;
    }
    return rabbit_channel_close(rabbit, CHANNEL_PERMISSION, error);
}

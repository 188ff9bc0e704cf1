/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker with a fault in it, which the account of scripts/chaos must find: the linker puts these
 * functions in front of the ports (--wrap). TILL_TEST_MUTANT says which:
 *
 *     early_acknowledge  a job is acknowledged when it is taken, before anything is committed
 *     no_event           of a third of the batches the first event is not published */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "worker/rabbit/broker.h"

/* The linker's names, which C reserves. */
#define REAL(name) __asm__("__real_" #name)
#define WRAP(name) __asm__("__wrap_" #name)

#define NO_EVENT_EVERY 3u /* of the batches, by their number of messages */

struct broker real_broker_port(struct rabbit_broker *self) REAL(rabbit_broker_port);
struct broker mutant_broker_port(struct rabbit_broker *self) WRAP(rabbit_broker_port);

static struct broker brokers[LANES_MAX];
static _Atomic uint32_t broker_count;

static bool has_fault(const char *fault)
{
    const char *mutant = getenv("TILL_TEST_MUTANT");
    return mutant != NULL && strcmp(mutant, fault) == 0;
}

static enum port_answer subscribe(void *self, struct error *error)
{
    const struct broker *broker = self;
    return broker->ops->subscribe(broker->self, error);
}

static enum port_answer take(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    const struct broker *broker = self;
    const enum port_answer answer = broker->ops->take(broker->self, arena, delivery, error);
    if (answer == PORT_DONE && has_fault("early_acknowledge")) {
        return broker->ops->acknowledge(broker->self, delivery->tag, error);
    }
    return answer;
}

static enum port_answer publish(void *self, const struct message *messages, uint32_t count,
                                struct error *error)
{
    const struct broker *broker = self;
    /* Asked again after PORT_WAIT, it must be asked the same. */
    const bool skips = has_fault("no_event") && count > 1 && count % NO_EVENT_EVERY == 0;
    return broker->ops->publish(broker->self, skips ? messages + 1 : messages,
                                skips ? count - 1 : count, error);
}

static enum port_answer confirm(void *self, struct error *error)
{
    const struct broker *broker = self;
    return broker->ops->confirm(broker->self, error);
}

static enum port_answer acknowledge(void *self, uint64_t tag, struct error *error)
{
    const struct broker *broker = self;
    if (has_fault("early_acknowledge")) {
        return PORT_DONE;
    }
    return broker->ops->acknowledge(broker->self, tag, error);
}

static void give_back(void *self)
{
    const struct broker *broker = self;
    broker->ops->give_back(broker->self);
}

static const struct broker_ops broker_ops = {
    .subscribe = subscribe,
    .take = take,
    .publish = publish,
    .confirm = confirm,
    .acknowledge = acknowledge,
    .give_back = give_back,
};

struct broker mutant_broker_port(struct rabbit_broker *self)
{
    struct broker *broker = &brokers[atomic_fetch_add(&broker_count, 1) % LANES_MAX];
    *broker = real_broker_port(self);
    return (struct broker){&broker_ops, broker};
}

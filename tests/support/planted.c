/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes a worker die or freeze at a named point, for a test build of the program: the linker puts
 * these functions in front of the ports and of what parses and decides (--wrap). The program that
 * is shipped is linked without, and has no such points.
 *
 * TILL_TEST_PLANT is OPERATION:WHEN:NUMBER:ACTION, for example save:during:2:kill. The operation is
 * a call of a port; before, after or during (it has begun, and answered PORT_WAIT); how often until
 * then; kill or stop. "sorter " in front of a broker's operation means the sorter's calls alone,
 * for example "sorter publish:after:1:kill"; pipeline:during is the middle of sending a pipeline to
 * the database of which more than 1 MiB is on its way. Or it is a step of a change: before it is
 * done, after it was done and before that is recorded (during), after. A job whose bytes contain
 * "planted in parse" or "planted in decide" breaks an ENSURE there.
 *
 * TILL_TEST_FAULT is a fault in every worker: "early acknowledge", a job is acknowledged when it is
 * taken, before anything is committed; "forgotten event", of a third of all batches the first event
 * is not published. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "common/contract/job_parse.h"
#include "worker/change/change.h"
#include "worker/postgres/database.h"
#include "worker/postgres/trip.h"
#include "worker/rabbit/broker.h"

/* The linker's names, which C reserves. */
#define REAL(name) __asm__("__real_" #name)
#define WRAP(name) __asm__("__wrap_" #name)

struct broker real_broker_port(struct rabbit_broker *self) REAL(rabbit_broker_port);
struct broker planted_broker_port(struct rabbit_broker *self) WRAP(rabbit_broker_port);
struct database real_database_port(struct postgres_database *self) REAL(postgres_database_port);
struct database planted_database_port(struct postgres_database *self) WRAP(postgres_database_port);
bool real_job_parse(struct span body, struct span message_id, struct arena *arena, struct job *job,
                    struct job_fault *fault) REAL(job_parse);
bool planted_job_parse(struct span body, struct span message_id, struct arena *arena,
                       struct job *job, struct job_fault *fault) WRAP(job_parse);
void real_trip_begin(struct trip *trip, struct postgres *postgres) REAL(trip_begin);
void planted_trip_begin(struct trip *trip, struct postgres *postgres) WRAP(trip_begin);
void real_trip_send(struct trip *trip, enum statement statement,
                    const struct parameters *parameters, trip_take *taker) REAL(trip_send);
void planted_trip_send(struct trip *trip, enum statement statement,
                       const struct parameters *parameters, trip_take *taker) WRAP(trip_send);
uint32_t real_decide(struct state *state, const struct entry *entries, uint32_t count,
                     struct arena *arena, struct result *results) REAL(decide);
uint32_t planted_decide(struct state *state, const struct entry *entries, uint32_t count,
                        struct arena *arena, struct result *results) WRAP(decide);
enum change_progress real_change_turn(struct change_driver *driver, struct error *error)
    REAL(change_turn);
enum change_progress planted_change_turn(struct change_driver *driver, struct error *error)
    WRAP(change_turn);

#define PIPELINE_LARGE (1024u * 1024u) /* bytes */

static _Thread_local size_t pipeline_size; /* of the trip under way */

/* The port to one queue's broker. */
struct planted_broker {
    struct broker broker;
    bool of_sorter;
};

static struct planted_broker brokers[LANES_MAX];
static struct database databases[LANES_MAX];
static _Atomic uint32_t broker_count;
static _Atomic uint32_t database_count;

/* Of all lanes together. */
static void reach(const char *operation, const char *when)
{
    static _Atomic uint32_t times;
    const char *plant = getenv("TILL_TEST_PLANT");
    char point[64];
    const int size = snprintf(point, sizeof point, "%s:%s:", operation, when);
    if (plant == NULL || strncmp(plant, point, (size_t)size) != 0) {
        return;
    }
    char *action = NULL;
    const unsigned long number = strtoul(plant + size, &action, 10);
    if (atomic_fetch_add(&times, 1) + 1 == number) {
        /* To this thread: sent to the process it would stop another one first, and this one a bit
         * beyond the point. */
        (void)raise(strcmp(action, ":stop") == 0 ? SIGSTOP : SIGKILL);
    }
}

static void reach_queue(const struct planted_broker *planted, const char *operation,
                        const char *when)
{
    char name[32];
    reach(operation, when);
    if (planted->of_sorter) {
        (void)snprintf(name, sizeof name, "sorter %s", operation);
        reach(name, when);
    }
}

static enum port_answer left_queue(const struct planted_broker *planted, const char *operation,
                                   enum port_answer answer)
{
    reach_queue(planted, operation, answer == PORT_WAIT ? "during" : "after");
    return answer;
}

static bool has_fault(const char *fault)
{
    const char *wanted = getenv("TILL_TEST_FAULT");
    return wanted != NULL && strcmp(wanted, fault) == 0;
}

static enum port_answer left(const char *operation, enum port_answer answer)
{
    reach(operation, answer == PORT_WAIT ? "during" : "after");
    return answer;
}

static enum port_answer subscribe(void *self, struct error *error)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "subscribe", "before");
    return left_queue(planted, "subscribe", broker->ops->subscribe(broker->self, error));
}

static enum port_answer take(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "take", "before");
    const enum port_answer answer = broker->ops->take(broker->self, arena, delivery, error);
    if (answer == PORT_DONE && has_fault("early acknowledge")) {
        return broker->ops->acknowledge(broker->self, delivery->tag, error);
    }
    return left_queue(planted, "take", answer);
}

static enum port_answer publish(void *self, const struct message *messages, uint32_t count,
                                struct error *error)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "publish", "before");
    /* After PORT_WAIT it is asked the same again, and must answer the same. */
    if (has_fault("forgotten event") && count > 1 && count % 3 == 0) {
        return broker->ops->publish(broker->self, messages + 1, count - 1, error);
    }
    return left_queue(planted, "publish",
                      broker->ops->publish(broker->self, messages, count, error));
}

static enum port_answer confirm(void *self, struct error *error)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "confirm", "before");
    return left_queue(planted, "confirm", broker->ops->confirm(broker->self, error));
}

static enum port_answer acknowledge(void *self, uint64_t tag, struct error *error)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "acknowledge", "before");
    if (has_fault("early acknowledge")) {
        return PORT_DONE;
    }
    return left_queue(planted, "acknowledge", broker->ops->acknowledge(broker->self, tag, error));
}

static void give_back(void *self)
{
    const struct planted_broker *planted = self;
    const struct broker *broker = &planted->broker;
    reach_queue(planted, "give_back", "before");
    broker->ops->give_back(broker->self);
    reach_queue(planted, "give_back", "after");
}

static const struct broker_ops broker_ops = {
    .subscribe = subscribe,
    .take = take,
    .publish = publish,
    .confirm = confirm,
    .acknowledge = acknowledge,
    .give_back = give_back,
};

struct broker planted_broker_port(struct rabbit_broker *self)
{
    struct planted_broker *planted = &brokers[atomic_fetch_add(&broker_count, 1)];
    const struct address sort = address_of(self->lane.namespace, "sort");
    *planted = (struct planted_broker){
        .broker = real_broker_port(self),
        .of_sorter = strcmp(self->consumer.queue.text, sort.text) == 0,
    };
    return (struct broker){&broker_ops, planted};
}

static enum port_answer ready(void *self, struct error *error)
{
    const struct database *database = self;
    reach("ready", "before");
    return left("ready", database->ops->ready(database->self, error));
}

static enum port_answer claim(void *self, struct error *error)
{
    const struct database *database = self;
    reach("claim", "before");
    return left("claim", database->ops->claim(database->self, error));
}

static enum port_answer count_lonely(void *self, struct span job, uint32_t *begun,
                                     struct error *error)
{
    const struct database *database = self;
    reach("count_lonely", "before");
    return left("count_lonely", database->ops->count_lonely(database->self, job, begun, error));
}

static enum port_answer look(void *self, const struct demand *demand, struct arena *arena,
                             struct found *found, struct error *error)
{
    const struct database *database = self;
    reach("look", "before");
    return left("look", database->ops->look(database->self, demand, arena, found, error));
}

static enum port_answer load(void *self, const struct demand *demand, struct arena *arena,
                             struct state *state, struct error *error)
{
    const struct database *database = self;
    reach("load", "before");
    return left("load", database->ops->load(database->self, demand, arena, state, error));
}

static enum port_answer save(void *self, const struct record *record, struct error *error)
{
    const struct database *database = self;
    reach("save", "before");
    return left("save", database->ops->save(database->self, record, error));
}

static void abandon(void *self)
{
    const struct database *database = self;
    database->ops->abandon(database->self);
}

static const struct database_ops database_ops = {
    .ready = ready,
    .claim = claim,
    .count_lonely = count_lonely,
    .look = look,
    .load = load,
    .save = save,
    .abandon = abandon,
};

struct database planted_database_port(struct postgres_database *self)
{
    struct database *database = &databases[atomic_fetch_add(&database_count, 1)];
    *database = real_database_port(self);
    return (struct database){&database_ops, database};
}

void planted_trip_begin(struct trip *trip, struct postgres *postgres)
{
    pipeline_size = 0;
    real_trip_begin(trip, postgres);
}

/* At least the COMMIT is still to come. */
void planted_trip_send(struct trip *trip, enum statement statement,
                       const struct parameters *parameters, trip_take *taker)
{
    if (pipeline_size > PIPELINE_LARGE) {
        reach("pipeline", "during");
    }
    pipeline_size += parameters->size;
    real_trip_send(trip, statement, parameters, taker);
}

static bool contains(struct span text, const char *words)
{
    return !span_absent(text) && memmem(text.bytes, text.size, words, strlen(words)) != NULL;
}

bool planted_job_parse(struct span body, struct span message_id, struct arena *arena,
                       struct job *job, struct job_fault *fault)
{
    ENSURE(!contains(body, "planted in parse"));
    return real_job_parse(body, message_id, arena, job, fault);
}

uint32_t planted_decide(struct state *state, const struct entry *entries, uint32_t count,
                        struct arena *arena, struct result *results)
{
    for (uint32_t i = 0; i < count; i++) {
        ENSURE(!contains(entries[i].job->meta, "planted in decide"));
    }
    return real_decide(state, entries, count, arena, results);
}

enum change_progress planted_change_turn(struct change_driver *driver, struct error *error)
{
    const bool records = driver->phase == CHANGE_RECORDS;
    const char *step = change_step_name(driver->step);
    if (records || driver->phase == CHANGE_ACTS) {
        reach(step, records ? "during" : "before");
    }
    const enum change_progress progress = real_change_turn(driver, error);
    if (records && progress == CHANGE_AGAIN) {
        reach(step, "after");
    }
    return progress;
}

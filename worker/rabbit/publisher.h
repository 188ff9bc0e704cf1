/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes events, dead letters and jobs, and sees to it that the broker has taken them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/address.h"
#include "worker/lane/message.h"
#include "worker/lane/ports.h"
#include "worker/rabbit/confirms.h"
#include "worker/rabbit/envelope.h"
#include "worker/rabbit/wire.h"

/* Many messages go into one send. */
#define PUBLISHER_OUTPUT_SIZE (256u * 1024u)
_Static_assert(PUBLISHER_OUTPUT_SIZE >= ENVELOPE_BODY_MAX + 2 * ENVELOPE_HEAD_MAX,
               "the largest message must fit");

#define PUBLISH_ATTEMPTS_MAX 3u    /* of an event that is refused */
#define CONFIRM_TIMEOUT_MS   30000 /* without any confirm, while the broker is not blocked */

/* A channel that meets a queue between two leaders asks the lost one for ever and refuses whatever
 * is for that queue (RabbitMQ 3.10.8). So a refusal is taken for that at first, and another channel
 * is asked; what goes on longer is a subscriber's full queue, which must not hold up the lane. */
#define REFUSED_PATIENCE_MS 8000
#define REFUSED_PAUSE_MS    500 /* before another one: each gives the lane's jobs back once more */
#define REFUSED_RENEW_MS    30000 /* the age at which a channel that refuses is not believed */
#define REFUSED_FORGET_MS   60000 /* without a refusal, and the next one is a new trouble */

struct publisher {
    struct wire wire;
    struct address events; /* exchanges */
    struct address dead;
    struct address jobs;
    struct address stock;
    bool under_way;
    const struct message *messages; /* the lane's */
    uint32_t count;
    uint32_t next;        /* the first that was not sent yet */
    bool up_to_date;      /* a turn has just taken in all that had come */
    bool dead_unroutable; /* a dead letter came back: no queue takes it */
    int64_t confirm_timeout_ms;
    int64_t refused_patience_ms;
    int64_t refused_since_ms; /* when the first event of this trouble was refused; 0: none was */
    int64_t refused_last_ms;
    int64_t give_up_ms;  /* when the channel is given up that has refused an event; 0: it has not */
    int64_t begun_ms;    /* when the channel was opened */
    bool job_unroutable; /* a job came back: its exchange leads to no lanes */
    int64_t progress_ms; /* when something was last sent or confirmed */
    _Atomic uint64_t unheard;   /* events that no queue took, or that one refused to the end */
    _Atomic uint64_t refused;   /* nacks, of whatever message */
    _Atomic uint64_t published; /* messages, each attempt counted */
    struct confirms confirms;
};

void publisher_init(struct publisher *publisher, const char *namespace);

/* After the connection was opened: a channel, and confirms on it. */
void publisher_begin(struct publisher *publisher);

/* The two of the port, on a connection that is open. After a failure nothing is under way. */
enum port_answer publisher_publish(struct publisher *publisher, const struct message *messages,
                                   uint32_t count, struct error *error);
enum port_answer publisher_confirm(struct publisher *publisher, struct error *error);

/* What was being published does not matter any more; also after the connection was lost. */
void publisher_forget(struct publisher *publisher);

/* Takes in what the broker says, also while nobody waits for it. Not readable: poll has just said
 * that there is nothing. */
bool publisher_turn(struct publisher *publisher, bool readable, struct error *error) MUST_CHECK;

/* Until when publisher_turn must have been called again. */
int64_t publisher_deadline(const struct publisher *publisher);

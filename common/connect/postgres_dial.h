/* SPDX-License-Identifier: Apache-2.0
 *
 * Connecting without waiting: one step after the other, whenever the socket has something.
 *
 * Of several hosts each is asked, one after the other, and the connection to the best so far is
 * kept meanwhile; one that does not answer in time is passed over. A single host is not asked. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/connect/postgres.h"
#include "common/connect/postgres_choice.h"
#include "common/connect/postgres_settings.h"

enum postgres_dial_answer {
    POSTGRES_DIAL_DONE,
    POSTGRES_DIAL_WAIT,
    POSTGRES_DIAL_FAILED,
};

enum postgres_dial_phase {
    POSTGRES_DIAL_IDLE,
    POSTGRES_DIAL_CONNECTING, /* to the host of the moment */
    POSTGRES_DIAL_ASKING,     /* it for its timeline */
    POSTGRES_DIAL_SETTING_UP, /* the session with the host that was chosen */
};

/* An attempt. Between two steps: wait for the connection's socket and these events, until the
 * deadline at most. */
struct postgres_dial {
    const struct config *config;
    enum postgres_use use;
    char label[64];
    struct postgres_settings settings; /* read while the phase is not idle */
    size_t host;
    enum postgres_dial_phase phase;
    short events;
    int64_t deadline; /* of postgres_now_ms(), for this host */
    struct postgres_choice choice;
    PGconn *chosen;      /* the connection to it, while others are asked; ours */
    uint32_t timeline;   /* of the host of the moment */
    struct error merged; /* of the hosts that failed */
};

/* Begins with the first host; nothing is under way and no connection open. The configuration must
 * stay until the dial is over. */
bool postgres_dial_begin(struct postgres_dial *dial, struct postgres *postgres,
                         const struct config *config, enum postgres_use use, const char *name,
                         struct error *error) MUST_CHECK;

/* To be called until it is done or has failed; then nothing is under way any more. */
enum postgres_dial_answer postgres_dial_step(struct postgres_dial *dial, struct postgres *postgres,
                                             struct error *error);

/* Gives the attempt up, if there is one. */
void postgres_dial_abandon(struct postgres_dial *dial, struct postgres *postgres);

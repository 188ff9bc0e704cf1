/* SPDX-License-Identifier: Apache-2.0
 *
 * A server that says what it was told to say to whoever connects, whatever is sent to it: a broker
 * that refuses, a broker that is too old, a server of something else, a peer that falls silent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_BYTES_MAX 4096u

/* What to say: built by the functions below, or by hand. All zeros: nothing. */
struct fake_script {
    unsigned char bytes[FAKE_BYTES_MAX];
    size_t size;
    bool hang_up; /* close when all is said, instead of listening on */
};

/* AMQP's own methods, in the order in which a broker sends them. */
void fake_say(struct fake_script *script, const char *text);
void fake_say_start(struct fake_script *script, const char *product, const char *version);
void fake_say_tune(struct fake_script *script, uint16_t heartbeat_seconds);
void fake_say_open_ok(struct fake_script *script);
void fake_say_close(struct fake_script *script, uint16_t code, const char *text);
void fake_say_blocked(struct fake_script *script, const char *reason);
void fake_say_unblocked(struct fake_script *script);

/* A process of its own, on a free port of 127.0.0.1. */
struct fake_server {
    pid_t pid;
    uint16_t port;
};

void fake_server_open(struct fake_server *server, const struct fake_script *script);
void fake_server_close(struct fake_server *server);

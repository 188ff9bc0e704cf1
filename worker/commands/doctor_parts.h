/* SPDX-License-Identifier: Apache-2.0
 *
 * The halves of till doctor: what it asks the database, and what it asks the broker. */
#pragma once

#include "common/connect/config.h"
#include "worker/commands/findings.h"
#include "worker/rabbit/topology.h"

struct postgres;

/* Writes the current generation and its lanes to *topology, if the database knows them; otherwise
 * its generation stays 0. */
void doctor_database(const struct config *config, struct findings *findings,
                     struct topology *topology);

/* A topology of generation 0 is not looked for. */
void doctor_broker(const struct config *config, struct findings *findings,
                   const struct topology *topology);

/* Asks over an open connection, and over one more. */
void doctor_pooler(const struct config *config, struct findings *findings,
                   struct postgres *postgres);

/* Whether the system knows the name of a server; check names the finding. */
void doctor_name(struct findings *findings, const char *check, const char *host);

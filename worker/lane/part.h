/* SPDX-License-Identifier: Apache-2.0
 *
 * What is made of a part's deliveries before the database is asked: jobs, and what they need. */
#pragma once

#include <stdbool.h>

#include "common/contract/address.h"
#include "worker/lane/batch.h"

/* The exchanges by which the lane knows who sent a delivery. */
struct origins {
    struct address stock; /* whoever may write this may change stock */
    struct address lanes; /* of this generation; only workers and doctors write it */
    uint32_t generation;
};

/* Looks at each delivery of the part: a job, malformed, a marker or a probe; then lists what the
 * jobs demand. False: the arena is full. */
bool part_parse(struct batch *batch, const struct origins *origins) MUST_CHECK;

/* The slot that a delivery came by; SLOTS: none. */
uint32_t part_key_slot(const struct delivery *delivery);

/* A name for the lonely job by which its beginnings are counted: it may crash whoever parses it.
 * Not begun. */
struct lonely part_lonely(const struct batch *batch);

/* The same of any job, as it is, was or will be delivered. */
struct lonely lonely_of(const struct delivery *delivery);

/* Put the part's only job aside: it could not be decided, as the batch's trouble says; or it was
 * begun alone too often. */
void part_park_failed(struct batch *batch);
void part_park_crashing(struct batch *batch);

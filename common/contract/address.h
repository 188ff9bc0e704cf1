/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of exchanges and queues. */
#pragma once

#include <stdint.h>

#define ADDRESS_MAX 80u /* bytes, with the NUL */

/* Small enough to be returned and passed around by value. */
struct address {
    char text[ADDRESS_MAX];
};

/* NS.what, for example till.jobs */
struct address address_of(const char *namespace, const char *what);

/* The exchange of a generation of lanes: NS.lanes.g1 */
struct address address_lanes(const char *namespace, uint32_t generation);

/* The queue of one lane: NS.lane.g1.0000 */
struct address address_lane(const char *namespace, uint32_t generation, uint32_t lane);

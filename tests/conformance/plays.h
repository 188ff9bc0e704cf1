/* SPDX-License-Identifier: Apache-2.0
 *
 * All scripts, and the sides that they are played on. */
#pragma once

#include "tests/conformance/script.h"

extern const struct side played_on_simulated_database;
extern const struct side played_on_real_database;
extern const struct script database_scripts[];
extern const uint32_t database_script_count;
extern const struct script accident_scripts[];
extern const uint32_t accident_script_count;

extern const struct side played_on_simulated_broker;
extern const struct side played_on_real_broker;
extern const struct script broker_scripts[];
extern const uint32_t broker_script_count;

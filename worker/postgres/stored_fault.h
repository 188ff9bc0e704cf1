/* SPDX-License-Identifier: Apache-2.0
 *
 * The faults of a refusal as the database stores them: as the contract's view shows them. */
#pragma once

#include <stdint.h>

#include "common/contract/decision.h"
#include "common/contract/json_write.h"
#include "worker/postgres/row.h"

void stored_faults_write(struct json *json, const struct fault *faults, uint32_t count);

/* The faults of a JSON column, in the row's arena; NULL has none. */
void stored_faults_read(struct row *row, int column, const struct fault **faults, uint32_t *count);

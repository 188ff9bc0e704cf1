/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms that a job's texts must have, after their escapes are decoded. */
#pragma once

#include <stdbool.h>

#include "common/base/span.h"

/* 1 to 128 visible ASCII characters, not beginning with "till:". */
bool job_id_valid(struct span id);

/* "till:expire:" and a valid id. */
bool job_expire_id_valid(struct span id);

/* A ref, a customer: 1 to 128 bytes, no control characters. */
bool job_text_valid(struct span text);

/* As a text, and no space (U+0020) at either end. */
bool job_sku_valid(struct span sku);

/* A store, a pool, a round: 1 to 64 of A-Z a-z 0-9 _ - */
bool job_store_valid(struct span store);

/* SPDX-License-Identifier: Apache-2.0
 *
 * Judges a job whose members have all been read: what its kind lists, requires and bounds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ensure.h"
#include "common/contract/job.h"
#include "common/contract/json_scan.h"

/* seen is the set of fields that were read, bit 1 << field. Fills in defaults and sums the lines of
 * one SKU. A fault is set in the scan, with the path of the member at fault. */
bool job_check(struct json_scan *scan, uint32_t seen, struct job *job) MUST_CHECK;

/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of a job's fields. */
#pragma once

#include <stdbool.h>

#include "common/base/ensure.h"
#include "common/contract/job_field.h"
#include "common/contract/json_scan.h"

/* Reads the value that the scan stands at into the job. The scan's path is the field. Lines of
 * items stay as they are sent: not summed, not yet checked against a kind. */
bool job_member_read(struct json_scan *scan, enum field field, struct job *job) MUST_CHECK;

/* SPDX-License-Identifier: Apache-2.0
 *
 * From a job to the bytes that a publisher sends. */
#pragma once

#include "common/base/text.h"
#include "common/contract/job.h"

/* Writes every field that the job has, defaults included. Parsed again it is the same job, meta to
 * the byte. A sum that is more than one line may have becomes several lines. */
void job_write(const struct job *job, struct text *text);

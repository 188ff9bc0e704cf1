/* SPDX-License-Identifier: Apache-2.0
 *
 * The examples of the published contract, as what tests expect. */
#pragma once

#include "common/base/span.h"

/* Fails the test. */
void assert_span(struct span span, const char *expected);

/* The body is that of examples/events/NAME.json, which has a newline at its end. */
void assert_event_example(const char *name, struct span body);

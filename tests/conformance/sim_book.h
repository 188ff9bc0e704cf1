/* SPDX-License-Identifier: Apache-2.0
 *
 * What the simulated broker was given. */
#pragma once

#include "tests/sim/sim_account.h"

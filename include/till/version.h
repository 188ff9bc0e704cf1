/* SPDX-License-Identifier: Apache-2.0
 *
 * The version of Till. The build reads it from here. */
#pragma once

#define TILL_VERSION "0.1.0"

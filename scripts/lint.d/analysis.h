/* SPDX-License-Identifier: Apache-2.0
 *
 * For static analyzers only, included before everything else. They read one file at a time, so they
 * cannot know what a function of another file returns: here they learn that a function that ends
 * in "return error_set(...);" has failed, and that its output was not written. */
#pragma once

#include "common/base/error.h"

#define error_set(...)                \
    ({                                \
        (void)error_set(__VA_ARGS__); \
        false;                        \
    })
#define error_wrap(...)                \
    ({                                 \
        (void)error_wrap(__VA_ARGS__); \
        false;                         \
    })
#define error_advise(...)                \
    ({                                   \
        (void)error_advise(__VA_ARGS__); \
        false;                           \
    })

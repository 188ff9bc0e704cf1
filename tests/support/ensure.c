/* SPDX-License-Identifier: Apache-2.0
 *
 * Lets expect_assert_failure() see a failing ENSURE: linked before the library that would abort. */
#include "common/base/ensure.h"

#include <stdlib.h>

#include "tests/support/test.h"

void ensure_failed(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
    abort(); /* not reached: mock_assert leaves by longjmp or fails the test */
}

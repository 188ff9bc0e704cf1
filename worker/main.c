/* SPDX-License-Identifier: Apache-2.0
 *
 * The program till: looks its settings up and says which version it is. */
#include <stdio.h>

#include "common/connect/config.h"
#include "till/version.h"

int main(void)
{
    const struct config_flags flags = {0};
    struct config config;
    struct error error = {0};

    if (!config_load(&config, &flags, &error)) {
        fprintf(stderr, "till: %s\n%s\n", error.text, error.remedy);
        return 78;
    }
    printf("till %s\n", TILL_VERSION);
    return 0;
}

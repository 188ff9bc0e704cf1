/* SPDX-License-Identifier: Apache-2.0
 *
 * A front end that is not ours: finds the slot of a SKU by the installed library. */
#include <stdio.h>
#include <string.h>

#include <till/slot.h>
#include <till/version.h>

int main(int argc, char **argv)
{
    const char *sku = argc > 1 ? argv[1] : "PS5";
    return printf("%s %u\n", TILL_VERSION, till_slot(sku, strlen(sku))) < 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The program: finds the command and nothing else. */
#include "worker/commands/commands.h"

int main(int argc, char **argv)
{
    return commands_main(argc, argv);
}

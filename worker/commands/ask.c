/* SPDX-License-Identifier: Apache-2.0
 *
 * A question on the terminal. */
#include "worker/commands/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool ask_for(const char *question, const char *word, struct error *error)
{
    char answer[128];
    if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
        error_set(error, ERROR_USAGE, "this cannot be taken back, and nobody is here to ask");
        return error_advise(error, "Say --yes if it is meant.");
    }
    (void)fprintf(stderr, "%s\nType \"%s\" to go on: ", question, word);
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        answer[0] = '\0';
    }
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, word) != 0) {
        return error_set(error, ERROR_REFUSED, "nothing was changed");
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Hands every file of a folder to a fuzz target, in builds without libFuzzer.
 *
 * usage: fuzz_NAME FOLDER */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1024u * 1024u) /* bytes */

static int fail(const char *what, const char *path)
{
    (void)fprintf(stderr, "%s %s: %m\n", what, path);
    return EXIT_FAILURE;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A copy of exactly the input's size: a sanitizer then sees a read behind its end. */
static int hand_over(const char *bytes, size_t size)
{
    uint8_t *input = malloc(size == 0 ? 1 : size);
    if (input == NULL) {
        return fail("copy", "an input");
    }
    if (size > 0) {
        memcpy(input, bytes, size);
    }
    (void)LLVMFuzzerTestOneInput(input, size); /* 0 by its definition */
    free(input);
    return EXIT_SUCCESS;
}

static int replay(const char *folder, const char *name)
{
    static char bytes[INPUT_MAX];
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return fail("open", path);
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    const bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        return fail("read", path);
    }
    return hand_over(bytes, size);
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    const int count = argc == 2 ? scandir(argv[1], &entries, is_file, alphasort) : -1;
    int result = EXIT_SUCCESS;

    if (count <= 0) {
        return fail("usage: fuzz_NAME FOLDER, with files in it:", argc == 2 ? argv[1] : "");
    }
    for (int i = 0; i < count; i++) {
        if (result == EXIT_SUCCESS) {
            result = replay(argv[1], entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    (void)printf("%d inputs replayed\n", count);
    return result;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives a fuzz target the inputs of its corpus, once each: any compiler can do that, so what a
 * target has found stays found. Arguments are files and folders. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1024u * 1024u)
#define PATH_SIZE 4096u

/* Given to the target in memory of exactly its size, so that a sanitizer sees every byte beyond. */
static void replay_file(FILE *file)
{
    static uint8_t bytes[INPUT_MAX];
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    uint8_t *input = malloc(size + (size == 0));
    if (input == NULL) {
        abort();
    }
    memcpy(input, bytes, size);
    (void)LLVMFuzzerTestOneInput(input, size); /* it aborts, or there is nothing to say */
    free(input);
}

static size_t replay(const char *path)
{
    char memory[PATH_SIZE];
    size_t count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        FILE *file = fopen(path, "rb");
        if (file == NULL) {
            return 0;
        }
        replay_file(file);
        (void)fclose(file); /* it was only read */
        return 1;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct text text;
        if (entry->d_name[0] == '.') {
            continue;
        }
        text_init(&text, memory, sizeof memory);
        text_format(&text, "%s/%s", path, entry->d_name);
        FILE *file = fopen(memory, "rb");
        if (file == NULL) {
            continue;
        }
        replay_file(file);
        (void)fclose(file); /* it was only read */
        count++;
    }
    (void)closedir(folder); /* it was only read */
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay(argv[i]);
    }
    (void)printf("%zu inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The configured URL, with its password from where the user put it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/connect/amqp_url.h"

/* All of the file, but not more than capacity; -1 on error. Also from a pipe. */
static ssize_t read_all(int file, char *memory, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        const ssize_t got = read(file, memory + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)size;
        }
        size += (size_t)got;
    }
    return (ssize_t)size;
}

/* One byte more than a password with its newline may have shows that there is more. */
static bool read_file(const char *path, char *memory, size_t capacity, size_t *size,
                      struct error *error)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const ssize_t got = file < 0 ? -1 : read_all(file, memory, capacity);
    const int reason = errno;
    if (file >= 0) {
        (void)close(file); /* nothing was written */
    }
    if (got < 0) {
        errno = reason; /* for %m */
        error_set(error, ERROR_CONFIG, "\"%s\": %m", path);
        return error_advise(error, "Name a file that this user may read, with the password in it.");
    }
    *size = (size_t)got;
    return true;
}

static bool load_password(const char *path, struct amqp_url *url, struct error *error)
{
    char password[AMQP_PASSWORD_MAX + 2];
    size_t size = 0;
    bool fine = false;

    if (!read_file(path, password, sizeof password, &size, error)) {
        return false;
    }
    size -= size > 0 && password[size - 1] == '\n' ? 1 : 0;
    if (size == 0) {
        error_set(error, ERROR_CONFIG, "\"%s\": it is empty", path);
    } else if (size > AMQP_PASSWORD_MAX) {
        error_set(error, ERROR_CONFIG, "\"%s\": longer than %u bytes", path, AMQP_PASSWORD_MAX);
    } else if (memchr(password, '\0', size) != NULL) {
        error_set(error, ERROR_CONFIG, "\"%s\": it holds a NUL byte", path);
    } else {
        memcpy(url->password, password, size);
        url->password[size] = '\0';
        url->password_given = true;
        fine = true;
    }
    explicit_bzero(password, sizeof password);
    return fine || error_advise(error, "Put the password into the file, and nothing else.");
}

/* The process list shows flags to every user of the machine. */
static bool refuse_flag(const char *source, struct error *error)
{
    error_set(error, ERROR_USAGE, "%s: a password on the command line can be read by every user",
              source);
    return error_advise(error, "Put the URL into TILL_AMQP_URL, or the password into a file named "
                               "by TILL_AMQP_PASSWORD_FILE.");
}

bool amqp_url_load(const struct config *config, struct amqp_url *url, struct error *error)
{
    const struct setting *setting = &config->amqp_url;
    const struct setting *file = &config->amqp_password_file;
    const bool flag = strncmp(setting->source, "--", 2) == 0;
    struct amqp_url parsed;

    if (!amqp_url_parse(setting->value, &parsed, error)) {
        error->kind = flag ? ERROR_USAGE : error->kind;
        return error_wrap(error, "%s", setting->source);
    }
    if (flag && parsed.password_given && parsed.password[0] != '\0') {
        return refuse_flag(setting->source, error);
    }
    if (file->value != NULL && !load_password(file->value, &parsed, error)) {
        return error_wrap(error, "%s", file->source);
    }
    *url = parsed;
    return true;
}

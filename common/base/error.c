/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills and extends errors, within their fixed memory. */
#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    ENSURE(kind != ERROR_NONE);
    va_list arguments;
    va_start(arguments, format);
    error->kind = kind;
    error->remedy[0] = '\0';
    (void)vsnprintf(error->text, sizeof error->text, format, arguments); /* a long text is cut */
    va_end(arguments);
    return false;
}

bool error_wrap(struct error *error, const char *format, ...)
{
    ENSURE(error->kind != ERROR_NONE);
    char context[ERROR_TEXT_MAX];
    char inner[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);

    memcpy(inner, error->text, sizeof inner);
    const size_t size = strlen(context);
    (void)snprintf(error->text, sizeof error->text, "%s", context);
    (void)snprintf(error->text + size, sizeof error->text - size, ": %s", inner);
    return false;
}

bool error_advise(struct error *error, const char *format, ...)
{
    ENSURE(error->kind != ERROR_NONE);
    if (error->remedy[0] != '\0') {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->remedy, sizeof error->remedy, format, arguments);
    va_end(arguments);
    return false;
}

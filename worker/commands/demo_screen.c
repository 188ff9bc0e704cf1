/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws a demonstration's progress. */
#include "worker/commands/demo_screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"
#include "worker/commands/demo_front.h"

#define DRAW_US  100000  /* on a terminal */
#define PLAIN_US 1000000 /* elsewhere */

#define BAR_CELLS 24u

#define STRONG "\033[1m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define FAINT  "\033[2m"
#define NORMAL "\033[0m"
#define ERASE  "\r\033[K"

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL;
        }
    }
    return false;
}

void demo_screen_init(struct demo_screen *screen)
{
    const char *terminal = getenv("TERM");
    const bool plain = terminal == NULL || terminal[0] == '\0' || strcmp(terminal, "dumb") == 0;
    *screen = (struct demo_screen){.began_us = demo_now_us(),
                                   .live = isatty(STDERR_FILENO) != 0 && !plain};
    screen->colours = screen->live && !is_set("NO_COLOR");
    screen->blocks = screen->live && locale_is_utf8();
}

static const char *code(const struct demo_screen *screen, const char *sequence)
{
    return screen->colours ? sequence : "";
}

void demo_screen_clear(struct demo_screen *screen)
{
    if (screen->drawn) {
        (void)fputs(ERASE, stderr);
        (void)fflush(stderr);
        screen->drawn = false;
    }
}

__attribute__((format(printf, 3, 0))) static void
put_line(struct demo_screen *screen, const char *colour, const char *format, va_list arguments)
{
    const int64_t now = demo_now_us();
    const double seconds = (double)(now - screen->began_us) / 1e6;
    demo_screen_clear(screen);
    if (!screen->live) {
        screen->drawn_us = now; /* a plain line of progress keeps its distance from it */
    }
    (void)fprintf(stderr, "%s%5.1f s%s  %s", code(screen, FAINT), seconds, code(screen, NORMAL),
                  code(screen, colour));
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "%s\n", code(screen, NORMAL));
}

void demo_screen_say(struct demo_screen *screen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(screen, "", format, arguments);
    va_end(arguments);
}

void demo_screen_warn(struct demo_screen *screen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(screen, STRONG RED, format, arguments);
    va_end(arguments);
}

char *demo_grouped(int64_t number, char memory[32])
{
    char digits[24];
    size_t size = 0;
    (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
    const size_t count = strlen(digits);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0 && digits[i - 1] != '-') {
            memory[size++] = ',';
        }
        memory[size++] = digits[i];
    }
    memory[size] = '\0';
    return memory;
}

char *demo_duration(int64_t us, char memory[32])
{
    if (us < 1000000) {
        (void)snprintf(memory, 32, us < 10000 ? "%.1f ms" : "%.0f ms", (double)us / 1e3);
    } else {
        (void)snprintf(memory, 32, "%.2f s", (double)us / 1e6);
    }
    return memory;
}

/* The bar: what is decided full, what is published and waits in the lane half full. */
static void put_bar(const struct demo_screen *screen, const struct demo_progress *progress,
                    struct text *text)
{
    const uint64_t told = (uint64_t)progress->told * BAR_CELLS / progress->buyers;
    const uint64_t sent = (uint64_t)progress->sent * BAR_CELLS / progress->buyers;
    text_put(text, code(screen, GREEN));
    for (uint64_t i = 0; i < BAR_CELLS; i++) {
        if (i == told) {
            text_put(text, code(screen, NORMAL));
            text_put(text, code(screen, FAINT));
        }
        if (i < told) {
            text_put(text, screen->blocks ? "█" : "#");
        } else if (i < sent) {
            text_put(text, screen->blocks ? "▒" : "=");
        } else {
            text_put(text, screen->blocks ? "░" : ".");
        }
    }
    text_put(text, code(screen, NORMAL));
}

static void draw(struct demo_screen *screen, const struct demo_progress *progress)
{
    char memory[512];
    char confirmed[32];
    char sold_out[32];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, ERASE "         ");
    put_bar(screen, progress, &text);
    text_format(&text, " %3u %%  %s%s sold%s, %s sold out",
                (unsigned)((uint64_t)progress->told * 100 / progress->buyers), code(screen, STRONG),
                demo_grouped(progress->confirmed, confirmed), code(screen, NORMAL),
                demo_grouped(progress->sold_out, sold_out));
    (void)fputs(text.bytes, stderr);
    (void)fflush(stderr);
    screen->drawn = true;
}

void demo_screen_show(struct demo_screen *screen, const struct demo_progress *progress)
{
    char told[32];
    char confirmed[32];
    char sold_out[32];
    const int64_t now = demo_now_us();
    if (now - screen->drawn_us < (screen->live ? DRAW_US : PLAIN_US)) {
        return;
    }
    screen->drawn_us = now;
    if (screen->live) {
        draw(screen, progress);
    } else if (progress->told != screen->drawn_told) {
        demo_screen_say(screen, "%s decided: %s sold, %s sold out",
                        demo_grouped(progress->told, told),
                        demo_grouped(progress->confirmed, confirmed),
                        demo_grouped(progress->sold_out, sold_out));
    }
    screen->drawn_told = progress->told;
}

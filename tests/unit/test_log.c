/* SPDX-License-Identifier: Apache-2.0
 *
 * The log: one line a fact, of at least the level that was asked for. */
#include "common/connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test.h"

/* What log_write puts on stderr while it is turned into a pipe. */
static struct {
    int saved;
    int out[2];
    char text[8192];
} capture;

static int capture_begin(void **state)
{
    (void)state;
    capture.saved = dup(STDERR_FILENO);
    assert_true(capture.saved >= 0);
    assert_int_equal(pipe(capture.out), 0);
    assert_true(dup2(capture.out[1], STDERR_FILENO) >= 0);
    log_level_set(LOG_LEVEL_INFO);
    return 0;
}

static const char *capture_end(void)
{
    assert_true(dup2(capture.saved, STDERR_FILENO) >= 0);
    close(capture.saved);
    close(capture.out[1]);
    const ssize_t size = read(capture.out[0], capture.text, sizeof capture.text - 1);
    close(capture.out[0]);
    assert_true(size >= 0);
    capture.text[size] = '\0';
    return capture.text;
}

static void a_line_has_time_level_and_message(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_WARN, "lane: taken over lane=%d", 17);
    const char *line = capture_end();
    assert_int_equal(strlen("2026-11-21T09:00:00.123Z"), strcspn(line, " "));
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[23], 'Z');
    assert_string_equal(line + 24, " warn  lane: taken over lane=17\n");
}

static void lower_levels_are_not_written(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_DEBUG, "not this");
    log_level_set(LOG_LEVEL_ERROR);
    log_write(LOG_LEVEL_WARN, "nor this");
    assert_string_equal(capture_end(), "");
}

static void one_fact_stays_one_line(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_ERROR, "server said \"%s\"", "first\nsecond\x1b[31m");
    const char *line = capture_end();
    assert_string_equal(line + 24, " error server said \"first second [31m\"\n");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
    (void)state;
    char wide[5000];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    log_write(LOG_LEVEL_INFO, "%s", wide);
    const char *line = capture_end();
    assert_true(strlen(line) < 2100);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void levels_have_names(void **state)
{
    (void)state;
    enum log_level level = LOG_LEVEL_DEBUG;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_false(log_level_parse("ERROR", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_has_time_level_and_message, capture_begin),
        cmocka_unit_test_setup(lower_levels_are_not_written, capture_begin),
        cmocka_unit_test_setup(one_fact_stays_one_line, capture_begin),
        cmocka_unit_test_setup(a_long_message_is_cut_and_still_a_line, capture_begin),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

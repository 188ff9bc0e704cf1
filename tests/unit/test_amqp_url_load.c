/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the password of the broker comes from, and from where it is not taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/connect/amqp_url.h"
#include "tests/support/test.h"

static char folder[] = "/tmp/till_test_XXXXXX";
static char path[sizeof folder + sizeof "/password"];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/password", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int remove_file(void **state)
{
    (void)state;
    (void)unlink(path); /* not every test has made it */
    return 0;
}

static void write_file(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool load(const char *text, const char *source, const char *file, struct amqp_url *url,
                 struct error *error)
{
    const struct config config = {
        .amqp_url = {text, source},
        .amqp_password_file = {file, "TILL_AMQP_PASSWORD_FILE"},
    };
    return amqp_url_load(&config, url, error);
}

static const struct file_case {
    const char *name;
    const char *bytes;
    size_t size;
    const char *password; /* NULL: refused */
    const char *says;     /* behind the file's name */
} file_cases[] = {
    {"strips one newline", "secret\n", 7, "secret", NULL},
    {"needs no newline", "secret", 6, "secret", NULL},
    {"strips no second newline", "secret\n\n", 8, "secret\n", NULL},
    {"keeps white space and any other byte", " se\tcr\xff\r\n", 9, " se\tcr\xff\r", NULL},
    {"refuses an empty file", "", 0, NULL, "it is empty"},
    {"refuses a lone newline", "\n", 1, NULL, "it is empty"},
    {"refuses a NUL byte", "sec\0ret", 7, NULL, "it holds a NUL byte"},
};

static void reads_the_password_file(void **state)
{
    const struct file_case *test = *state;
    struct amqp_url url = {0};
    struct error error = {0};
    char says[256];

    write_file(test->bytes, test->size);
    assert_int_equal(load("amqp://user@host", "TILL_AMQP_URL", path, &url, &error),
                     test->password != NULL);
    if (test->password != NULL) {
        assert_string_equal(url.password, test->password);
        assert_true(url.password_given);
        return;
    }
    (void)snprintf(says, sizeof says, "TILL_AMQP_PASSWORD_FILE: \"%s\": %s", path, test->says);
    assert_string_equal(error.text, says);
    assert_string_equal(error.remedy, "Put the password into the file, and nothing else.");
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_null(strstr(error.text, "sec"));
}

static void bounds_the_password_file(void **state)
{
    (void)state;
    char bytes[AMQP_PASSWORD_MAX + 3];
    struct amqp_url url = {0};
    struct error error = {0};
    memset(bytes, 'x', sizeof bytes);

    bytes[AMQP_PASSWORD_MAX] = '\n';
    write_file(bytes, AMQP_PASSWORD_MAX + 1);
    assert_true(load("amqp://user@host", "TILL_AMQP_URL", path, &url, &error));
    assert_int_equal(strlen(url.password), AMQP_PASSWORD_MAX);

    bytes[AMQP_PASSWORD_MAX] = 'x';
    bytes[AMQP_PASSWORD_MAX + 1] = '\n';
    write_file(bytes, AMQP_PASSWORD_MAX + 2);
    assert_false(load("amqp://user@host", "TILL_AMQP_URL", path, &url, &error));
    assert_non_null(strstr(error.text, "longer than 1024 bytes"));
    write_file(bytes, AMQP_PASSWORD_MAX + 3);
    assert_false(load("amqp://user@host", "TILL_AMQP_URL", path, &url, &error));
    assert_non_null(strstr(error.text, "longer than 1024 bytes"));
}

static void names_a_missing_file(void **state)
{
    (void)state;
    struct amqp_url url = {0};
    struct error error = {0};
    char says[256];
    assert_false(load("amqp://user@host", "TILL_AMQP_URL", path, &url, &error));
    (void)snprintf(says, sizeof says, "TILL_AMQP_PASSWORD_FILE: \"%s\": No such file or directory",
                   path);
    assert_string_equal(error.text, says);
    assert_int_equal(error.kind, ERROR_CONFIG);
}

static void names_a_file_that_cannot_be_read(void **state)
{
    (void)state;
    struct amqp_url url = {0};
    struct error error = {0};
    assert_false(load("amqp://user@host", "TILL_AMQP_URL", folder, &url, &error));
    assert_non_null(strstr(error.text, "Is a directory"));
}

static void the_file_outranks_the_url(void **state)
{
    (void)state;
    struct amqp_url url = {0};
    struct error error = {0};
    write_file("file\n", 5);
    assert_true(load("amqp://user:url@host", "TILL_AMQP_URL", path, &url, &error));
    assert_string_equal(url.password, "file");
    assert_true(load("amqp://user@host", "--amqp-url", path, &url, &error));
    assert_string_equal(url.password, "file");
}

static void refuses_a_password_in_a_flag(void **state)
{
    (void)state;
    struct amqp_url url = {0};
    struct error error = {0};
    assert_false(load("amqp://user:Geheim@host", "--amqp-url", NULL, &url, &error));
    assert_string_equal(error.text,
                        "--amqp-url: a password on the command line can be read by every user");
    assert_string_equal(error.remedy, "Put the URL into TILL_AMQP_URL, or the password into a file "
                                      "named by TILL_AMQP_PASSWORD_FILE.");
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_string_equal(url.password, "");
}

static void names_the_source_of_a_bad_url(void **state)
{
    (void)state;
    struct amqp_url url = {0};
    struct error error = {0};
    assert_false(load("amqp://a,,b", "AMQP_URL", NULL, &url, &error));
    assert_string_equal(error.text, "AMQP_URL: byte 10: an empty host in the list");
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_false(load("amqp://a,,b", "--amqp-url", NULL, &url, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
}

int main(void)
{
    enum { CASES = sizeof file_cases / sizeof file_cases[0] };
    struct CMUnitTest tests[CASES + 6] = {
        [CASES] = cmocka_unit_test_teardown(bounds_the_password_file, remove_file),
        [CASES + 1] = cmocka_unit_test(names_a_missing_file),
        [CASES + 2] = cmocka_unit_test(names_a_file_that_cannot_be_read),
        [CASES + 3] = cmocka_unit_test_teardown(the_file_outranks_the_url, remove_file),
        [CASES + 4] = cmocka_unit_test(refuses_a_password_in_a_flag),
        [CASES + 5] = cmocka_unit_test(names_the_source_of_a_bad_url),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){file_cases[i].name, reads_the_password_file, NULL,
                                       remove_file, (void *)&file_cases[i]};
    }
    return cmocka_run_group_tests_name("amqp_url_load", tests, make_folder, remove_folder);
}

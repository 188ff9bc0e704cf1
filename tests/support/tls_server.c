/* SPDX-License-Identifier: Apache-2.0
 *
 * Has openssl make two certificates, one of them of yesterday, and serve with them. */
#include "tests/support/tls_server.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#define START_MS 10000 /* until the server must have said its port */

/* In the folder of the files. openssl takes no negative number of days for a new certificate, but
 * does for a copy. */
static const char make_certificates[] =
    "cd \"$0\" && exec 2>openssl.log && "
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem "
    "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out valid.pem && "
    "openssl x509 -in valid.pem -signkey key.pem -days -1 -out expired.pem && "
    "openssl req -x509 -key key.pem -subj /CN=broker.example "
    "-addext subjectAltName=DNS:broker.example -out named.pem && "
    "cat expired.pem named.pem >authorities.pem";

/* With -www it serves until it is killed; without, it ends with its input. */
static const char serve[] =
    "cd \"$0\" && exec openssl s_server -www -accept 127.0.0.1:0 -key key.pem -cert expired.pem "
    "-servername broker.example -key2 key.pem -cert2 named.pem </dev/null 2>server.log";

static const char remove_files[] = "cd \"$0\" && rm key.pem valid.pem expired.pem named.pem "
                                   "authorities.pem openssl.log server.log "
                                   "&& rmdir \"$0\"";

static void run(const char *script, const char *argument)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", script, argument, NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static pid_t start(const char *script, const char *argument, int output)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test does not come to its end */
        (void)dup2(output, STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", script, argument, NULL);
        _exit(127);
    }
    return pid;
}

/* s_server's line "ACCEPT 127.0.0.1:PORT". */
static uint16_t read_port(int output)
{
    char said[512] = "";
    size_t size = 0;
    const char *line = NULL;
    do {
        struct pollfd file = {.fd = output, .events = POLLIN};
        assert_int_equal(poll(&file, 1, START_MS), 1);
        const ssize_t got = read(output, said + size, sizeof said - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        said[size] = '\0';
        line = strstr(said, "ACCEPT 127.0.0.1:");
    } while (line == NULL || strchr(line, '\n') == NULL);
    return (uint16_t)strtoul(strchr(line, ':') + 1, NULL, 10);
}

void tls_server_open(struct tls_server *server)
{
    int ends[2];
    (void)snprintf(server->folder, sizeof server->folder, "/tmp/till_test_XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    (void)snprintf(server->authorities, sizeof server->authorities, "%s/authorities.pem",
                   server->folder);
    run(make_certificates, server->folder);
    assert_int_equal(pipe(ends), 0);
    server->pid = start(serve, server->folder, ends[1]);
    assert_int_equal(close(ends[1]), 0);
    server->output = ends[0];
    server->port = read_port(server->output);
}

void tls_server_close(struct tls_server *server)
{
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    assert_int_equal(close(server->output), 0);
    run(remove_files, server->folder);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Says AMQP frames that are written by hand, from a child process. */
#include "tests/support/fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#define FRAME_METHOD      1u
#define FRAME_END         0xceu
#define FRAME_HEADER_SIZE 7u /* type, channel, size */

static void put_byte(struct fake_script *script, unsigned byte)
{
    assert_true(script->size < FAKE_BYTES_MAX);
    script->bytes[script->size++] = (unsigned char)byte;
}

static void put_16(struct fake_script *script, unsigned value)
{
    put_byte(script, value >> 8 & 0xff);
    put_byte(script, value & 0xff);
}

static void put_32(struct fake_script *script, unsigned value)
{
    put_16(script, value >> 16);
    put_16(script, value & 0xffff);
}

void fake_say(struct fake_script *script, const char *text)
{
    for (; *text != '\0'; text++) {
        put_byte(script, (unsigned char)*text);
    }
}

static void put_short(struct fake_script *script, const char *text)
{
    put_byte(script, (unsigned)strlen(text));
    fake_say(script, text);
}

static void put_long(struct fake_script *script, const char *text)
{
    put_32(script, (unsigned)strlen(text));
    fake_say(script, text);
}

static void set_32(struct fake_script *script, size_t at, size_t value)
{
    for (size_t i = 0; i < 4; i++) {
        script->bytes[at + i] = (unsigned char)(value >> (24 - 8 * i) & 0xff);
    }
}

/* Returns where the frame begins, for end_method. All methods here are of the connection's class.
 */
static size_t begin_method(struct fake_script *script, unsigned method)
{
    const size_t begin = script->size;
    put_byte(script, FRAME_METHOD);
    put_16(script, 0);
    put_32(script, 0);
    put_16(script, 10);
    put_16(script, method);
    return begin;
}

static void end_method(struct fake_script *script, size_t begin)
{
    set_32(script, begin + 3, script->size - begin - FRAME_HEADER_SIZE);
    put_byte(script, FRAME_END);
}

static void put_field(struct fake_script *script, const char *name, const char *text)
{
    put_short(script, name);
    put_byte(script, 'S');
    put_long(script, text);
}

void fake_say_start(struct fake_script *script, const char *product, const char *version)
{
    const size_t begin = begin_method(script, 10);
    put_byte(script, 0);
    put_byte(script, 9);
    const size_t table = script->size;
    put_32(script, 0);
    put_field(script, "product", product);
    put_field(script, "version", version);
    set_32(script, table, script->size - table - 4);
    put_long(script, "PLAIN");
    put_long(script, "en_US");
    end_method(script, begin);
}

void fake_say_tune(struct fake_script *script, uint16_t heartbeat_seconds)
{
    const size_t begin = begin_method(script, 30);
    put_16(script, 100);
    put_32(script, 16384);
    put_16(script, heartbeat_seconds);
    end_method(script, begin);
}

void fake_say_open_ok(struct fake_script *script)
{
    const size_t begin = begin_method(script, 41);
    put_short(script, "");
    end_method(script, begin);
}

void fake_say_close(struct fake_script *script, uint16_t code, const char *text)
{
    const size_t begin = begin_method(script, 50);
    put_16(script, code);
    put_short(script, text);
    put_16(script, 0);
    put_16(script, 0);
    end_method(script, begin);
}

void fake_say_blocked(struct fake_script *script, const char *reason)
{
    const size_t begin = begin_method(script, 60);
    put_short(script, reason);
    end_method(script, begin);
}

void fake_say_unblocked(struct fake_script *script)
{
    end_method(script, begin_method(script, 61));
}

/* Reads before it closes, for closing on unread bytes would be a reset that eats what was said. */
static void serve(int client, const struct fake_script *script)
{
    char ignored[1024];
    ssize_t got = send(client, script->bytes, script->size, MSG_NOSIGNAL);
    if (script->hang_up) {
        (void)shutdown(client, SHUT_WR);
    }
    while (got >= 0 && (got = recv(client, ignored, sizeof ignored, 0)) > 0) {
    }
    (void)close(client);
}

static _Noreturn void serve_all(int listener, const struct fake_script *script)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test does not come to its end */
    for (;;) {
        const int client = accept(listener, NULL, NULL);
        if (client < 0) {
            _exit(1);
        }
        serve(client, script);
    }
}

void fake_server_open(struct fake_server *server, const struct fake_script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(listener, 16), 0);

    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        serve_all(listener, script);
    }
    assert_int_equal(close(listener), 0);
    *server = (struct fake_server){.pid = pid, .port = ntohs(address.sin_port)};
}

void fake_server_close(struct fake_server *server)
{
    if (server->pid > 0) {
        assert_int_equal(kill(server->pid, SIGKILL), 0);
        assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
        server->pid = 0;
    }
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends and receives bytes, in plain or through OpenSSL. */
#include "common/connect/rabbit_stream.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "common/connect/rabbit.h"

/* Of OpenSSL's headers; its binary interface, the same since 1.1.0. */
enum {
    REASON_WANT_READ = 2,   /* SSL_ERROR_WANT_READ */
    REASON_WANT_WRITE = 3,  /* SSL_ERROR_WANT_WRITE */
    REASON_SYSTEM = 5,      /* SSL_ERROR_SYSCALL */
    REASON_CLOSED = 6,      /* SSL_ERROR_ZERO_RETURN */
    CONTROL_MODE = 33,      /* SSL_CTRL_MODE */
    MODE_PARTIAL_WRITE = 1, /* SSL_MODE_ENABLE_PARTIAL_WRITE */
    MODE_MOVING_WRITE = 2,  /* SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER */
};

/* ISO C has no conversion from an object's pointer to a function's; POSIX promises that the bytes
 * will do. */
static bool find(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

bool rabbit_stream_secure(struct rabbit_stream *stream, void *session, struct error *error)
{
    struct rabbit_stream found = {.session = session};
    long (*control)(void *session, int command, long number, void *data) = NULL;
    if (session == NULL || !find("SSL_read", &found.read) || !find("SSL_write", &found.write) ||
        !find("SSL_get_error", &found.reason) || !find("ERR_clear_error", &found.clear) ||
        !find("SSL_ctrl", &control)) {
        error_set(error, ERROR_FATAL, "librabbitmq's TLS is not OpenSSL 1.1 or later");
        return error_advise(error, "Install a librabbitmq built with OpenSSL.");
    }
    (void)control(session, CONTROL_MODE, MODE_PARTIAL_WRITE | MODE_MOVING_WRITE,
                  NULL); /* returns what is set now */
    *stream = found;
    return true;
}

static ssize_t secure_result(const struct rabbit_stream *stream, int result)
{
    if (result > 0) {
        return result;
    }
    const int number = errno;
    switch (stream->reason(stream->session, result)) {
    case REASON_WANT_READ:
    case REASON_WANT_WRITE:
        return -EAGAIN;
    case REASON_CLOSED:
        return 0;
    case REASON_SYSTEM:
        return -(number == 0 || number == EAGAIN ? ECONNRESET : number);
    default:
        return -EPROTO;
    }
}

/* OpenSSL's sizes are ints, and its errors a queue that it looks at again. */
static int secure_size(const struct rabbit_stream *stream, size_t size)
{
    stream->clear();
    errno = 0;
    return size > INT_MAX ? INT_MAX : (int)size;
}

ssize_t rabbit_send(struct rabbit *rabbit, const char *bytes, size_t size)
{
    const struct rabbit_stream *stream = &rabbit->stream;
    ENSURE(size > 0);
    if (stream->session != NULL) {
        const int offered = secure_size(stream, size);
        const ssize_t sent = secure_result(stream, stream->write(stream->session, bytes, offered));
        return sent == 0 ? -EPIPE : sent;
    }
    const ssize_t sent =
        send(amqp_get_sockfd(rabbit->connection), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent >= 0 ? sent : -errno;
}

ssize_t rabbit_receive(struct rabbit *rabbit, char *bytes, size_t size)
{
    const struct rabbit_stream *stream = &rabbit->stream;
    ENSURE(size > 0);
    if (stream->session != NULL) {
        const int wanted = secure_size(stream, size);
        return secure_result(stream, stream->read(stream->session, bytes, wanted));
    }
    const ssize_t got = recv(amqp_get_sockfd(rabbit->connection), bytes, size, MSG_DONTWAIT);
    return got >= 0 ? got : -errno;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets TLS up in librabbitmq, and in the OpenSSL beneath it where librabbitmq has no setting.
 *
 * librabbitmq 0.11 says only that a certificate was refused, compares names but no addresses, and
 * always verifies the name that it connects to. OpenSSL itself does all of it, given a context's
 * own verification parameters; amqp_ssl_socket_get_context exists for that. Its functions are
 * looked up in the library that librabbitmq has loaded already, so that TLS adds no dependency of
 * ours and can never be a second copy of OpenSSL beside librabbitmq's. */
#include "common/connect/rabbit_tls.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#else
#include <amqp_ssl_socket.h>
#endif

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

/* Of OpenSSL's headers; its binary interface, the same since 1.1.0. */
enum {
    HANDSHAKE_START = 0x10,      /* SSL_CB_HANDSHAKE_START */
    SET_SERVER_NAME = 55,        /* SSL_CTRL_SET_TLSEXT_HOSTNAME */
    NO_PARTIAL_WILDCARDS = 0x4,  /* X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS */
    NOT_YET_VALID = 9,           /* X509_V_ERR_CERT_NOT_YET_VALID */
    EXPIRED = 10,                /* X509_V_ERR_CERT_HAS_EXPIRED */
    SELF_SIGNED = 18,            /* X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT */
    SELF_SIGNED_CHAIN = 19,      /* X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN */
    ISSUER_UNKNOWN_LOCALLY = 20, /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
    LEAF_NOT_VERIFIED = 21,      /* X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE */
    HOST_MISMATCH = 62,          /* X509_V_ERR_HOSTNAME_MISMATCH */
    ADDRESS_MISMATCH = 64,       /* X509_V_ERR_IP_ADDRESS_MISMATCH */
};

struct openssl {
    void (*set_verify_callback)(void *context, int (*)(void *store, void *self), void *self);
    int (*verify)(void *store);
    int (*verify_error)(void *store);
    const char *(*verify_error_text)(long code);
    void *(*parameters)(void *context);
    int (*set_name)(void *parameters, const char *name, size_t size);
    int (*set_address)(void *parameters, const char *address);
    void (*set_name_flags)(void *parameters, unsigned flags);
    int (*set_data)(void *context, int index, void *data);
    void *(*data)(const void *context, int index);
    void (*set_info_callback)(void *context, void (*)(const void *session, int where, int value));
    void *(*context)(const void *session);
    long (*control)(void *session, int command, long number, void *data);
};

/* ISO C has no conversion from an object's pointer to a function's; POSIX promises that the bytes
 * will do. */
static bool find(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_openssl(struct openssl *openssl)
{
    return find("SSL_CTX_set_cert_verify_callback", &openssl->set_verify_callback) &&
           find("X509_verify_cert", &openssl->verify) &&
           find("X509_STORE_CTX_get_error", &openssl->verify_error) &&
           find("X509_verify_cert_error_string", &openssl->verify_error_text) &&
           find("SSL_CTX_get0_param", &openssl->parameters) &&
           find("X509_VERIFY_PARAM_set1_host", &openssl->set_name) &&
           find("X509_VERIFY_PARAM_set1_ip_asc", &openssl->set_address) &&
           find("X509_VERIFY_PARAM_set_hostflags", &openssl->set_name_flags) &&
           find("SSL_CTX_set_ex_data", &openssl->set_data) &&
           find("SSL_CTX_get_ex_data", &openssl->data) &&
           find("SSL_CTX_set_info_callback", &openssl->set_info_callback) &&
           find("SSL_get_SSL_CTX", &openssl->context) && find("SSL_ctrl", &openssl->control);
}

static const char *expected_name(const struct rabbit_tls *tls)
{
    return tls->url->server_name[0] != '\0' ? tls->url->server_name : tls->host->name;
}

static bool is_address(const char *name)
{
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

/* Called by OpenSSL in place of X509_verify_cert, to do the same and remember the reason. */
static int verify_certificate(void *store, void *self)
{
    struct rabbit_tls *tls = self;
    struct openssl openssl;
    if (!find_openssl(&openssl)) {
        return 0;
    }
    const int fine = openssl.verify(store);
    tls->verified = openssl.verify_error(store);
    return fine;
}

/* Called by OpenSSL before the first message: librabbitmq has put the host into it, also when that
 * is an address (which RFC 6066 forbids) or another name is wanted. */
static void set_server_name(const void *session, int where, int value)
{
    (void)value;
    struct openssl openssl;
    if ((where & HANDSHAKE_START) == 0 || !find_openssl(&openssl)) {
        return;
    }
    struct rabbit_tls *tls = openssl.data(openssl.context(session), 0);
    if (tls == NULL) { /* released: a later handshake on the same connection */
        return;
    }
    const char *name = expected_name(tls);
    tls->session = (void *)(uintptr_t)session;
    (void)openssl.control(tls->session, SET_SERVER_NAME, 0,
                          is_address(name) ? NULL : (void *)(uintptr_t)name);
}

static bool set_expectations(struct rabbit_tls *tls, struct error *error)
{
    struct openssl openssl;
    if (!find_openssl(&openssl)) {
        error_set(error, ERROR_FATAL, "librabbitmq's TLS is not OpenSSL 1.1 or later");
        return error_advise(error, "Install a librabbitmq built with OpenSSL.");
    }
    const char *name = expected_name(tls);
    void *parameters = openssl.parameters(tls->context);
    openssl.set_name_flags(parameters, NO_PARTIAL_WILDCARDS);
    const int fine = is_address(name) ? openssl.set_address(parameters, name)
                                      : openssl.set_name(parameters, name, 0);
    if (fine != 1 || openssl.set_data(tls->context, 0, tls) != 1) {
        return error_set(error, ERROR_FATAL, "OpenSSL cannot be told to verify \"%s\"", name);
    }
    openssl.set_verify_callback(tls->context, verify_certificate, tls);
    openssl.set_info_callback(tls->context, set_server_name);
    return true;
}

static bool check_readable(const char *what, const char *path, struct error *error)
{
    if (access(path, R_OK) == 0) {
        return true;
    }
    error_set(error, ERROR_CONFIG, "%s \"%s\": %m", what, path);
    return error_advise(error, "Name a file in PEM form that this user may read.");
}

static bool load_authorities(amqp_socket_t *socket, const struct amqp_url *url, struct error *error)
{
    const bool given = url->ca_file[0] != '\0';
    const char *path = given ? url->ca_file : SYSTEM_CA_FILE;
    if (!url->verify && !given) {
        return true;
    }
    if (access(path, R_OK) != 0 && !given) {
        error_set(error, ERROR_CONFIG, "the system's certificate authorities \"%s\": %m", path);
        return error_advise(error, "Install ca-certificates, or name the authority's certificate: "
                                   "cacertfile=FILE in the URL.");
    }
    if (!check_readable("cacertfile", path, error)) {
        return false;
    }
    if (amqp_ssl_socket_set_cacert(socket, path) != AMQP_STATUS_OK) {
        error_set(error, ERROR_CONFIG, "cacertfile \"%s\": no certificates in PEM form", path);
        return error_advise(error, "See what is in it: openssl x509 -in FILE -noout -subject.");
    }
    return true;
}

static bool load_own_certificate(amqp_socket_t *socket, const struct amqp_url *url,
                                 struct error *error)
{
    if (url->certificate_file[0] == '\0') {
        return true;
    }
    if (!check_readable("certfile", url->certificate_file, error) ||
        !check_readable("keyfile", url->key_file, error)) {
        return false;
    }
    if (amqp_ssl_socket_set_key(socket, url->certificate_file, url->key_file) != AMQP_STATUS_OK) {
        error_set(error, ERROR_CONFIG,
                  "certfile \"%s\", keyfile \"%s\": not a certificate and its private key",
                  url->certificate_file, url->key_file);
        return error_advise(error, "Both must be PEM, the key without a passphrase.");
    }
    return true;
}

bool rabbit_tls_prepare(struct rabbit_tls *tls, amqp_connection_state_t connection,
                        const struct amqp_url *url, const struct amqp_host *host,
                        amqp_socket_t **socket, struct error *error)
{
    amqp_socket_t *made = amqp_ssl_socket_new(connection);
    if (made == NULL) {
        return error_set(error, ERROR_FATAL, "librabbitmq cannot make a TLS socket");
    }
    *tls =
        (struct rabbit_tls){.url = url, .host = host, .context = amqp_ssl_socket_get_context(made)};
    /* The name is OpenSSL's to compare, as part of the verification. */
    amqp_ssl_socket_set_verify_hostname(made, 0);
    amqp_ssl_socket_set_verify_peer(made, url->verify);
    if (amqp_ssl_socket_set_ssl_versions(made, AMQP_TLSv1_2, AMQP_TLSvLATEST) != AMQP_STATUS_OK) {
        return error_set(error, ERROR_FATAL, "librabbitmq has no TLS 1.2");
    }
    if (!load_authorities(made, url, error) || !load_own_certificate(made, url, error) ||
        !set_expectations(tls, error)) {
        return false;
    }
    *socket = made;
    return true;
}

void rabbit_tls_release(struct rabbit_tls *tls)
{
    struct openssl openssl;
    if (tls->context == NULL || !find_openssl(&openssl)) {
        return;
    }
    openssl.set_verify_callback(tls->context, NULL, NULL);
    openssl.set_info_callback(tls->context, NULL);
    (void)openssl.set_data(tls->context, 0, NULL); /* fails only without memory for a new slot */
}

static bool explain_certificate(const struct rabbit_tls *tls, struct error *error)
{
    struct openssl openssl;
    const char *name = expected_name(tls);
    switch (tls->verified) {
    case EXPIRED:
        error_set(error, ERROR_CONFIG, "the server's certificate, or its issuer's, has expired");
        return error_advise(error, "Renew it, and check this machine's clock.");
    case NOT_YET_VALID:
        error_set(error, ERROR_CONFIG, "the server's certificate is not valid yet");
        return error_advise(error, "Check this machine's clock, and the certificate's dates.");
    case HOST_MISMATCH:
    case ADDRESS_MISMATCH:
        error_set(error, ERROR_CONFIG, "the server's certificate is not for \"%s\"", name);
        return error_advise(error, "Use the name that is in the certificate, in the URL or as its "
                                   "server_name_indication.");
    case SELF_SIGNED:
    case SELF_SIGNED_CHAIN:
    case ISSUER_UNKNOWN_LOCALLY:
    case LEAF_NOT_VERIFIED:
        error_set(error, ERROR_CONFIG, "the server's certificate is from an unknown authority");
        return error_advise(error, "Name the certificate of the authority that signed it: "
                                   "cacertfile=FILE in the URL.");
    default:
        error_set(error, ERROR_CONFIG, "the server's certificate was refused: %s",
                  find_openssl(&openssl) ? openssl.verify_error_text(tls->verified) : "");
        return error_advise(error, "See it: openssl s_client -connect %s:%u -showcerts.",
                            tls->host->name, tls->host->port);
    }
}

bool rabbit_tls_explain(const struct rabbit_tls *tls, int status, struct error *error)
{
    if (status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED) {
        (void)explain_certificate(tls, error); /* false, as all that set an error */
        return true;
    }
    if (status == AMQP_STATUS_SSL_CONNECTION_FAILED) {
        error_set(error, ERROR_CONFIG, "the TLS handshake failed");
        (void)error_advise(error,
                           "Check that this is the broker's TLS port, with TLS 1.2 or later, and "
                           "whether it wants a client's certificate: openssl s_client -connect "
                           "%s:%u.",
                           tls->host->name, tls->host->port);
        return true;
    }
    return false;
}

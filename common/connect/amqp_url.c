/* SPDX-License-Identifier: Apache-2.0
 *
 * Parses and writes AMQP URLs. */
#include "common/connect/amqp_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "common/connect/amqp_url_part.h"
#include "common/connect/amqp_url_query.h"

/* A URL cut into its parts, none of them decoded. */
struct cut {
    bool has_user;
    bool has_path;
    struct part user; /* with the password */
    struct part hosts;
    struct part vhost;
    struct part query;
};

static const struct amqp_url defaults = {
    .hosts = {{"localhost", 0}},
    .host_count = 1,
    .user = "guest",
    .password = "guest",
    .vhost = "/",
    .heartbeat_seconds = AMQP_HEARTBEAT_DEFAULT,
    .connect_timeout_ms = AMQP_TIMEOUT_MS_DEFAULT,
    .channel_max = AMQP_CHANNELS_DEFAULT,
    .frame_max = AMQP_FRAME_DEFAULT,
    .verify = true,
};

static bool parse_scheme(const char *text, struct amqp_url *url, const char **rest,
                         struct error *error)
{
    static const char plain[] = "amqp://";
    static const char secure[] = "amqps://";
    if (strncasecmp(text, plain, sizeof plain - 1) == 0) {
        *rest = text + sizeof plain - 1;
        return true;
    }
    if (strncasecmp(text, secure, sizeof secure - 1) == 0) {
        *rest = text + sizeof secure - 1;
        url->tls = true;
        return true;
    }
    error_set(error, ERROR_CONFIG, "it begins neither with amqp:// nor with amqps://");
    return error_advise(error,
                        "Write amqp://user@host:%u/vhost; the password may be in a file, which "
                        "TILL_AMQP_PASSWORD_FILE names.",
                        AMQP_PORT_DEFAULT);
}

static bool refuse_byte(struct part part, const char *at, const char *why, const char *remedy,
                        struct error *error)
{
    error_set(error, ERROR_CONFIG, "byte %zu: %s", part_position(part, at), why);
    return error_advise(error, "%s", remedy);
}

/* The only @ that may stand unescaped ends the user's part. Where another one stands, a password
 * has bytes that had to be escaped, and the rest would be taken for hosts or a vhost. */
static bool cut_user(struct part authority, struct part whole, struct cut *cut, struct error *error)
{
    const char *at = part_find(whole, '@');
    const struct part behind = {whole.text, at < whole.end ? at + 1 : at, whole.end};
    const char *second = part_find(behind, '@');

    if (second < whole.end) {
        return refuse_byte(whole, second, "a second @",
                           "Write an @ in user, password, vhost or options as %40.", error);
    }
    if (at >= authority.end && at < whole.end) {
        return refuse_byte(whole, at, "an @ behind a /, ? or #",
                           "Write /, ? and # in user and password as %2F, %3F and %23, and an @ in "
                           "vhost or options as %40.",
                           error);
    }
    cut->has_user = at < authority.end;
    cut->user = (struct part){whole.text, authority.begin, cut->has_user ? at : authority.begin};
    cut->hosts = (struct part){whole.text, cut->has_user ? at + 1 : authority.begin, authority.end};
    return true;
}

static bool cut_url(struct part whole, struct cut *cut, struct error *error)
{
    const char *fragment = part_find(whole, '#');
    const char *question = part_find(whole, '?');
    const char *slash = part_find((struct part){whole.text, whole.begin, question}, '/');
    const char *authority_end = slash < fragment ? slash : fragment;

    if (!cut_user((struct part){whole.text, whole.begin, authority_end}, whole, cut, error)) {
        return false;
    }
    if (fragment < whole.end) {
        return refuse_byte(whole, fragment, "a # (an AMQP URL has no fragment)",
                           "Write a # in user, password, vhost or options as %23.", error);
    }
    cut->has_path = slash < question;
    cut->vhost = (struct part){whole.text, cut->has_path ? slash + 1 : slash, question};
    cut->query =
        (struct part){whole.text, question < whole.end ? question + 1 : question, whole.end};

    const char *second = part_find(cut->vhost, '/');
    if (second < cut->vhost.end) {
        return refuse_byte(whole, second, "a second /", "Write a / in the vhost as %2F.", error);
    }
    return true;
}

static bool parse_user(const struct cut *cut, struct amqp_url *url, struct error *error)
{
    if (!cut->has_user) {
        return true;
    }
    const char *colon = part_find(cut->user, ':');
    const struct part user = {cut->user.text, cut->user.begin, colon};
    if (!part_decode(user, PART_USER, "user", url->user, sizeof url->user, error)) {
        return false;
    }
    url->password_given = colon < cut->user.end;
    if (!url->password_given) {
        return true;
    }
    const struct part password = {cut->user.text, colon + 1, cut->user.end};
    const char *second = part_find(password, ':');
    if (second < password.end) {
        return refuse_byte(password, second, "a second : before the @",
                           "Write a : in user or password as %3A.", error);
    }
    return part_decode(password, PART_USER, "password", url->password, sizeof url->password, error);
}

/* [IPv6]; writes where the port's colon may stand. */
static bool parse_literal(struct part part, struct amqp_host *host, struct part *rest,
                          struct error *error)
{
    const char *bracket = part_find(part, ']');
    const struct part address = {part.text, part.begin + 1, bracket};
    unsigned char binary[sizeof(struct in6_addr)];
    char name[INET6_ADDRSTRLEN] = {0};

    if (bracket == part.end) {
        return refuse_byte(part, part.begin, "a [ without its ]", "Write an IPv6 address as [::1].",
                           error);
    }
    if (part_size(address) < sizeof name) {
        memcpy(name, address.begin, part_size(address));
    }
    if (inet_pton(AF_INET6, name, binary) != 1) {
        return refuse_byte(part, address.begin, "no IPv6 address between the brackets",
                           "Write an IPv6 address as [::1], without a zone.", error);
    }
    memcpy(host->name, name, sizeof name);
    *rest = (struct part){part.text, bracket + 1, part.end};
    return true;
}

static bool parse_name(struct part part, struct amqp_host *host, struct part *rest,
                       struct error *error)
{
    const char *colon = part_find(part, ':');
    const struct part name = {part.text, part.begin, colon};
    *rest = (struct part){part.text, colon, part.end};
    if (part_size(name) == 0) {
        memcpy(host->name, defaults.hosts[0].name, sizeof host->name);
        return true;
    }
    if (!part_decode(name, PART_HOST, "host", host->name, sizeof host->name, error)) {
        return false;
    }
    if (!part_is_host(host->name)) {
        return refuse_byte(part, part.begin, "not the name of a host",
                           "Use letters, digits, -, . and _, or an IPv6 address in brackets.",
                           error);
    }
    return true;
}

static bool parse_host(struct part part, const struct amqp_url *url, struct amqp_host *host,
                       struct error *error)
{
    struct part rest = part;
    unsigned port = url->tls ? AMQP_PORT_TLS_DEFAULT : AMQP_PORT_DEFAULT;
    const bool literal = part_size(part) > 0 && *part.begin == '[';

    if (literal ? !parse_literal(part, host, &rest, error)
                : !parse_name(part, host, &rest, error)) {
        return false;
    }
    if (part_size(rest) > 0 && *rest.begin != ':') {
        return refuse_byte(part, rest.begin, "neither a : nor a , behind the ]",
                           "Write [address]:port.", error);
    }
    if (part_size(rest) > 0) {
        rest.begin++;
    }
    if (part_size(rest) > 0 && !part_number(rest, 1, UINT16_MAX, &port)) {
        return refuse_byte(rest, rest.begin, "a port is a number from 1 to 65535",
                           "Write user:password@host:port, and a : in user or password as %3A; an "
                           "IPv6 address stands in brackets.",
                           error);
    }
    host->port = (uint16_t)port;
    return true;
}

static bool parse_hosts(struct part hosts, struct amqp_url *url, struct error *error)
{
    struct part rest = hosts;
    for (url->host_count = 0;; url->host_count++) {
        const char *comma = part_find(rest, ',');
        const struct part part = {rest.text, rest.begin, comma};
        if (url->host_count == AMQP_HOSTS_MAX) {
            return error_set(error, ERROR_CONFIG, "more than %u hosts", AMQP_HOSTS_MAX);
        }
        if (part_size(part) == 0 && part_size(hosts) > 0) {
            return refuse_byte(rest, rest.begin, "an empty host in the list",
                               "Write host:port,host:port.", error);
        }
        if (!parse_host(part, url, &url->hosts[url->host_count], error)) {
            return false;
        }
        if (comma == rest.end) {
            url->host_count++;
            url->connect_timeout_ms =
                url->host_count > 1 ? AMQP_TIMEOUT_MS_SEVERAL : url->connect_timeout_ms;
            return true;
        }
        rest.begin = comma + 1;
    }
}

static bool parse_vhost(const struct cut *cut, struct amqp_url *url, struct error *error)
{
    if (!cut->has_path || part_size(cut->vhost) == 0) {
        return true;
    }
    return part_decode(cut->vhost, PART_VHOST, "vhost", url->vhost, sizeof url->vhost, error);
}

bool amqp_url_parse(const char *text, struct amqp_url *url, struct error *error)
{
    const size_t size = strnlen(text, AMQP_URL_SIZE_MAX + 1);
    struct amqp_url parsed = defaults;
    struct cut cut = {0};
    const char *rest = NULL;

    if (size > AMQP_URL_SIZE_MAX) {
        return error_set(error, ERROR_CONFIG, "longer than %u bytes", AMQP_URL_SIZE_MAX);
    }
    if (!parse_scheme(text, &parsed, &rest, error) ||
        !cut_url((struct part){text, rest, text + size}, &cut, error) ||
        !parse_user(&cut, &parsed, error) || !parse_hosts(cut.hosts, &parsed, error) ||
        !parse_vhost(&cut, &parsed, error) || !amqp_url_query(cut.query, &parsed, error)) {
        return false;
    }
    ENSURE(parsed.host_count >= 1);
    *url = parsed;
    return true;
}

static void put_escaped(struct text *text, const char *string)
{
    for (const char *c = string; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || strchr("-._~", byte) != NULL;
        text_format(text, plain ? "%c" : "%%%02X", byte);
    }
}

void amqp_url_write(const struct amqp_url *url, struct text *text)
{
    text_put(text, url->tls ? "amqps://" : "amqp://");
    put_escaped(text, url->user);
    for (uint32_t i = 0; i < url->host_count; i++) {
        const struct amqp_host *host = &url->hosts[i];
        const bool literal = strchr(host->name, ':') != NULL;
        text_format(text, literal ? "%c[%s]:%u" : "%c%s:%u", i == 0 ? '@' : ',', host->name,
                    host->port);
    }
    text_put(text, "/");
    put_escaped(text, url->vhost);
}

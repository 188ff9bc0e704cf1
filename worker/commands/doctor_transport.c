/* SPDX-License-Identifier: Apache-2.0
 *
 * Judges how a server is connected to. */
#include "worker/commands/doctor_transport.h"

void doctor_transport(struct findings *findings, const char *check,
                      const struct transport *transport)
{
    struct error error = {0};
    if (transport->tls != NULL && transport->verified) {
        findings_ok(findings, check, "%s, certificate and name verified", transport->tls);
        return;
    }
    if (transport->local) {
        findings_ok(findings, check, "%s, but the connection does not leave this machine",
                    transport->tls == NULL ? "not used" : "server not verified");
        return;
    }
    if (transport->tls == NULL) {
        error_set(&error, ERROR_CONFIG,
                  "not used: passwords and jobs cross the network in the clear");
    } else {
        error_set(&error, ERROR_CONFIG,
                  "the server's certificate is not verified: anybody could answer in its place");
    }
    error_advise(&error, "%s", transport->remedy);
    findings_fault(findings, check, &error);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What till doctor asks the broker: a login, the permissions of a worker, and where jobs go. */
#include "worker/commands/doctor_parts.h"

#include <string.h>

#include "common/connect/amqp_url.h"
#include "common/connect/peer.h"
#include "common/connect/rabbit.h"
#include "common/contract/slot.h"
#include "worker/commands/doctor_transport.h"
#include "worker/rabbit/alarm.h"
#include "worker/rabbit/permission.h"
#include "worker/rabbit/probe.h"

struct checkup {
    struct findings *findings;
    struct rabbit rabbit;
    const struct topology *topology;
};

static void check_names(struct findings *findings, const struct amqp_url *url)
{
    for (uint32_t i = 0; i < url->host_count; i++) {
        doctor_name(findings, "broker name", url->hosts[i].name);
    }
}

static void check_tls(struct checkup *checkup, const struct amqp_url *url)
{
    const struct transport transport = {
        .local = peer_is_local(amqp_get_sockfd(checkup->rabbit.connection)),
        .tls = url->tls ? "TLS" : NULL,
        .verified = url->verify,
        .remedy = "Take amqps:// as the URL's scheme, without verify=verify_none.",
    };
    doctor_transport(checkup->findings, "broker TLS", &transport);
}

/* On a connection of its own: under an alarm it is the last thing that can be asked on it. */
static bool ask_alarm(const struct amqp_url *url, bool *alarm, struct error *error)
{
    struct rabbit rabbit;
    if (!rabbit_open(&rabbit, url, "till doctor", error)) {
        return false;
    }
    const bool answered = alarm_check(&rabbit, alarm, error);
    rabbit_close(&rabbit);
    return answered;
}

/* False: nothing can be published. */
static bool check_alarm(struct checkup *checkup, const struct amqp_url *url)
{
    struct error error = {0};
    bool alarm = false;
    if (!ask_alarm(url, &alarm, &error)) {
        findings_fault(checkup->findings, "broker alarm", &error);
        return false;
    }
    if (alarm) {
        error_set(&error, ERROR_REFUSED, "the broker takes no messages: a memory or disk alarm");
        error_advise(&error, "Free disk or memory on the broker; rabbitmq-diagnostics alarms says "
                             "which it is.");
        findings_fault(checkup->findings, "broker alarm", &error);
        return false;
    }
    findings_ok(checkup->findings, "broker alarm", "none");
    return true;
}

static bool check_permissions(struct checkup *checkup)
{
    struct error error = {0};
    if (!permission_check(&checkup->rabbit, checkup->topology->namespace, &error)) {
        findings_fault(checkup->findings, "broker permissions", &error);
        return false;
    }
    findings_ok(checkup->findings, "broker permissions", "user \"%s\" may do what a worker does",
                checkup->rabbit.user);
    return true;
}

static bool check_topology(struct checkup *checkup)
{
    struct error error = {0};
    struct topology_state state;
    const struct topology *topology = checkup->topology;
    if (!topology_inspect(&checkup->rabbit, topology, &state, &error)) {
        findings_fault(checkup->findings, "topology", &error);
        return false;
    }
    if (state.missing > 0) {
        error_set(&error, ERROR_CONFIG, "%u of %u exchanges and queues are missing, \"%s\" first",
                  state.missing, state.parts, state.first_missing.text);
        error_advise(&error, "Declare what is missing: till setup");
        findings_fault(checkup->findings, "topology", &error);
        return false;
    }
    findings_ok(checkup->findings, "topology",
                "%u exchanges and queues, generation %u with %u lanes", state.parts,
                topology->generation, topology->lanes);
    return true;
}

/* The first slot whose probe did not arrive once and nowhere else; SLOTS when there is none. */
static uint32_t first_wrong_slot(const struct probe *probe)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (probe->watched[slot] && (probe->arrivals[slot] != 1 || probe->strays[slot] != 0)) {
            return slot;
        }
    }
    return SLOTS;
}

static void check_slots(struct checkup *checkup, const struct probe *probe)
{
    struct error error = {0};
    const uint32_t slot = first_wrong_slot(probe);
    if (probe->slots_watched == 0) {
        findings_ok(checkup->findings, "slots", "not looked at: every lane is in use");
        return;
    }
    if (slot == SLOTS) {
        findings_ok(checkup->findings, "slots", "%u of %u looked at, each bound to its lane once",
                    probe->slots_watched, SLOTS);
        return;
    }
    const char *namespace = checkup->topology->namespace;
    const uint32_t generation = checkup->topology->generation;
    const struct address lane =
        address_lane(namespace, generation, slot_lane(slot, checkup->topology->lanes));
    if (probe->arrivals[slot] == 0) {
        error_set(&error, ERROR_CONFIG, "slot %u is not bound to its lane \"%s\"", slot, lane.text);
        error_advise(&error, "Bind what is missing: till setup");
    } else {
        error_set(&error, ERROR_CONFIG, "slot %u is bound to more than its lane \"%s\"", slot,
                  lane.text);
        error_advise(
            &error,
            "Its jobs are decided once, but out of order. Unbind key %u of exchange \"%s\" "
            "from every other queue.",
            slot, address_lanes(namespace, generation).text);
    }
    findings_fault(checkup->findings, "slots", &error);
}

static void check_entries(struct checkup *checkup, const struct probe *probe)
{
    struct error error = {0};
    if (checkup->topology->entries_elsewhere) {
        findings_ok(checkup->findings, "entries",
                    "not looked at: the number of lanes is being changed");
        return;
    }
    if (probe->jobs_lead_to_lanes && probe->stock_leads_to_lanes) {
        findings_ok(checkup->findings, "entries", "jobs and stock jobs reach the lanes");
        return;
    }
    error_set(&error, ERROR_CONFIG, "exchange \"%s\" does not lead to the lanes",
              address_of(checkup->topology->namespace, probe->jobs_lead_to_lanes ? "stock" : "jobs")
                  .text);
    error_advise(&error, "Bind what is missing: till setup");
    findings_fault(checkup->findings, "entries", &error);
}

static void unbound_aside(struct checkup *checkup, const char *check, const char *exchange,
                          const char *queue, const char *lost)
{
    struct error error = {0};
    const char *namespace = checkup->topology->namespace;
    error_set(&error, ERROR_CONFIG, "exchange \"%s\" does not lead to queue \"%s\": %s",
              address_of(namespace, exchange).text, address_of(namespace, queue).text, lost);
    error_advise(&error, "Bind what is missing: till setup");
    findings_fault(checkup->findings, check, &error);
}

static void check_sorter(struct checkup *checkup, const struct probe *probe)
{
    if (!probe->sort_watched) {
        findings_ok(checkup->findings, "sorter", "in use: left alone");
    } else if (probe->sort_reached) {
        findings_ok(checkup->findings, "sorter", "jobs without a slot reach it");
    } else {
        unbound_aside(checkup, "sorter", "unrouted", "sort", "jobs without a slot are lost");
    }
}

static void check_dead(struct checkup *checkup, const struct probe *probe)
{
    if (!probe->dead_watched) {
        findings_ok(checkup->findings, "dead letters", "there are some: left alone");
    } else if (probe->dead_reached) {
        findings_ok(checkup->findings, "dead letters", "none, and they would be kept");
    } else {
        unbound_aside(checkup, "dead letters", "dead", "dead", "they are lost");
    }
}

static void check_waiting(struct checkup *checkup, const struct probe *probe)
{
    struct error error = {0};
    if (probe->lanes_waiting == 0) {
        findings_ok(checkup->findings, "waiting jobs", "none without a worker");
        return;
    }
    error_set(&error, ERROR_REFUSED,
              "%u jobs wait in %u lanes that no worker serves, lane %u first", probe->jobs_waiting,
              probe->lanes_waiting, probe->first_lane_waiting);
    error_advise(&error, "Start a worker: till worker");
    findings_fault(checkup->findings, "waiting jobs", &error);
}

static void check_routes(struct checkup *checkup)
{
    struct error error = {0};
    struct probe probe;
    if (!probe_run(&checkup->rabbit, checkup->topology, &probe, &error)) {
        findings_fault(checkup->findings, "slots", &error);
        return;
    }
    check_slots(checkup, &probe);
    check_entries(checkup, &probe);
    check_sorter(checkup, &probe);
    check_dead(checkup, &probe);
    check_waiting(checkup, &probe);
}

static void check_connected(struct checkup *checkup, const struct amqp_url *url)
{
    const struct rabbit *rabbit = &checkup->rabbit;
    findings_ok(checkup->findings, "broker login", "\"%s\" at %s, vhost \"%s\"", rabbit->user,
                rabbit->address, rabbit->vhost);
    findings_ok(checkup->findings, "broker version", "%s %s", rabbit->product,
                rabbit->version_text);
    check_tls(checkup, url);
    const bool takes_messages = check_alarm(checkup, url);
    const bool set_up = checkup->topology->generation != 0;
    if (!takes_messages) {
        /* The others publish too. */
        (void)(set_up && check_topology(checkup)); /* what it finds stands in the findings */
    } else if (check_permissions(checkup) && set_up && check_topology(checkup)) {
        check_routes(checkup);
    }
}

void doctor_broker(const struct config *config, struct findings *findings,
                   const struct topology *topology)
{
    struct error error = {0};
    struct amqp_url url;
    struct checkup checkup = {.findings = findings, .topology = topology};
    if (!amqp_url_load(config, &url, &error)) {
        findings_fault(findings, "broker URL", &error);
        return;
    }
    check_names(findings, &url);
    if (!rabbit_open(&checkup.rabbit, &url, "till doctor", &error)) {
        findings_fault(findings, "broker login", &error);
        return;
    }
    check_connected(&checkup, &url);
    rabbit_close(&checkup.rabbit);
}

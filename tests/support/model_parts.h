/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the model share. */
#pragma once

#include "tests/support/model.h"

int64_t model_available(const struct model *model, const struct model_stock *stock);
struct model_record *model_record_of(struct model *model, struct span id);
struct model_record *model_hold_of(struct model *model, struct span id);
void model_put_item(struct model_record *record, struct span sku, int64_t qty);
void model_put_fault(struct model_record *record, struct fault fault);
struct fault model_fault_of(struct span sku, enum reason reason, int64_t wanted);
void model_reject(struct model_record *record, enum reason reason);
bool model_reject_if_faults(struct model_record *record, enum reason reason);
bool model_late(const struct model *model, struct model_record *record);

/* After a decision has changed things: each item that moved has its number and what is left. */
void model_number(struct model *model, struct model_record *record, struct decision_item *items,
                  uint32_t count, const int64_t *unsold_before, const int64_t *held_before);

/* The figures of a decision's items before it changes things. */
void model_figures(struct model *model, const struct model_record *record,
                   const struct decision_item *items, uint32_t count, int64_t *unsold,
                   int64_t *held);
void model_check_limits(struct model *model, struct model_record *record);
void model_check_available(struct model *model, struct model_record *record);

/* The record's lines are its items, counted if a limit is set. */
void model_take_lines(struct model *model, struct model_record *record);
bool model_of_other(const struct job *job, const struct decision *decision);

/* Every event on a hold or sale carries its customer, store, pool, routing key and ref. */
void model_inherit(struct model_record *record, const struct decision *from);

/* One rule a kind, or a family of kinds. */
void model_checkout(struct model *model, struct model_record *record);
void model_reserve(struct model *model, struct model_record *record);
void model_on_hold(struct model *model, struct model_record *record);
void model_cancel(struct model *model, struct model_record *record);
void model_count(struct model *model, struct model_record *record);
void model_define(struct model *model, struct model_record *record);

/* The record of a step, made by hand call by call as the graph makes it: for tests of planning. */
#ifndef TENKA_TESTS_RECORD_H
#define TENKA_TESTS_RECORD_H

#include "support.h"

#include "plan/plan.h"

struct log {
    struct tenka_entry *entries;
    struct tenka_log_value *values;
    struct tenka_assignment *assignments;
    size_t n_entries, n_values, n_assignments, n_scalars;
    size_t capacity; /* of each */
};

static inline struct log new_log(size_t capacity)
{
    return (struct log){
        .entries = calloc(capacity, sizeof(struct tenka_entry)),
        .values = calloc(capacity, sizeof(struct tenka_log_value)),
        .assignments = calloc(capacity, sizeof(struct tenka_assignment)),
        .capacity = capacity,
    };
}

static inline void free_log(struct log *log)
{
    free(log->entries);
    free(log->values);
    free(log->assignments);
}

static inline struct tenka_variable_head variable(uint64_t id, struct tenka_shape shape)
{
    return (struct tenka_variable_head){.id = id, .desc = {TENKA_F32, shape}};
}

static inline struct tenka_entry *new_entry(struct log *log, enum tenka_entry_kind kind)
{
    assert_true(log->n_entries < log->capacity);
    struct tenka_entry *entry = &log->entries[log->n_entries++];
    entry->kind = (uint8_t)kind;
    entry->first_value = (uint32_t)log->n_values;
    entry->first_scalar = (uint32_t)log->n_scalars;
    return entry;
}

static inline uint32_t new_value(struct log *log, struct tenka_entry *entry, const struct tenka_desc *desc)
{
    assert_true(log->n_values < log->capacity);
    log->values[log->n_values] =
        (struct tenka_log_value){.entry = (uint32_t)(entry - log->entries), .out = entry->n_values++, .desc = *desc};
    return (uint32_t)log->n_values++;
}

static inline uint32_t leaf(struct log *log, struct tenka_variable_head *var, bool requires_grad)
{
    struct tenka_entry *entry = new_entry(log, TENKA_ENTRY_VARIABLE);
    memcpy(entry->params, &var->id, sizeof(var->id));
    entry->requires_grad = requires_grad;
    const uint32_t value = new_value(log, entry, &var->desc);
    log->values[value].requires_grad = requires_grad;
    log->values[value].var = var;
    return value;
}

static inline uint32_t input(struct log *log, enum tenka_dtype dtype, struct tenka_shape shape)
{
    struct tenka_entry *entry = new_entry(log, TENKA_ENTRY_INPUT);
    entry->out[0] = (struct tenka_desc){dtype, shape};
    return new_value(log, entry, &entry->out[0]);
}

static inline void assign(struct log *log, struct tenka_variable_head *var, uint32_t value)
{
    struct tenka_entry *entry = new_entry(log, TENKA_ENTRY_ASSIGN);
    memcpy(entry->params, &var->id, sizeof(var->id));
    entry->n_in = 1;
    entry->in[0] = value;
    log->values[value].uses++;
    log->assignments[log->n_assignments++] = (struct tenka_assignment){(uint32_t)(entry - log->entries), var};
}

/* Takes a call whose shapes were found into the record; returns its first output. */
static inline uint32_t add_call(struct log *log, const struct tenka_call *call, const uint32_t *in)
{
    struct tenka_entry *entry = new_entry(log, TENKA_ENTRY_OP);
    entry->op = (uint8_t)call->op;
    entry->n_in = (uint8_t)call->n_in;
    entry->n_out = (uint8_t)call->n_out;
    memcpy(entry->params, call->params, sizeof(entry->params));
    for (uint32_t k = 0; k < call->n_in; k++) {
        entry->in[k] = in[k];
        log->values[in[k]].uses++;
        entry->requires_grad |= log->values[in[k]].requires_grad && tenka_op_differentiable(call->op, k);
    }
    for (uint32_t k = 0; k < call->n_out; k++) {
        entry->out[k] = call->out[k];
        log->values[new_value(log, entry, &call->out[k])].requires_grad = entry->requires_grad &&
                                                                          tenka_op_output_differentiable(call->op, k);
    }
    log->n_scalars += tenka_ops[call->op].n_scalars;
    return entry->first_value;
}

static inline uint32_t call_with(struct log *log, enum tenka_op op, const uint32_t *in, uint32_t n_in,
                                 const void *params, size_t bytes, const struct tenka_shape *shape)
{
    struct tenka_call call = {.op = op, .n_in = n_in};
    struct tenka_error err;
    for (uint32_t k = 0; k < n_in; k++)
        call.in[k] = log->values[in[k]].desc;
    if (params != NULL)
        memcpy(call.params, params, bytes);
    if (shape != NULL)
        call.out[0].shape = *shape;
    assert_int_equal(tenka_op_infer(&call, &err), TENKA_OK);
    return add_call(log, &call, in);
}

static inline uint32_t unary(struct log *log, enum tenka_op op, uint32_t x)
{
    return call_with(log, op, &x, 1, NULL, 0, NULL);
}

static inline uint32_t binary(struct log *log, enum tenka_op op, uint32_t a, uint32_t b)
{
    return call_with(log, op, (const uint32_t[]){a, b}, 2, NULL, 0, NULL);
}

static inline uint32_t total(struct log *log, uint32_t x)
{
    const struct tenka_p_sum all = {.axes = -1};
    return call_with(log, TENKA_OP_sum, &x, 1, &all, sizeof(all), NULL);
}

static inline uint32_t log_softmax(struct log *log, uint32_t x)
{
    const struct tenka_p_axis rows = {.dim = 1};
    return call_with(log, TENKA_OP_log_softmax, &x, 1, &rows, sizeof(rows), NULL);
}

/* The first of the gradients, which follow each other in the order of the variables' leaves. */
static inline uint32_t backward(struct log *log, uint32_t loss)
{
    uint8_t *mark = calloc(log->capacity, 1);
    tenka_mark_gradient_path(log->entries, log->values, loss, mark);
    struct tenka_entry *entry = new_entry(log, TENKA_ENTRY_BACKWARD);
    entry->n_in = 1;
    entry->in[0] = loss;
    for (uint32_t v = 0; v <= loss; v++)
        if (mark[v] && log->values[v].var != NULL)
            log->values[new_value(log, entry, &log->values[v].desc)].var = log->values[v].var;
    free(mark);
    return entry->first_value;
}

static inline struct tenka_record record_of(const struct log *log)
{
    return (struct tenka_record){
        .entries = log->entries,
        .n_entries = log->n_entries,
        .values = log->values,
        .n_values = log->n_values,
        .assignments = log->assignments,
        .n_assignments = log->n_assignments,
        .n_scalars = log->n_scalars,
    };
}

#endif

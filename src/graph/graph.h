/* What the rooms above the graph (nn, optim, data, io, check) use beyond the public headers. */
#ifndef TENKA_GRAPH_H
#define TENKA_GRAPH_H

#include "backend/backend.h"

/* Traces a call of any operator: how tests and the optimizers reach those without a public function.
 *   in       n_in tensors; absent optional ones come last and are not counted
 *   params   the caller's part of struct tenka_p_...; NULL: zeros
 *   shape    wanted output shape for operators that take one (reshape, expand, fill); else NULL
 *   scalars  one for each letter of ops.def; u as an exact integer
 *   out      receives the operator's outputs, up to TENKA_MAX_OUT; may be NULL
 * Returns output 0, inert on a mistake. */
tenka_tensor tenka_trace(tenka_ctx *ctx, enum tenka_op op, const tenka_tensor *in, size_t n_in, const void *params,
                         size_t params_bytes, const struct tenka_shape *shape, const double *scalars,
                         tenka_tensor *out);
/* The program is given t beside an operator's first output, so that it can read t after the step where nobody consumes
 * it. Outputs that are given to nobody take no memory beyond their use. */
void tenka_trace_give(tenka_tensor t);

/* dropout.c: dropout of all elements that have the first `axes` indices in common, none for those of the whole tensor;
 * and torch.nn.functional.alpha_dropout. p in [0, 1]. */
tenka_tensor tenka_dropout_parts(tenka_tensor x, double p, uint32_t axes);
tenka_tensor tenka_alpha_dropout(tenka_tensor x, double p);
/* The variable whose value t is; NULL: it is none's. */
tenka_variable *tenka_tensor_variable(tenka_tensor t);
/* Whether what is made of t now can pass a gradient on to it. */
bool tenka_trace_has_gradient(tenka_tensor t);

struct tenka_rng *tenka_ctx_rng(tenka_ctx *ctx);
bool tenka_ctx_torch_masks(const tenka_ctx *ctx);    /* tenka_dropout draws PyTorch's CPU masks, not Philox's */
struct tenka_error *tenka_ctx_error(tenka_ctx *ctx); /* for tenka_fail; ctx NULL: that of tenka_last_error(NULL) */
const struct tenka_log *tenka_ctx_log(const tenka_ctx *ctx);
tenka_device *tenka_ctx_device(tenka_ctx *ctx);
/* An inert tensor; the step remembers err's sentence as its first mistake unless it has one. */
tenka_tensor tenka_trace_fail(tenka_ctx *ctx, tenka_status status, const char *format, ...) TENKA_PRINTF(3, 4);
/* Puts where ("layer base_net.0 (Conv2d)") before the sentence of the step's first mistake; once a mistake. */
void tenka_trace_blame(tenka_ctx *ctx, const char *where);
/* A copy of a layer's name that lives as long as the context, the same for equal names; NULL: no memory. */
const char *tenka_trace_name(tenka_ctx *ctx, const char *name);
/* Calls are this layer's from now on, which profilers show: such a name, a static one, or NULL. Returns the one before.
 */
const char *tenka_trace_layer(tenka_ctx *ctx, const char *name);
/* An input without data, for checking shapes: the step must then be discarded (E_INVALID at its end otherwise). */
tenka_tensor tenka_trace_placeholder(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape);
/* An input that the caller fills: its elements, as the device has them, go to *room until the next call of any operator.
 * NULL when the step only checks shapes: there is nothing to fill. On the CPU no limit but memory applies. */
tenka_tensor tenka_trace_input_room(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, void **room);
/* While quiet, operators leave the tensors of the step before readable: the loader's are no operators to its user. */
void tenka_trace_quiet(tenka_ctx *ctx, bool quiet);
/* Whether a step is being traced. */
bool tenka_step_is_open(const tenka_ctx *ctx);
/* How many calls have been traced of the open step; 0: none is open. */
size_t tenka_step_calls(const tenka_ctx *ctx);
/* The multiply-adds of its calls from number `from` on: of convolutions and products of matrices. */
uint64_t tenka_step_multiply_adds(const tenka_ctx *ctx, size_t from);

/* Puts a meter where another one was: the sum and how many values it holds. Errors: as tenka_variable_write. */
tenka_status tenka_meter_restore(tenka_meter *meter, double sum, uint64_t count);

/* Whether variables are made without memory (tenka_sizing_begin). */
bool tenka_is_sizing(const tenka_ctx *ctx);
/* A variable that is never assigned or written, over memory of the host, whole 32-bit words as the device has them,
 * which outlives it; on a device that borrows. Errors: as tenka_variable_create. */
tenka_status tenka_variable_borrow(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, const void *memory,
                                   tenka_variable **out);
/* Bytes of device memory that var has, or would have. */
uint64_t tenka_variable_bytes(const tenka_variable *var);
/* Exchanges the contents of two variables of one shape and dtype, between steps. It waits. Errors: E_NOMEM,
 * E_DEVICE. */
tenka_status tenka_variable_exchange(tenka_variable *a, tenka_variable *b);

/* What a step takes while it runs, in bytes of the device. */
struct tenka_step_bytes {
    uint64_t temporaries; /* its part of the arena */
    uint64_t inputs;      /* what the host sends with each run: inputs and scalars */
    tenka_status runs;    /* E_UNSUPPORTED: too large for the device's kernels; the context has the sentence */
};
/* Device memory that is there for steps: what the device has, but for variables. 0: not known */
uint64_t tenka_ctx_step_memory(const tenka_ctx *ctx);
/* Plans the open step without running it, and discards it. Errors: its first mistake, E_NOMEM. */
tenka_status tenka_step_measure(tenka_ctx *ctx, struct tenka_step_bytes *out);

/* What tenka_read of t would read: it makes t readable as that does. */
tenka_status tenka_readable(tenka_tensor t, struct tenka_desc *out);

/* Runs what was traced so far and goes on with the step: what a read in the middle of a step does, without its warning.
 * Every tensor of the step so far can be read from then on. */
tenka_status tenka_step_flush(tenka_ctx *ctx);

/* The gradient of var leaves the step: an optimizer has used it. Whether one of earlier steps went into it; the step
 * that was to use that may fail, and then it is restored. */
bool tenka_variable_clear_grad(tenka_variable *var);
void tenka_variable_restore_grad(tenka_variable *var);
/* total, which may be absent, and the squares of var's gradient, where it has one. */
tenka_tensor tenka_add_squares(tenka_tensor total, tenka_variable *var);
/* The number of the step that is traced now, or next. */
uint32_t tenka_step_number(const tenka_ctx *ctx);
/* Whoever must know what becomes of the open step. */
struct tenka_step_watcher {
    struct tenka_step_watcher *next;
    bool watches;
    /* Called once: what was traced when it began to watch has run, or never will. */
    void (*ended)(struct tenka_step_watcher *watcher, bool ran);
};
void tenka_step_watch(tenka_ctx *ctx, struct tenka_step_watcher *watcher); /* which may watch already */
void tenka_step_unwatch(tenka_ctx *ctx, struct tenka_step_watcher *watcher);
/* Whether var got new content in that step, which has ended and was the last that assigned it. */
bool tenka_variable_got(const tenka_variable *var, uint32_t step);
/* A name for messages and debuggers; copied. */
tenka_status tenka_variable_set_name(tenka_variable *var, const char *name);
const char *tenka_variable_name(const tenka_variable *var);
/* Visits the node list and the programs of cached plans: for tests (hazards, memory). */
typedef void (*tenka_plan_visitor)(void *user, const struct tenka_plan *plan, tenka_program *program);
void tenka_ctx_visit_plans(tenka_ctx *ctx, tenka_plan_visitor visit, void *user);

#endif

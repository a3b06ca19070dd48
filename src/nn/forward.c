/* Running modules, in steps and to look at their shapes. */
#include <stdarg.h>
#include <stdio.h>

#include "nn/graph.h"

bool tenka_layer_is_checked(const tenka_module *m)
{
    for (; m != NULL; m = m->parent)
        if (m->checking)
            return true;
    return false;
}

/* ---- One module ---- */

/* A number of tensors that a module takes or gives, as a text. */
static const char *count_text(uint32_t count, char buf[32])
{
    if (count == 0)
        snprintf(buf, 32, "up to %d", TENKA_MAX_FORWARD);
    else
        snprintf(buf, 32, "%u", count);
    return buf;
}

static bool is_count(uint32_t wanted, size_t n)
{
    return wanted == 0 ? n <= TENKA_MAX_FORWARD : n == wanted;
}

uint32_t tenka_layer_takes(const tenka_module *m)
{
    if (tenka_module_is_custom(m))
        return m->custom.inputs;
    return m->graph != NULL ? m->graph->inputs : m->type->takes > 0 ? m->type->takes : 1;
}

uint32_t tenka_layer_gives(const tenka_module *m)
{
    if (tenka_module_is_custom(m))
        return m->custom.outputs;
    return m->graph != NULL ? 0 : m->type->gives != NULL ? m->type->gives(&m->values) : 1;
}

/* Whether the module can be asked for so many tensors, of so many, and is not asked by its own forward. */
static bool check_call(const tenka_module *m, size_t n_in, size_t n_out)
{
    const uint32_t inputs = tenka_layer_takes(m), outputs = tenka_layer_gives(m);
    char takes[32], gives[32];
    if (!is_count(inputs, n_in) || !is_count(outputs, n_out))
        tenka_trace_fail(m->ctx, TENKA_E_INVALID, "takes %s and gives %s tensors, but was asked for %zu of %zu",
                         count_text(inputs, takes), count_text(outputs, gives), n_out, n_in);
    else if (m->running)
        tenka_trace_fail(m->ctx, TENKA_E_INVALID, "its forward runs the module itself");
    else
        return true;
    return false;
}

/* A mistake elsewhere left a tensor without a value, but with a context that has noted the mistake; TENKA_NONE has
 * none. Custom modules may make of it what they like. */
static bool check_given(const tenka_module *m, const tenka_tensor *in)
{
    if (tenka_module_is_custom(m) || in[0].ctx != NULL)
        return true;
    tenka_trace_fail(m->ctx, TENKA_E_INVALID, "its input is missing (TENKA_NONE)");
    return false;
}

/* Remembers what the module gave; whether that is all there should be. */
static bool keep(tenka_module *m, const tenka_tensor *out, size_t n_out)
{
    bool good = true;
    m->output = n_out > 0 ? tenka_tensor_shape(out[0]) : (struct tenka_shape){0};
    m->n_result = n_out;
    for (size_t i = 0; i < n_out; i++) {
        m->result[i] = out[i];
        good = good && tenka_tensor_valid(out[i]);
    }
    return good;
}

/* What a network's text returns may be more than the caller wants. */
static void call_graph(tenka_module *m, const tenka_tensor *in, tenka_tensor *out, size_t n_out)
{
    tenka_tensor all[TENKA_MAX_FORWARD];
    size_t n;
    tenka_graph_run(m, in, all, &n);
    if (n > 0 && n < n_out)
        tenka_trace_fail(m->ctx, TENKA_E_INVALID, "its forward returns %zu tensors, not %zu", n, n_out);
    for (size_t i = 0; i < n_out && i < n; i++)
        out[i] = all[i];
    keep(m, all, n);
}

static void call(tenka_module *m, const tenka_tensor *in, size_t n_in, tenka_tensor *out, size_t n_out)
{
    const char *const caller = tenka_trace_layer(m->ctx, m->layer);
    m->running = true;
    if (m->graph != NULL)
        call_graph(m, in, out, n_out);
    else if (m->type->forward_n != NULL)
        m->type->forward_n(m, in, out);
    else if (m->type->forward != NULL)
        out[0] = m->type->forward(m, in[0]);
    else
        m->custom.forward(m->user, m, in, n_in, out, n_out);
    m->running = false;
    tenka_trace_layer(m->ctx, caller);
}

/* Whether the module was given what it can work with: an absent tensor is no mistake. */
static bool are_good(const tenka_tensor *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in[i].ctx != NULL && !tenka_tensor_valid(in[i]))
            return false;
    return true;
}

static void blame(const tenka_module *m)
{
    char where[400];
    if (m->path[0] != '\0')
        snprintf(where, sizeof(where), "layer %.200s (%s)", m->path, tenka_module_class(m));
    else
        snprintf(where, sizeof(where), "layer %s", tenka_module_class(m));
    tenka_trace_blame(m->ctx, where);
}

/* The outputs may lie where the inputs do. */
void tenka_layer_run_n(tenka_module *m, const tenka_tensor *given, size_t n_in, tenka_tensor *out, size_t n_out)
{
    tenka_tensor in[TENKA_MAX_FORWARD];
    const size_t known = n_in < TENKA_MAX_FORWARD ? n_in : TENKA_MAX_FORWARD;
    for (size_t i = 0; i < known; i++)
        in[i] = given[i];
    for (size_t i = 0; i < n_out; i++)
        out[i] = TENKA_NONE;
    const bool called = check_call(m, n_in, n_out) && check_given(m, in);
    if (called) {
        const size_t before = tenka_step_calls(m->ctx);
        const bool checked = tenka_layer_is_checked(m);
        m->ran |= m->type->container && !checked;
        call(m, in, n_in, out, n_out);
        if (checked)
            m->multiply_adds += tenka_step_multiply_adds(m->ctx, before);
    }
    const bool custom = tenka_module_is_custom(m);
    const bool kept = called && (m->graph != NULL ? tenka_tensor_valid(out[n_out - 1]) : keep(m, out, n_out));
    if (kept || !are_good(in, known) || (called && m->type->container && m->type->complete == NULL && !custom))
        return;
    if (custom)
        tenka_trace_fail(m->ctx, TENKA_E_INVALID, "its forward has not set all of its %zu outputs", n_out);
    blame(m);
}

tenka_tensor tenka_layer_run(tenka_module *module, tenka_tensor x)
{
    tenka_tensor y;
    tenka_layer_run_n(module, &x, 1, &y, 1);
    return y;
}

/* ---- What programs call ---- */

tenka_tensor tenka_forward(tenka_module *module, tenka_tensor x)
{
    tenka_tensor y;
    tenka_forward_n(module, &x, 1, &y, 1);
    return y;
}

static void fail_call(tenka_ctx *ctx, const char *what, tenka_tensor *out, size_t n_out)
{
    const tenka_tensor inert = ctx != NULL ? tenka_trace_fail(ctx, TENKA_E_INVALID, "forward: %s", what) : TENKA_NONE;
    for (size_t i = 0; i < n_out && out != NULL; i++)
        out[i] = inert;
}

size_t tenka_module_results(const tenka_module *module)
{
    return module->n_result;
}

void tenka_forward_n(tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out, size_t n_out)
{
    if (module == NULL) {
        fail_call(in != NULL && n_in > 0 ? in[0].ctx : NULL,
                  "there is no module; a child was asked for by a name that none has, or was never made", out, n_out);
        return;
    }
    if ((in == NULL && n_in > 0) || out == NULL || n_out == 0) {
        fail_call(module->ctx, "the inputs are NULL, or there is no place for an output", out, n_out);
        return;
    }
    if (module->parent != NULL)
        module->parent->bypassed = true;
    tenka_layer_run_n(module, in, n_in, out, n_out);
}

tenka_tensor tenka_module_fail(tenka_module *module, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return tenka_trace_fail(module->ctx, TENKA_E_SHAPE, "%s", text);
}

/* ---- Steps that will not run ---- */

static void forget_multiply_adds(tenka_module *module)
{
    module->multiply_adds = 0;
    for (size_t i = 0; i < module->n_children; i++)
        forget_multiply_adds(module->children[i]);
}

void tenka_forward_unseen(tenka_module *module, tenka_tensor x, tenka_tensor *out, size_t n_out)
{
    tenka_tensor all[TENKA_MAX_FORWARD] = {TENKA_NONE};
    const size_t outputs = tenka_layer_gives(module);
    forget_multiply_adds(module);
    module->checking = true;
    tenka_layer_run_n(module, &x, 1, all, outputs > n_out ? outputs : n_out);
    module->checking = false;
    memcpy(out, all, n_out * sizeof(*out));
}

tenka_status tenka_module_check(tenka_module *module, struct tenka_shape input, struct tenka_shape *output)
{
    tenka_ctx *const ctx = module->ctx;
    if (tenka_step_is_open(ctx))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "module_check: a step is open; end or discard it first");
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    tenka_no_grad_begin(ctx);
    const enum tenka_dtype dtype = tenka_module_input_dtype(module);
    tenka_tensor y;
    tenka_forward_unseen(module, tenka_trace_placeholder(ctx, dtype, input), &y, 1);
    tenka_status status = TENKA_OK;
    if (!tenka_tensor_valid(y))
        status = tenka_step_end(ctx); /* reports the mistake, and runs nothing */
    else if (output != NULL)
        *output = tenka_tensor_shape(y);
    tenka_step_discard(ctx);
    tenka_no_grad_end(ctx);
    /* Dropout has drawn a key for nothing. */
    *tenka_ctx_rng(ctx) = before;
    return status;
}

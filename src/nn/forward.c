/* Running modules, in steps and to look at their shapes. */
#include <stdio.h>

#include "nn/layer.h"

bool tenka_layer_is_checked(const tenka_module *m)
{
    for (; m != NULL; m = m->parent)
        if (m->checking)
            return true;
    return false;
}

tenka_tensor tenka_layer_run(tenka_module *module, tenka_tensor x)
{
    if (module->type->container && !module->ran)
        module->ran = !tenka_layer_is_checked(module);
    const char *const caller = tenka_trace_layer(module->ctx, module->layer);
    const tenka_tensor y = module->type->forward(module, x);
    tenka_trace_layer(module->ctx, caller);
    module->output = tenka_tensor_shape(y);
    module->result = y;
    if (module->type->container || tenka_tensor_valid(y) || !tenka_tensor_valid(x))
        return y;
    char where[256];
    if (module->path[0] != '\0')
        snprintf(where, sizeof(where), "layer %.200s (%s)", module->path, module->type->name);
    else
        snprintf(where, sizeof(where), "layer %s", module->type->name);
    tenka_trace_blame(module->ctx, where);
    return y;
}

tenka_tensor tenka_forward(tenka_module *module, tenka_tensor x)
{
    if (module == NULL)
        return x.ctx != NULL ? tenka_trace_fail(x.ctx, TENKA_E_INVALID, "forward: there is no module") : TENKA_NONE;
    if (module->parent != NULL)
        module->parent->bypassed = true;
    return tenka_layer_run(module, x);
}

tenka_tensor tenka_forward_unseen(tenka_module *module, tenka_tensor x)
{
    module->checking = true;
    const tenka_tensor y = tenka_layer_run(module, x);
    module->checking = false;
    return y;
}

tenka_status tenka_module_check(tenka_module *module, struct tenka_shape input, struct tenka_shape *output)
{
    tenka_ctx *const ctx = module->ctx;
    if (tenka_step_is_open(ctx))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "module_check: a step is open; end or discard it first");
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    tenka_no_grad_begin(ctx);
    const tenka_tensor y = tenka_forward_unseen(module, tenka_trace_placeholder(ctx, TENKA_F32, input));
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

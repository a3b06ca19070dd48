/* Optimizers by their text: PyTorch's classes with the names and defaults of their arguments. Source: torch.optim. */
#include <float.h>
#include <math.h>

#include "graph/graph.h"
#include "python/arguments.h"
#include "tenka/optim.h"

#define REAL(name, fallback)                                        \
    {                                                               \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, 0, DBL_MAX, NULL \
    }
#define BETAS                                                   \
    {                                                           \
        "betas", TENKA_PY_ARG_PAIR, 0, {0.9, 0.999}, 0, 1, NULL \
    }
#define FLAG(name, more)                                  \
    {                                                     \
        name, TENKA_PY_ARG_FLAG, more, {0, 0}, 0, 1, NULL \
    }
/* Known, but only the default is supported. */
#define FIXED(name) FLAG(name, TENKA_PY_ARG_FIXED | TENKA_PY_ARG_KEYWORD)
/* How the sums are computed, and what a schedule notes in print(optimizer): no number depends on it. */
#define ANY(name)                                                            \
    {                                                                        \
        name, TENKA_PY_ARG_ANY, TENKA_PY_ARG_KEYWORD, {NAN, NAN}, 0, 0, NULL \
    }

enum { SGD_LR, SGD_MOMENTUM, SGD_DAMPENING, SGD_DECAY, SGD_NESTEROV };
static const struct tenka_py_arg sgd_args[] = {
    [SGD_LR] = REAL("lr", 1e-3),
    [SGD_MOMENTUM] = REAL("momentum", 0),
    [SGD_DAMPENING] = {"dampening", TENKA_PY_ARG_REAL, 0, {0, 0}, -DBL_MAX, DBL_MAX, NULL},
    [SGD_DECAY] = REAL("weight_decay", 0),
    [SGD_NESTEROV] = FLAG("nesterov", 0),
    FIXED("maximize"),
    ANY("foreach"),
    FIXED("differentiable"),
    ANY("fused"),
    ANY("initial_lr"),
};

enum { ADAM_LR, ADAM_BETAS, ADAM_EPS, ADAM_DECAY };
#define ADAM_ARGS(decay)                                                                             \
    [ADAM_LR] = REAL("lr", 1e-3), [ADAM_BETAS] = BETAS, [ADAM_EPS] = REAL("eps", 1e-8),              \
    [ADAM_DECAY] = REAL("weight_decay", decay), FLAG("amsgrad", TENKA_PY_ARG_FIXED), ANY("foreach"), \
    FIXED("maximize"), ANY("capturable"), FIXED("differentiable"), ANY("fused"), ANY("initial_lr")
static const struct tenka_py_arg adam_args[] = {ADAM_ARGS(0), FIXED("decoupled_weight_decay")};
/* Newer versions print decoupled_weight_decay: True of it. */
static const struct tenka_py_arg adamw_args[] = {
    ADAM_ARGS(1e-2),
    {"decoupled_weight_decay", TENKA_PY_ARG_FLAG, TENKA_PY_ARG_FIXED | TENKA_PY_ARG_KEYWORD, {1, 0}, 0, 1, NULL},
};

enum { SGD, ADAM, ADAMW };
#define CLASS(name, args)                             \
    {                                                 \
        name, args, sizeof(args) / sizeof(args[0]), 1 \
    }
static const struct tenka_py_class classes[] = {
    [SGD] = CLASS("SGD", sgd_args),
    [ADAM] = CLASS("Adam", adam_args),
    [ADAMW] = CLASS("AdamW", adamw_args),
};

/* ---- What print(optimizer) shows ---- */

/* Makes "SGD (\nParameter Group 0\n    lr: 0.1\n)" a call, with each byte in its place: "lr= 0.1,". */
static tenka_status as_call(struct tenka_error *err, char *text)
{
    static const char title[] = "Parameter Group";
    char *const begin = strstr(text, title);
    if (begin == NULL)
        return TENKA_OK;
    if (strstr(begin + 1, title) != NULL)
        return tenka_fail(err, TENKA_E_FORMAT, "optimizer: only one parameter group is supported, found several");
    char *const end = begin + strcspn(begin, "\n");
    memset(begin, ' ', (size_t)(end - begin));
    bool value = false;
    for (char *at = end; *at != '\0'; at++) {
        if (*at == ':') {
            *at = '=';
            value = true;
        } else if (*at == '\n' && value) {
            *at = ',';
            value = false;
        }
    }
    return TENKA_OK;
}

static void fill(const struct tenka_py_call *call, struct tenka_optimizer_params *out)
{
    out->is_sgd = call->which == SGD;
    if (out->is_sgd) {
        out->sgd.lr = call->arg[SGD_LR][0];
        out->sgd.momentum = call->arg[SGD_MOMENTUM][0];
        out->sgd.dampening = call->arg[SGD_DAMPENING][0];
        out->sgd.weight_decay = call->arg[SGD_DECAY][0];
        out->sgd.nesterov = call->arg[SGD_NESTEROV][0] != 0;
        return;
    }
    out->adam.lr = call->arg[ADAM_LR][0];
    out->adam.beta1 = call->arg[ADAM_BETAS][0];
    out->adam.beta2 = call->arg[ADAM_BETAS][1];
    out->adam.eps = call->arg[ADAM_EPS][0];
    out->adam.weight_decay = call->arg[ADAM_DECAY][0];
    out->adam.decoupled = call->which == ADAMW;
}

tenka_status tenka_optimizer_read(tenka_ctx *ctx, const char *text, struct tenka_optimizer_params *out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_py_call call;
    if (text == NULL || out == NULL || out->size != sizeof(*out))
        return tenka_fail(err, TENKA_E_INVALID,
                          "optimizer_read: text or out is NULL, or out.size is wrong; begin with "
                          "TENKA_OPTIMIZER_DEFAULTS");
    char *const copy = tenka_strdup(text);
    if (copy == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = as_call(err, copy);
    if (status == TENKA_OK)
        status = tenka_py_read_call(err, "optimizer", copy, classes, sizeof(classes) / sizeof(classes[0]), &call);
    if (status == TENKA_OK)
        fill(&call, out);
    tenka_free(copy);
    return status;
}

tenka_status tenka_optimizer_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_optimizer_params *params,
                                    tenka_optimizer **out)
{
    struct tenka_optimizer_params own = TENKA_OPTIMIZER_DEFAULTS;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "optimizer", "TENKA_OPTIMIZER_DEFAULTS", &own, params));
    return own.is_sgd ? tenka_sgd_create(ctx, net, &own.sgd, out) : tenka_adam_create(ctx, net, &own.adam, out);
}

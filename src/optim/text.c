/* Optimizers by their text: PyTorch's classes with the names and defaults of their arguments. */
#include <math.h>

#include "optim/classes.h"

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

/* ---- Values ---- */

struct tenka_optimizer_params tenka_optim_defaults(size_t class)
{
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    params.which = (uint32_t) class + 1;
    for (size_t i = 0; i < tenka_optim_calls[class].n_args; i++)
        memcpy(params.value[i], tenka_optim_calls[class].args[i].fallback, sizeof(params.value[i]));
    return params;
}

static tenka_status check_value(struct tenka_error *err, const char *class, const struct tenka_py_arg *arg,
                                const double value[2])
{
    char least[TENKA_NUMBER_TEXT], most[TENKA_NUMBER_TEXT];
    const bool pair = arg->kind == TENKA_PY_ARG_PAIR;
    if (arg->kind == TENKA_PY_ARG_ANY || ((arg->flags & TENKA_PY_ARG_NONE) != 0 && isnan(value[0])))
        return TENKA_OK;
    for (size_t i = 0; i < (pair ? 2 : 1); i++) {
        if (!(value[i] >= arg->least && value[i] <= arg->most))
            return tenka_fail(err, TENKA_E_INVALID, "%s: %s is %g, but must be from %s to %s", class, arg->name,
                              value[i], tenka_number_text(arg->least, least), tenka_number_text(arg->most, most));
        if (pair && value[i] == 1)
            return tenka_fail(err, TENKA_E_INVALID, "%s: the %s %g and %g must be in 0 .. 1, 1 excluded", class,
                              arg->name, value[0], value[1]);
    }
    return TENKA_OK;
}

tenka_status tenka_optim_check(struct tenka_error *err, const struct tenka_optimizer_params *params)
{
    if (params == NULL || params->size != sizeof(*params) || params->which == 0 ||
        params->which > tenka_optim_n_classes)
        return tenka_fail(err, TENKA_E_INVALID,
                          "optimizer: params is NULL, has a wrong size or no class; begin with "
                          "TENKA_OPTIMIZER_DEFAULTS, and let tenka_optimizer_read fill it");
    const struct tenka_py_class *const class = &tenka_optim_calls[params->which - 1];
    const struct tenka_optim_class *const is = &tenka_optim_classes[params->which - 1];
    for (size_t i = 0; i < class->n_args; i++)
        TENKA_TRY(check_value(err, class->name, &class->args[i], params->value[i]));
    const char *const objection = is->objection != NULL ? is->objection(params->value) : NULL;
    return objection == NULL ? TENKA_OK : tenka_fail(err, TENKA_E_INVALID, "%s: %s", class->name, objection);
}

/* ---- Reading ---- */

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
        status = tenka_py_read_call(err, "optimizer", copy, tenka_optim_calls, tenka_optim_n_classes, &call);
    tenka_free(copy);
    TENKA_TRY(status);
    out->which = (uint32_t)call.which + 1;
    for (size_t i = 0; i < TENKA_OPTIMIZER_ARGUMENTS; i++)
        memcpy(out->value[i], call.arg[i], sizeof(out->value[i]));
    return tenka_optim_check(err, out);
}

tenka_status tenka_optimizer_change(tenka_ctx *ctx, const char *changes, struct tenka_optimizer_params *params)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_py_call call;
    TENKA_TRY(tenka_optim_check(err, params));
    if (changes == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "optimizer_change: changes is NULL");
    const size_t class = params->which - 1;
    char *const text = tenka_sprintf("%s(%s)", tenka_optim_calls[class].name, changes);
    if (text == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = tenka_py_read_call(err, "optimizer", text, &tenka_optim_calls[class], 1, &call);
    tenka_free(text);
    TENKA_TRY(status);
    struct tenka_optimizer_params changed = *params;
    for (size_t i = 0; i < tenka_optim_calls[class].n_args; i++)
        if (call.given[i])
            memcpy(changed.value[i], call.arg[i], sizeof(changed.value[i]));
    TENKA_TRY(tenka_optim_check(err, &changed));
    *params = changed;
    return TENKA_OK;
}

double tenka_optimizer_argument(const struct tenka_optimizer_params *params, const char *name)
{
    if (params->which == 0 || params->which > tenka_optim_n_classes)
        return NAN;
    const struct tenka_py_class *const class = &tenka_optim_calls[params->which - 1];
    for (size_t i = 0; i < class->n_args; i++)
        if (strcmp(class->args[i].name, name) == 0)
            return params->value[i][0];
    return NAN;
}

const char *tenka_optimizer_class(const struct tenka_optimizer_params *params)
{
    return params->which > 0 ? tenka_optimizer_class_name(params->which - 1) : NULL;
}

const char *tenka_optimizer_class_name(size_t number)
{
    return number < tenka_optim_n_classes ? tenka_optim_calls[number].name : NULL;
}

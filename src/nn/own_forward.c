/* Networks whose forward is code that no text shows: the program's own, and that of PyTorch's classes. */
#include "nn/layer.h"

/* How many classes a warning lists. */
#define MAX_LISTED 5

bool tenka_module_has_own_forward(const tenka_module *module)
{
    /* Code is shown of the outermost container alone. */
    bool own = tenka_module_is_custom(module) || (module->bypassed && !module->ran) ||
               (module->graph != NULL && module->parent != NULL);
    for (size_t i = 0; i < module->n_children && !own; i++)
        own = tenka_module_has_own_forward(module->children[i]);
    return own;
}

void tenka_module_set_own_forward(tenka_module *module)
{
    module->bypassed = true;
}

/* ---- Classes of a text ---- */

/* Whether a layer multiplies by a matrix or a kernel; BatchNorm2d, which follows such a layer, does not. */
static bool multiplies(const tenka_module *module)
{
    return module->n_state > 0 && tenka_variable_shape(module->state[0].var).rank > 1;
}

/* Nobody puts two such layers in a row without a function between them. */
static bool lacks_functions(const tenka_module *container)
{
    for (size_t i = 1; i < container->n_children; i++)
        if (multiplies(container->children[i - 1]) && multiplies(container->children[i]))
            return true;
    return false;
}

/* Whether forward is likely to do more than to run the children in order: in the outermost class, where most networks
 * are put together, only by that sign. */
static bool is_doubtful(const tenka_module *module)
{
    return module->class_name != NULL && module->n_children > 0 && (module->parent != NULL || lacks_functions(module));
}

struct doubt {
    const char *names[MAX_LISTED];
    size_t count;
};

static void add_name(struct doubt *d, const char *name)
{
    for (size_t i = 0; i < d->count && i < MAX_LISTED; i++)
        if (strcmp(d->names[i], name) == 0)
            return;
    if (d->count < MAX_LISTED)
        d->names[d->count] = name;
    d->count++;
}

static void collect(const tenka_module *module, struct doubt *d)
{
    if (is_doubtful(module))
        add_name(d, module->class_name);
    for (size_t i = 0; i < module->n_children; i++)
        collect(module->children[i], d);
}

void tenka_module_warn_of_classes(const tenka_module *net)
{
    struct doubt d = {.count = 0};
    struct tenka_text names = {0};
    if (net->graph == NULL)
        collect(net, &d);
    if (d.count == 0)
        return;
    for (size_t i = 0; i < d.count && i < MAX_LISTED; i++)
        tenka_text_add(&names, "%s%.60s", i > 0 ? ", " : "", d.names[i]);
    if (names.text != NULL)
        tenka_say(
            tenka_ctx_log(net->ctx), TENKA_LOG_WARNING,
            "network text: it does not show what forward does in %s%s, so the layers there run in the order of the "
            "text, without the shortcuts, activations and other functions that forward may have; if it has any, "
            "this is another network than PyTorch's: give Tenka what print(torch.fx.symbolic_trace(model)) shows, or "
            "write it in C (as examples/custom.c is)",
            names.text, d.count > MAX_LISTED ? " and more classes" : "");
    tenka_free(names.text);
}

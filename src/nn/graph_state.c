/* Parameters and buffers of which a network's text shows the name alone: a file gives them their shapes. */
#include "nn/graph.h"

/* ---- Giving ---- */

/* Neither a text nor a state_dict tells a buffer from a parameter. This one is that of torchvision's second Swin
 * Transformers. */
static bool is_real_buffer(const char *name)
{
    return strcmp(name, "relative_coords_table") == 0;
}

/* Numbers that are not real are buffers, since nothing trains them; all others but those are trained. */
static tenka_status give(struct tenka_graph_state *s, const struct tenka_open_state *found)
{
    TENKA_TRY(tenka_module_check_name(s->owner, "load", s->name));
    TENKA_TRY(tenka_shape_check(tenka_ctx_error(s->owner->ctx), s->path, &found->shape));
    TENKA_TRY(tenka_layer_add_state_of(s->owner, s->name, found->whole ? TENKA_I32 : TENKA_F32, found->shape, NULL,
                                       !found->whole && !is_real_buffer(s->name)));
    s->var = s->owner->state[s->owner->n_state - 1].var;
    s->fresh = true;
    return TENKA_OK;
}

/* Whether a variable that is there already can have the numbers that were found. */
static bool fits(const struct tenka_graph_state *s, const struct tenka_open_state *found)
{
    const struct tenka_shape shape = s->var != NULL ? tenka_variable_shape(s->var) : found->shape;
    return tenka_shape_equal(&shape, &found->shape);
}

static tenka_status give_one(tenka_module *net, struct tenka_graph_state *s, tenka_open_finder *find, void *user)
{
    const size_t skip = strlen(net->path) > 0 ? strlen(net->path) + 1 : 0;
    struct tenka_open_state found = {.whole = false};
    char *path = tenka_path_join(s->owner->path, s->name);
    if (path == NULL)
        return tenka_fail_nomem(tenka_ctx_error(net->ctx));
    const size_t before = s->owner->n_state;
    s->found = find(user, path + skip, &found) && fits(s, &found);
    const tenka_status status = s->found && s->var == NULL ? give(s, &found) : TENKA_OK;
    tenka_free(path);
    if (status != TENKA_OK)
        tenka_layer_drop_state(s->owner, before);
    return status;
}

static tenka_status give_all(tenka_module *net, tenka_module *module, tenka_open_finder *find, void *user)
{
    const size_t n = module->graph != NULL ? module->graph->n_states : 0;
    for (size_t i = 0; i < n; i++)
        if (module->graph->states[i]->owner != NULL)
            TENKA_TRY(give_one(net, module->graph->states[i], find, user));
    for (size_t i = 0; i < module->n_children; i++)
        TENKA_TRY(give_all(net, module->children[i], find, user));
    return TENKA_OK;
}

tenka_status tenka_module_give_open(tenka_module *net, tenka_open_finder *find, void *user)
{
    const tenka_status status = give_all(net, net, find, user);
    if (status != TENKA_OK)
        tenka_module_settle_open(net, false);
    return status;
}

/* ---- Keeping or taking back ---- */

/* What was given last is the last of its owner's. */
static void settle(struct tenka_graph_state *s, bool keep)
{
    if (s->fresh && !keep) {
        tenka_layer_drop_state(s->owner, s->owner->n_state - 1);
        s->var = NULL;
    }
    s->fresh = false;
    s->unset = s->unset && !(keep && s->found);
}

void tenka_module_settle_open(tenka_module *net, bool keep)
{
    for (size_t i = net->n_children; i-- > 0;)
        tenka_module_settle_open(net->children[i], keep);
    for (size_t i = net->graph != NULL ? net->graph->n_states : 0; i-- > 0;)
        settle(net->graph->states[i], keep);
}

const char *tenka_module_unshaped(const tenka_module *net)
{
    const char *path = NULL;
    for (size_t i = 0; net->graph != NULL && i < net->graph->n_states; i++)
        if (net->graph->states[i]->var == NULL || (net->graph->states[i]->unset && !tenka_is_sizing(net->ctx)))
            return net->graph->states[i]->path;
    for (size_t i = 0; i < net->n_children && path == NULL; i++)
        path = tenka_module_unshaped(net->children[i]);
    return path;
}

#include "io/model_state.h"

void tenka_model_state_finish(struct tenka_model_state *s)
{
    for (size_t i = 0; i < s->count; i++)
        tenka_free(s->items[i].counter_name);
    tenka_free(s->items);
    tenka_free(s->tensors);
}

static void add_variable(struct tenka_model_state *s, const struct tenka_state_entry *entry)
{
    s->items[s->count] = (struct tenka_state_item){.var = entry->var};
    s->tensors[s->count++] = (struct tenka_file_tensor){
        .name = entry->name, .dtype = "F32", .shape = tenka_variable_shape(entry->var)};
}

static bool add_counter(struct tenka_model_state *s, const tenka_module *net, tenka_module *layer)
{
    char *const name = tenka_module_counter_name(net, layer);
    if (name == NULL)
        return false;
    s->items[s->count] = (struct tenka_state_item){.counter = &layer->batches, .counter_name = name};
    s->tensors[s->count++] = (struct tenka_file_tensor){.name = name, .dtype = "I64"};
    return true;
}

/* Each counter stands after its layer's variables, as in PyTorch. */
static bool state_fill(struct tenka_model_state *s, const tenka_module *net, const struct tenka_state_entry *entries,
                       size_t n_entries, tenka_module *const *layers, size_t n_layers)
{
    bool good = true;
    for (size_t i = 0, layer = 0; i < n_entries && good; i++) {
        add_variable(s, &entries[i]);
        if (layer < n_layers && layers[layer]->state[layers[layer]->n_state - 1].var == entries[i].var)
            good = add_counter(s, net, layers[layer++]);
    }
    return good;
}

tenka_status tenka_model_state_init(struct tenka_model_state *s, tenka_module *net)
{
    const size_t n_entries = tenka_module_state(net, NULL, 0), n_layers = tenka_module_counters(net, NULL, 0);
    struct tenka_state_entry *const entries = tenka_alloc_array(n_entries, sizeof(entries[0]));
    tenka_module **const layers = tenka_alloc_array(n_layers, sizeof(layers[0]));
    *s = (struct tenka_model_state){.items = tenka_alloc_array(n_entries + n_layers, sizeof(s->items[0])),
                        .tensors = tenka_alloc_array(n_entries + n_layers, sizeof(s->tensors[0]))};
    bool good = entries != NULL && layers != NULL && s->items != NULL && s->tensors != NULL;
    if (good) {
        tenka_module_state(net, entries, n_entries);
        tenka_module_counters(net, layers, n_layers);
        good = state_fill(s, net, entries, n_entries, layers, n_layers);
    }
    tenka_free(entries);
    tenka_free(layers);
    if (good)
        return TENKA_OK;
    tenka_model_state_finish(s);
    return tenka_fail_nomem(tenka_ctx_error(tenka_module_ctx(net)));
}

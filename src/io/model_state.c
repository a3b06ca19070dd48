#include "io/model_state.h"

void tenka_model_state_finish(struct tenka_model_state *s)
{
    tenka_free(s->items);
    tenka_free(s->tensors);
}

struct tenka_file_tensor tenka_model_state_tensor(const struct tenka_state_entry *entry, const char *dtype)
{
    if (entry->var == NULL)
        return (struct tenka_file_tensor){.name = entry->name, .dtype = "I64"};
    dtype = tenka_variable_dtype(entry->var) == TENKA_I32 ? "I32" : dtype;
    return (struct tenka_file_tensor){.name = entry->name, .dtype = dtype, .shape = tenka_variable_shape(entry->var)};
}

static void state_fill(struct tenka_model_state *s, const struct tenka_state_entry *entries, size_t count)
{
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        s->items[i] = (struct tenka_state_item){.var = entries[i].var, .number = entries[i].number};
        s->tensors[i] = tenka_model_state_tensor(&entries[i], "F32");
    }
}

tenka_status tenka_model_state_init(struct tenka_model_state *s, tenka_module *net)
{
    const size_t count = tenka_module_state(net, NULL, 0);
    struct tenka_state_entry *const entries = tenka_alloc_array(count, sizeof(entries[0]));
    *s = (struct tenka_model_state){.items = tenka_alloc_array(count, sizeof(s->items[0])),
                                    .tensors = tenka_alloc_array(count, sizeof(s->tensors[0]))};
    const bool good = entries != NULL && s->items != NULL && s->tensors != NULL;
    if (good) {
        tenka_module_state(net, entries, count);
        state_fill(s, entries, count);
    }
    tenka_free(entries);
    if (good)
        return TENKA_OK;
    tenka_model_state_finish(s);
    return tenka_fail_nomem(tenka_ctx_error(tenka_module_ctx(net)));
}

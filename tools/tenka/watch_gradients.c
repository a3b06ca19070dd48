/* The gradients of an epoch's last update, of which TensorBoard's events have histograms: kept in the step that computes
 * them, before they are clipped, and looked at when the epoch is over. */
#include <stdlib.h>

#include "train.h"

static bool is_trained(const struct tenka_state_entry *entry)
{
    return entry->parameter && entry->var != NULL && tenka_variable_requires_grad(entry->var);
}

void watch_drop_gradients(struct watch *w)
{
    for (size_t i = 0; i < w->n_gradients; i++)
        tenka_variable_destroy(&w->gradients[i].values);
    w->n_gradients = 0;
}

static tenka_status keep(struct watch *w, const struct tenka_state_entry *state, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tenka_tensor gradient = is_trained(&state[i]) ? tenka_grad(state[i].var) : TENKA_NONE;
        if (!tenka_tensor_valid(gradient))
            continue;
        struct watched_gradient *const next = &w->gradients[w->n_gradients];
        *next = (struct watched_gradient){.name = state[i].name};
        const tenka_status status = tenka_keep(gradient, &next->values);
        if (status != TENKA_OK)
            return status;
        w->n_gradients++;
    }
    return TENKA_OK;
}

int watch_gradients(struct training *t)
{
    struct watch *const w = &t->watch;
    const size_t count = tenka_module_state(t->session.net, NULL, 0);
    if (w->events == NULL || tenka_loader_position(t->run.train_loader) < tenka_loader_batches(t->run.train_loader))
        return EXIT_CODE_OK;
    watch_drop_gradients(w);
    struct tenka_state_entry *const state = calloc(count + 1, sizeof(state[0]));
    if (state == NULL || !room_take(&w->gradients, &w->gradients_room, count, sizeof(w->gradients[0]))) {
        free(state);
        return say_failed("out of memory");
    }
    tenka_module_state(t->session.net, state, count);
    const tenka_status status = keep(w, state, count);
    free(state);
    return status == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

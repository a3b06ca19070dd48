/* The names of a network's code, and what they mean line by line. */
#include <stdio.h>

#include "nn/binder.h"

/* ---- Names ---- */

static uint32_t hash_of(const char *name)
{
    return tenka_name_hash(name) % TENKA_NAME_HASHES;
}

static uint32_t meaning_of(const struct tenka_binder *b, const char *name)
{
    uint32_t i = b->newest[hash_of(name)];
    while (i != TENKA_NO_SLOT && strcmp(b->names[i].name, name) != 0)
        i = b->names[i].before;
    return i == TENKA_NO_SLOT ? TENKA_NO_SLOT : b->names[i].meaning;
}

static tenka_status add_meaning(struct tenka_binder *b, const char *name, uint32_t meaning)
{
    uint32_t *newest = &b->newest[hash_of(name)];
    if (!tenka_grow(&b->names, &b->capacity, b->n_names, sizeof(*b->names)))
        return tenka_fail_nomem(b->r.err);
    b->names[b->n_names] = (struct tenka_bound_name){name, meaning, *newest};
    *newest = (uint32_t)b->n_names++;
    return TENKA_OK;
}

uint32_t tenka_bind_slot_of(struct tenka_binder *b, const char *name)
{
    const uint32_t slot = meaning_of(b, name);
    return slot == TENKA_NO_SLOT ? slot : tenka_bind_newest(b, slot, TENKA_BOUND_NAME);
}

tenka_status tenka_bind_name_slot(struct tenka_binder *b, const char *name, uint32_t slot)
{
    return add_meaning(b, name, slot);
}

tenka_status tenka_bind_add_name(struct tenka_binder *b, const char *name, uint32_t *slot)
{
    TENKA_TRY(tenka_bind_add_slot(b, slot));
    return add_meaning(b, name, *slot);
}

/* ---- Paths ---- */

bool tenka_bind_is_path(const struct tenka_binder *b, const struct tenka_py *e, char *buf, size_t bytes)
{
    const struct tenka_py *object = e->child, *name = e->child != NULL ? e->child->next : NULL;
    const char *word = e->word;
    if (e->kind == TENKA_PY_NAME) {
        buf[0] = '\0';
        return strcmp(e->word, b->self) == 0;
    }
    if (e->kind == TENKA_PY_CALL && object->kind == TENKA_PY_NAME && strcmp(object->word, "getattr") == 0 &&
        name != NULL && name->next != NULL && name->next->kind == TENKA_PY_STRING) {
        word = name->next->word;
        object = name;
    } else if (e->kind != TENKA_PY_ATTRIBUTE) {
        return false;
    }
    if (!tenka_bind_is_path(b, object, buf, bytes))
        return false;
    const size_t length = strlen(buf);
    return (size_t)snprintf(buf + length, bytes - length, "%s%s", length > 0 ? "." : "", word) < bytes - length;
}

tenka_module *tenka_bind_module_at(const struct tenka_binder *b, const char *path)
{
    return tenka_module_at(b->root, path, strlen(path));
}

bool tenka_bind_is_global(struct tenka_binder *b, const struct tenka_py *e, char *buf, size_t bytes)
{
    if (e->kind == TENKA_PY_NAME)
        return tenka_bind_slot_of(b, e->word) == TENKA_NO_SLOT && (size_t)snprintf(buf, bytes, "%s", e->word) < bytes;
    if (e->kind != TENKA_PY_ATTRIBUTE || !tenka_bind_is_global(b, e->child, buf, bytes))
        return false;
    const size_t length = strlen(buf);
    return (size_t)snprintf(buf + length, bytes - length, ".%s", e->word) < bytes - length;
}

/* ---- State ---- */

/* Where a file may put a parameter or a buffer of which the text shows the name alone. */
static tenka_module *owner_of(const struct tenka_binder *b, const char *path, const char **name)
{
    char owner[1024];
    const char *dot = strrchr(path, '.');
    *name = dot != NULL ? dot + 1 : path;
    snprintf(owner, sizeof(owner), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    tenka_module *m = tenka_bind_module_at(b, owner);
    return m != NULL && m->type->container && !tenka_module_is_custom(m) && tenka_module_child(m, *name) == NULL ? m
                                                                                                                 : NULL;
}

static tenka_status add_state(struct tenka_binder *b, const char *at, const char *path, struct tenka_graph_state *s)
{
    struct tenka_graph *g = b->graph;
    s->path = path;
    s->var = tenka_module_find(b->root, path);
    s->owner = owner_of(b, path, &s->name);
    if (s->var == NULL && s->owner == NULL)
        return tenka_py_fail(&b->r, at, "the network has no parameter or buffer %.200s", path);
    if (g->n_states >= TENKA_MAX_LAYERS)
        return tenka_py_fail(&b->r, at, "the code names too many parameters and buffers");
    if (!tenka_grow(&g->states, &g->states_capacity, g->n_states, sizeof(*g->states)))
        return tenka_fail_nomem(b->r.err);
    g->states[g->n_states++] = s;
    return TENKA_OK;
}

/* Among the names is "self." and the path, which is no name of a value. */
tenka_status tenka_bind_state(struct tenka_binder *b, const char *at, const char *path, struct tenka_graph_state **out)
{
    const size_t bytes = strlen(path) + sizeof("self.");
    char *key = tenka_py_alloc(&b->r, bytes);
    if (key == NULL)
        return TENKA_E_NOMEM;
    snprintf(key, bytes, "self.%s", path);
    const uint32_t known = meaning_of(b, key);
    if (known != TENKA_NO_SLOT) {
        *out = b->graph->states[known];
        return TENKA_OK;
    }
    *out = tenka_py_alloc(&b->r, sizeof(**out));
    if (*out == NULL)
        return TENKA_E_NOMEM;
    TENKA_TRY(add_state(b, at, key + strlen("self."), *out));
    return add_meaning(b, key, (uint32_t)(b->graph->n_states - 1));
}

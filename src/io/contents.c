/* What is in a file, for people who look. */
#include "tenka/contents.h"

#include "graph/graph.h"
#include "io/model.h"

#define MAX_DEPTH 16 /* levels of JSON that are taken apart */

struct note {
    char *name, *value;
};

struct tenka_contents {
    struct tenka_weights file;
    struct note *notes;
    size_t count, room;
};

/* ---- Notes ---- */

/* Takes both texts. */
static tenka_status add_note(tenka_contents *c, struct tenka_error *err, char *name, char *value)
{
    if (name != NULL && value != NULL && tenka_grow(&c->notes, &c->room, c->count, sizeof(c->notes[0]))) {
        c->notes[c->count++] = (struct note){name, value};
        return TENKA_OK;
    }
    tenka_free(name);
    tenka_free(value);
    return tenka_fail_nomem(err);
}

/* A value that is no object, as a text. */
static char *value_text(const json_t *value)
{
    if (json_is_string(value))
        return tenka_strdup(json_string_value(value));
    if (json_is_integer(value))
        return tenka_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return tenka_sprintf("%.17g", json_real_value(value));
    if (json_is_boolean(value) || json_is_null(value))
        return tenka_strdup(json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    return tenka_json_text(value);
}

static tenka_status add_value(tenka_contents *c, struct tenka_error *err, const char *name, json_t *value,
                              unsigned depth)
{
    const char *key;
    json_t *inner;
    if (!json_is_object(value) || depth == MAX_DEPTH)
        return add_note(c, err, tenka_strdup(name), value_text(value));
    json_object_foreach(value, key, inner)
    {
        char *const full = tenka_sprintf("%s.%s", name, key);
        if (full == NULL)
            return tenka_fail_nomem(err);
        const tenka_status status = add_value(c, err, full, inner, depth + 1);
        tenka_free(full);
        TENKA_TRY(status);
    }
    return TENKA_OK;
}

/* A text of the metadata, which is JSON where it is an object's. */
static tenka_status add_text(tenka_contents *c, struct tenka_error *err, const char *key, const char *text)
{
    static const char ours[] = "tenka.";
    const char *const name = strncmp(key, ours, strlen(ours)) == 0 ? key + strlen(ours) : key;
    json_t *const object = text[0] == '{' ? json_loads(text, 0, NULL) : NULL;
    const tenka_status status = object != NULL ? add_value(c, err, name, object, 0)
                                               : add_note(c, err, tenka_strdup(name), tenka_strdup(text));
    json_decref(object);
    return status;
}

static tenka_status add_metadata(tenka_contents *c, struct tenka_error *err)
{
    json_t *const metadata = json_object_get(c->file.st.header, "__metadata__");
    const char *key;
    json_t *value;
    tenka_status status = TENKA_OK;
    json_object_foreach(metadata, key, value)
    {
        if (status == TENKA_OK && json_is_string(value))
            status = add_text(c, err, key, json_string_value(value));
    }
    return status;
}

/* ---- Opening ---- */

tenka_status tenka_contents_open(tenka_ctx *ctx, const char *path, tenka_contents **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (out == NULL || path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "contents_open: path or out is NULL");
    *out = NULL;
    tenka_contents *c = tenka_alloc(sizeof(*c));
    if (c == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = tenka_weights_open(err, path, &c->file);
    if (status != TENKA_OK) {
        tenka_free(c);
        return status;
    }
    status = add_metadata(c, err);
    if (status != TENKA_OK)
        tenka_contents_close(&c);
    *out = c;
    return status;
}

void tenka_contents_close(tenka_contents **contents)
{
    tenka_contents *const c = contents != NULL ? *contents : NULL;
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++) {
        tenka_free(c->notes[i].name);
        tenka_free(c->notes[i].value);
    }
    tenka_free(c->notes);
    tenka_weights_close(&c->file);
    tenka_free(c);
    *contents = NULL;
}

/* ---- Looking ---- */

enum tenka_contents_kind tenka_contents_kind(const tenka_contents *c)
{
    if (tenka_weights_metadata(&c->file, TENKA_CHECKPOINT_KEY) != NULL)
        return TENKA_CONTENTS_CHECKPOINT;
    return tenka_weights_metadata(&c->file, TENKA_NET_KEY) != NULL ||
                   tenka_weights_metadata(&c->file, TENKA_LAYERS_KEY) != NULL
               ? TENKA_CONTENTS_MODEL
               : TENKA_CONTENTS_WEIGHTS;
}

const char *tenka_contents_format(const tenka_contents *c)
{
    return c->file.st.header != NULL ? "safetensors" : "PyTorch .pt";
}

uint64_t tenka_contents_bytes(const tenka_contents *c)
{
    return c->file.bytes;
}

size_t tenka_contents_tensors(const tenka_contents *c)
{
    return c->file.count;
}

tenka_status tenka_contents_tensor(const tenka_contents *c, size_t index, struct tenka_contents_tensor *out)
{
    if (out == NULL || index >= c->file.count)
        return TENKA_E_INVALID;
    const struct tenka_weight *const weight = &c->file.tensors[index];
    const bool moment = tenka_contents_kind(c) == TENKA_CONTENTS_CHECKPOINT &&
                        strncmp(weight->name, TENKA_CHECKPOINT_PREFIX, strlen(TENKA_CHECKPOINT_PREFIX)) == 0;
    *out = (struct tenka_contents_tensor){weight->name, weight->dtype, weight->shape, !moment};
    return TENKA_OK;
}

size_t tenka_contents_notes(const tenka_contents *c)
{
    return c->count;
}

tenka_status tenka_contents_note(const tenka_contents *c, size_t index, struct tenka_contents_note *out)
{
    if (out == NULL || index >= c->count)
        return TENKA_E_INVALID;
    *out = (struct tenka_contents_note){c->notes[index].name, c->notes[index].value};
    return TENKA_OK;
}

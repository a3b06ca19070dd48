/* Where in what was pickled the state_dict is: people save it alone, or in a dict beside whatever else a run has. */
#include <stdio.h>

#include "io/pt_file.h"

typedef struct tenka_pickle_value value;

/* In how many dicts it is looked for. One may be in itself. */
#define MAX_DICTS 16

/* The names that it is saved under, the surest first. */
static const char *const keys[] = {
    "state_dict", "model_state_dict", "model_state", "net_state_dict", "model",
    "net",        "network",          "weights",     "params",         "module",
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* ---- Looking ---- */

/* Whether item i of a dict is a dict of nothing but tensors. */
static bool is_pure(const value *dict, size_t i)
{
    const value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
    return key->kind == TENKA_PICKLE_STRING && v->kind == TENKA_PICKLE_DICT && v->has.tensor && !v->has.other;
}

/* The only dict of nothing but tensors, or else, with how many there are, the first. */
static const value *find_pure(const value *dict, size_t *count, const char *names[2])
{
    const value *found = NULL;
    *count = 0;
    for (size_t i = 0; i < dict->is.items.count; i += 2) {
        if (!is_pure(dict, i))
            continue;
        found = found == NULL ? dict->is.items.values[i + 1] : found;
        if (*count < 2)
            names[*count] = dict->is.items.values[i]->is.text;
        ++*count;
    }
    return found;
}

static uint64_t count_elements(const value *dict)
{
    uint64_t sum = 0;
    for (size_t i = 1; i < dict->is.items.count; i += 2) {
        const value *const v = dict->is.items.values[i];
        const uint64_t count = v->kind == TENKA_PICKLE_TENSOR ? tenka_shape_count(&v->is.tensor->shape) : 0;
        sum = count > UINT64_MAX - sum ? UINT64_MAX : sum + count;
    }
    return sum;
}

/* Whether the tensors beside that dict of tensors are what a run has measured, and it is the state_dict: it has several
 * and more elements. */
static bool is_rather(const value *pure, const value *beside)
{
    return pure->is.items.count > 2 && count_elements(pure) > count_elements(beside);
}

/* The state_dict among a dict's values, or itself. */
static const value *choose(const value *v)
{
    const char *names[2];
    size_t count;
    const value *const pure = find_pure(v, &count, names);
    if (v->has.tensor)
        return count == 1 && is_rather(pure, v) ? pure : v;
    return count == 1 ? pure : NULL;
}

/* empty: instead one without anything, as a network without parameters has it. */
static const value *find_dict(const value *v, bool empty, int *left)
{
    if (v == NULL || v->kind != TENKA_PICKLE_DICT || *left == 0)
        return NULL;
    --*left;
    for (size_t i = 0; i < N_KEYS; i++) {
        const value *const inner = find_dict(tenka_pickle_find(v, keys[i]), empty, left);
        if (inner != NULL)
            return inner;
    }
    if (empty)
        return v->is.items.count == 0 ? v : NULL;
    return choose(v);
}

/* ---- Saying what was found instead ---- */

static tenka_status fail_module(struct tenka_error *err, const struct tenka_pt_file *file, const value *module,
                                const char *key)
{
    char maker[TENKA_PICKLE_MAKER] = "", place[TENKA_PICKLE_SHOWN + 8] = "", shown[TENKA_PICKLE_SHOWN];
    tenka_pickle_maker(module, maker);
    if (key != NULL)
        snprintf(place, sizeof(place), "[\"%s\"]", tenka_pickle_show(key, shown));
    return tenka_fail(err, TENKA_E_FORMAT,
                      "%s: a model that torch.save pickled as a whole (%s), which only a program with its classes can "
                      "read; take its weights out there: torch.save(torch.load(\"old.pt\", map_location=\"cpu\", "
                      "weights_only=False)%s.state_dict(), \"new.pt\")",
                      file->path, maker, place);
}

static tenka_status fail_several(struct tenka_error *err, const struct tenka_pt_file *file, const char *const names[2],
                                 size_t count)
{
    char a[TENKA_PICKLE_SHOWN], b[TENKA_PICKLE_SHOWN];
    tenka_pickle_show(names[0], a);
    return tenka_fail(err, TENKA_E_FORMAT,
                      "%s: it holds %zu state_dicts (\"%s\", \"%s\"%s); save the one that is meant: "
                      "torch.save(torch.load(\"old.pt\", map_location=\"cpu\")[\"%s\"], \"new.pt\")",
                      file->path, count, a, tenka_pickle_show(names[1], b), count > 2 ? ", ..." : "", a);
}

static tenka_status fail_items(struct tenka_error *err, const struct tenka_pt_file *file, const value *dict)
{
    char shown[TENKA_PICKLE_SHOWN], maker[TENKA_PICKLE_MAKER];
    const value *const key = dict->is.items.values[0], *const v = dict->is.items.values[1];
    if (key->kind != TENKA_PICKLE_STRING)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: a key of the state_dict is no text but %s", file->path,
                          tenka_pickle_kind_text(key));
    return tenka_fail(err, TENKA_E_FORMAT,
                      "%s: the value of \"%s\" is no tensor but %s, so this is no state_dict; save model.state_dict(), "
                      "or a dict that has it as \"state_dict\" or \"model\"",
                      file->path, tenka_pickle_show(key->is.text, shown),
                      tenka_pickle_maker(v, maker) ? maker : tenka_pickle_kind_text(v));
}

/* A dict without one state_dict may have several, or a whole model. */
static tenka_status check_dict(struct tenka_error *err, const struct tenka_pt_file *file, const value *dict)
{
    const char *names[2];
    size_t count;
    for (size_t i = 0; i < dict->is.items.count; i += 2) {
        const value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
        if (key->kind == TENKA_PICKLE_STRING && tenka_pickle_is_module(v))
            return fail_module(err, file, v, key->is.text);
    }
    find_pure(dict, &count, names);
    return count > 1 ? fail_several(err, file, names, count) : TENKA_OK;
}

static tenka_status fail_top(struct tenka_error *err, const struct tenka_pt_file *file, const value *top)
{
    char maker[TENKA_PICKLE_MAKER];
    if (tenka_pickle_is_module(top))
        return fail_module(err, file, top, NULL);
    if (tenka_pickle_maker(top, maker))
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: the pickle asks for %s, which no state_dict of tensors needs, so it was refused and "
                          "nothing was run; save model.state_dict() alone",
                          file->path, maker);
    return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a state_dict, a dict of tensors; found %s", file->path,
                      tenka_pickle_kind_text(top));
}

tenka_status tenka_pt_find_dict(struct tenka_error *err, const struct tenka_pt_file *file,
                                const struct tenka_pickle_value *top, const struct tenka_pickle_value **out)
{
    int left = MAX_DICTS;
    *out = find_dict(top, false, &left);
    if (*out != NULL)
        return TENKA_OK;
    if (top->kind != TENKA_PICKLE_DICT)
        return fail_top(err, file, top);
    TENKA_TRY(check_dict(err, file, top));
    left = MAX_DICTS;
    *out = find_dict(top, true, &left);
    return *out != NULL ? TENKA_OK : fail_items(err, file, top);
}

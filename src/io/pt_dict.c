/* Where in what was pickled the state_dict is: people save it alone, or in a dict beside whatever else a run has. */
#include <stdio.h>

#include "io/pt_file.h"

typedef struct tenka_pickle_value value;

/* In how many dicts it is looked for. One may be in itself. */
#define MAX_DICTS 16

/* The names that it is saved under, the surest first. */
static const char *const keys[] = {
    "state_dict", "model_state_dict", "model_state", "net_state_dict", "model", "net", "network", "weights", "params",
    "module",
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* ---- Looking ---- */

static size_t count_tensors(const value *dict)
{
    size_t count = 0;
    for (size_t i = 1; i < dict->is.items.count; i += 2)
        count += dict->is.items.values[i]->kind == TENKA_PICKLE_TENSOR;
    return count;
}

/* Whether item i of a dict is a dict of nothing but tensors. */
static bool is_pure(const value *dict, size_t i)
{
    const value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
    return key->kind == TENKA_PICKLE_STRING && v->kind == TENKA_PICKLE_DICT && v->is.items.count > 0 &&
           count_tensors(v) == v->is.items.count / 2;
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

/* A network without parameters has an empty state_dict. */
static const value *find_dict(const value *v, int *left)
{
    const char *names[2];
    size_t count;
    if (v == NULL || v->kind != TENKA_PICKLE_DICT || *left == 0)
        return NULL;
    --*left;
    for (size_t i = 0; i < N_KEYS; i++) {
        const value *const inner = find_dict(tenka_pickle_find(v, keys[i]), left);
        if (inner != NULL)
            return inner;
    }
    if (v->is.items.count == 0 || count_tensors(v) > 0)
        return v;
    const value *const pure = find_pure(v, &count, names);
    return count == 1 ? pure : NULL;
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

static tenka_status fail_dict(struct tenka_error *err, const struct tenka_pt_file *file, const value *dict)
{
    const char *names[2];
    size_t count;
    for (size_t i = 0; i < dict->is.items.count; i += 2) {
        const value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
        if (key->kind == TENKA_PICKLE_STRING && tenka_pickle_is_module(v))
            return fail_module(err, file, v, key->is.text);
    }
    find_pure(dict, &count, names);
    return count > 1 ? fail_several(err, file, names, count) : fail_items(err, file, dict);
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
    *out = find_dict(top, &left);
    if (*out != NULL)
        return TENKA_OK;
    return top->kind == TENKA_PICKLE_DICT ? fail_dict(err, file, top) : fail_top(err, file, top);
}

/* Reads what print(torch.export.export(model, (x,))) shows around the code. */
#include <stdlib.h>

#include "nn/export.h"

static const char head[] = "ExportedProgram:";

bool tenka_export_is(const char *text)
{
    return strncmp(text, head, sizeof(head) - 1) == 0;
}

/* A line up to its colon, whatever spaces there are between the words. */
static tenka_status read_words(struct tenka_binder *b, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tenka_py_skip_lines(&b->r);
        TENKA_TRY(tenka_py_expect(&b->r, words[i], words[i]));
    }
    return TENKA_OK;
}

tenka_status tenka_export_read_head(struct tenka_binder *b)
{
    static const char *const words[] = {"ExportedProgram", ":", "class", "GraphModule", "(", "torch", ".", "nn", ".",
                                        "Module",          ")", ":"};
    return read_words(b, words, sizeof(words) / sizeof(*words));
}

/* ---- The table ---- */

/* key='value' or key=value behind an entry's kind. */
static tenka_status read_property(struct tenka_binder *b, struct tenka_export_entry *e)
{
    const struct tenka_py *value;
    const char *key;
    TENKA_TRY(tenka_py_name(&b->r, "target or persistent", &key));
    TENKA_TRY(tenka_py_expect(&b->r, "=", "'='"));
    const char *at = b->r.at;
    TENKA_TRY(tenka_py_read(&b->r, &value));
    if (strcmp(key, "target") == 0 && value->kind == TENKA_PY_STRING)
        e->target = value->word;
    else if (strcmp(key, "persistent") == 0 && (value->kind == TENKA_PY_TRUE || value->kind == TENKA_PY_FALSE))
        e->persistent = value->kind == TENKA_PY_TRUE ? "True" : "False";
    else
        return tenka_py_fail(&b->r, at, "expected target='...' or persistent=True");
    return TENKA_OK;
}

static tenka_status read_entry(struct tenka_binder *b, struct tenka_export_entry *e)
{
    e->at = b->r.at;
    TENKA_TRY(tenka_py_name(&b->r, "a name of the graph signature", &e->name));
    TENKA_TRY(tenka_py_expect(&b->r, ":", "':'"));
    TENKA_TRY(tenka_py_name(&b->r, "a kind, such as PARAMETER", &e->kind));
    while (*b->r.at != '\n' && *b->r.at != '\0')
        TENKA_TRY(read_property(b, e));
    tenka_py_skip_lines(&b->r);
    return TENKA_OK;
}

/* Outputs come after inputs; the comments that say so are passed over. */
static tenka_status read_entries(struct tenka_binder *b, struct tenka_export *x)
{
    struct tenka_export_entry **inputs = &x->inputs, **outputs = &x->outputs;
    tenka_py_skip_lines(&b->r);
    while (!tenka_py_is(&b->r, "Range")) {
        struct tenka_export_entry *e = tenka_py_alloc(&b->r, sizeof(*e));
        if (e == NULL)
            return TENKA_E_NOMEM;
        TENKA_TRY(read_entry(b, e));
        const bool output = strstr(e->kind, "OUTPUT") != NULL || strstr(e->kind, "MUTATION") != NULL;
        struct tenka_export_entry ***end = output ? &outputs : &inputs;
        **end = e;
        *end = &e->next;
        x->n_inputs += !output;
    }
    return TENKA_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct tenka_export_entry *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static tenka_status sort(struct tenka_binder *b, struct tenka_export *x)
{
    size_t n = 0;
    x->by_name = tenka_py_alloc(&b->r, (x->n_inputs + 1) * sizeof(*x->by_name));
    if (x->by_name == NULL)
        return TENKA_E_NOMEM;
    for (struct tenka_export_entry *e = x->inputs; e != NULL; e = e->next)
        x->by_name[n++] = e;
    qsort(x->by_name, n, sizeof(*x->by_name), by_name);
    for (size_t i = 1; i < n; i++)
        if (by_name(&x->by_name[i - 1], &x->by_name[i]) == 0)
            return tenka_py_fail(&b->r, x->by_name[i]->at, "the graph signature has %.100s twice", x->by_name[i]->name);
    return TENKA_OK;
}

struct tenka_export_entry *tenka_export_find(const struct tenka_export *x, const char *name)
{
    struct tenka_export_entry key = {.name = name}, *pointer = &key;
    struct tenka_export_entry **found = bsearch(&pointer, x->by_name, x->n_inputs, sizeof(*x->by_name), by_name);
    return found != NULL ? *found : NULL;
}

/* Each parameter of forward is in the table, and says what it is of. */
static tenka_status check_parameters(struct tenka_binder *b, const struct tenka_export *x)
{
    const struct tenka_py_parameter *p = b->graph->source.parameters;
    for (p = p != NULL ? p->next : NULL; p != NULL; p = p->next) {
        struct tenka_export_entry *e = tenka_export_find(x, p->name);
        if (e == NULL)
            return tenka_py_fail(&b->r, b->r.at, "the graph signature does not say what %.100s is", p->name);
        if (p->annotation == NULL || p->annotation->kind != TENKA_PY_STRING)
            return tenka_py_fail(&b->r, e->at, "forward does not show the type of %.100s", p->name);
        e->type = p->annotation;
    }
    return TENKA_OK;
}

/* What forward returns beside its results would be taken for them. */
static tenka_status check_outputs(struct tenka_binder *b, const struct tenka_export *x)
{
    for (const struct tenka_export_entry *e = x->outputs; e != NULL; e = e->next)
        if (strcmp(e->kind, "USER_OUTPUT") != 0)
            return tenka_py_fail(&b->r, e->at,
                                 "%.100s is a %.60s: print the program as torch.export.export gives it, without "
                                 "run_decompositions, of a model that changes none of its buffers",
                                 e->name, e->kind);
    return TENKA_OK;
}

tenka_status tenka_export_read_table(struct tenka_binder *b)
{
    static const char *const title[] = {"Graph", "signature", ":"}, *const ranges[] = {"Range", "constraints", ":"};
    struct tenka_export *x = b->graph->export = tenka_py_alloc(&b->r, sizeof(*x));
    if (x == NULL)
        return TENKA_E_NOMEM;
    TENKA_TRY(read_words(b, title, 3));
    tenka_py_skip_lines(&b->r);
    if (tenka_py_is(&b->r, "ExportGraphSignature"))
        return tenka_py_fail(&b->r, b->r.at,
                             "this table is of a PyTorch before 2.6; print the program with a newer one");
    TENKA_TRY(read_entries(b, x));
    TENKA_TRY(read_words(b, ranges, 3));
    TENKA_TRY(tenka_py_word(&b->r, strcspn(b->r.at, "\n"), &x->ranges));
    TENKA_TRY(sort(b, x));
    TENKA_TRY(check_outputs(b, x));
    return check_parameters(b, x);
}

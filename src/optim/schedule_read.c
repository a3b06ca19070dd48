/* Schedules by their text: a tree of calls. */
#include <float.h>
#include <math.h>

#include "optim/schedule.h"

/* What is being read. */
struct reading {
    struct tenka_py_reader r;
    size_t n_groups;
};

void tenka_schedule_free(struct tenka_schedule_node *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < TENKA_PY_MAX_ARGS; i++)
        tenka_free(n->list[i]);
    for (size_t i = 0; i < n->n_children; i++)
        tenka_schedule_free(n->child[i]);
    tenka_free(n->child);
    tenka_free(n->base);
    tenka_free(n);
}

static size_t count_of(const struct tenka_py *first)
{
    size_t count = 0;
    for (; first != NULL; first = first->next)
        count++;
    return count;
}

static bool is_list(const struct tenka_py *e)
{
    return e->kind == TENKA_PY_LIST || e->kind == TENKA_PY_TUPLE;
}

/* Numbers of a list, whole ones of milestones. */
static tenka_status read_list(struct reading *reading, struct tenka_schedule_node *n, size_t index,
                              const struct tenka_py *e, bool whole)
{
    const size_t count = count_of(e->child);
    n->list[index] = tenka_alloc_array(count + 1, sizeof(n->list[index][0]));
    if (n->list[index] == NULL)
        return tenka_fail_nomem(reading->r.err);
    for (const struct tenka_py *item = e->child; item != NULL; item = item->next) {
        double *const to = &n->list[index][n->n_list[index]++];
        if (!tenka_py_evaluate(item, to) || !(fabs(*to) <= DBL_MAX) || (whole && (*to != floor(*to) || *to < 0)))
            return tenka_py_fail(&reading->r, item->at, "%s: expected %s", n->name,
                                 whole ? "a whole number of at least 0" : "a number");
    }
    return TENKA_OK;
}

static tenka_status read_node(struct reading *reading, const struct tenka_py *e, struct tenka_schedule_node **out);

static tenka_status read_children(struct reading *reading, struct tenka_schedule_node *n, const struct tenka_py *e)
{
    if (!is_list(e) || e->child == NULL)
        return tenka_py_fail(&reading->r, e->at, "%s: expected a list of schedules", n->name);
    n->child = tenka_alloc_array(count_of(e->child), sizeof(n->child[0]));
    if (n->child == NULL)
        return tenka_fail_nomem(reading->r.err);
    for (const struct tenka_py *item = e->child; item != NULL; item = item->next)
        TENKA_TRY(read_node(reading, item, &n->child[n->n_children++]));
    return TENKA_OK;
}

/* A number for all groups, or a list with one for each; of milestones a list of any length. */
static tenka_status read_numbers(struct reading *reading, struct tenka_schedule_node *n, size_t index, const char *name,
                                 const struct tenka_py *e)
{
    const bool milestones = strcmp(name, "milestones") == 0;
    if (!is_list(e) && (milestones || !tenka_py_evaluate(e, &n->arg[index][0]) || !(fabs(n->arg[index][0]) <= DBL_MAX)))
        return tenka_py_fail(&reading->r, e->at, "%s: %s must be %s", n->name, name,
                             milestones ? "a list of whole numbers" : "a number, or a list with one for each group");
    if (!is_list(e))
        return TENKA_OK;
    TENKA_TRY(read_list(reading, n, index, e, milestones));
    if (!milestones && reading->n_groups > 0 && n->n_list[index] != reading->n_groups)
        return tenka_py_fail(&reading->r, e->at, "%s: %s has %zu numbers, but the optimizer has %zu parameter group%s",
                             n->name, name, n->n_list[index], reading->n_groups, reading->n_groups == 1 ? "" : "s");
    return n->n_list[index] > 0 || milestones ? TENKA_OK
                                              : tenka_py_fail(&reading->r, e->at, "%s: %s is empty", n->name, name);
}

static tenka_status fill(struct reading *reading, const struct tenka_py *e, struct tenka_schedule_node *n)
{
    struct tenka_py_call call;
    TENKA_TRY(tenka_py_take_call(&reading->r, e, tenka_schedule_calls, tenka_schedule_n_kinds, &call));
    const struct tenka_py_class *const class = &tenka_schedule_calls[call.which];
    n->kind = &tenka_schedule_kinds[call.which];
    n->name = class->name;
    n->state.step = -1;
    for (size_t i = 0; i < sizeof(n->arg) / sizeof(n->arg[0]); i++)
        memcpy(n->arg[i], call.arg[i], sizeof(n->arg[i]));
    for (size_t i = 0; i < class->n_args; i++) {
        if (class->args[i].kind != TENKA_PY_ARG_TREE || !call.given[i])
            continue;
        if (strcmp(class->args[i].name, "schedulers") == 0)
            TENKA_TRY(read_children(reading, n, call.tree[i]));
        else
            TENKA_TRY(read_numbers(reading, n, i, class->args[i].name, call.tree[i]));
    }
    const char *const objection = n->kind->objection != NULL ? n->kind->objection(n) : NULL;
    return objection == NULL ? TENKA_OK : tenka_py_fail(&reading->r, e->at, "%s: %s", n->name, objection);
}

static tenka_status read_node(struct reading *reading, const struct tenka_py *e, struct tenka_schedule_node **out)
{
    *out = tenka_alloc(sizeof(**out));
    if (*out == NULL)
        return tenka_fail_nomem(reading->r.err);
    (*out)->base = tenka_alloc_array(reading->n_groups + 1, sizeof((*out)->base[0]));
    return (*out)->base != NULL ? fill(reading, e, *out) : tenka_fail_nomem(reading->r.err);
}

tenka_status tenka_schedule_read(struct tenka_error *err, const char *text, size_t n_groups,
                                 struct tenka_schedule_node **out)
{
    struct tenka_arena arena = {0};
    struct reading reading = {.r = {.err = err, .what = "schedule", .text = text, .at = text, .arena = &arena},
                              .n_groups = n_groups};
    const struct tenka_py *e;
    *out = NULL;
    tenka_status status = tenka_py_read_whole(&reading.r, &e);
    if (status == TENKA_OK)
        status = read_node(&reading, e, out);
    tenka_arena_finish(&arena);
    if (status != TENKA_OK) {
        tenka_schedule_free(*out);
        *out = NULL;
    }
    return status;
}

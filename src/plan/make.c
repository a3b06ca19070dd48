/* Planning from its begin to its end. */
#include "plan/planner.h"

static tenka_status planner_init(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    const size_t n = record->n_values + 1;
    p->flush = record->n_entries > 0 && record->entries[record->n_entries - 1].kind == TENKA_ENTRY_FLUSH;
    p->map = tenka_alloc_array(n, sizeof(*p->map));
    p->grad = tenka_alloc_array(n, sizeof(*p->grad));
    p->mark = tenka_alloc_array(n, sizeof(*p->mark));
    p->root = tenka_alloc_array(n, sizeof(*p->root));
    if (p->map == NULL || p->grad == NULL || p->mark == NULL || p->root == NULL)
        return tenka_fail_nomem(p->err);
    for (size_t v = 0; v < n; v++)
        p->map[v] = TENKA_NONE_ID;
    return TENKA_OK;
}

static void planner_finish(struct tenka_planner *p)
{
    tenka_free(p->nodes);
    tenka_free(p->values);
    tenka_free(p->storages);
    tenka_free(p->constants);
    tenka_free(p->leaves);
    tenka_free(p->assigned);
    tenka_free(p->map);
    tenka_free(p->grad);
    tenka_free(p->mark);
    tenka_free(p->root);
}

static tenka_status make(struct tenka_planner *p, struct tenka_step_plan *out)
{
    TENKA_TRY(tenka_planner_list_assigned(p));
    TENKA_TRY(tenka_planner_expand(p));
    TENKA_TRY(tenka_planner_outputs(p));
    TENKA_TRY(tenka_planner_assigns(p));
    tenka_planner_drop_dead(p);
    TENKA_TRY(tenka_planner_fuse(p));
    TENKA_TRY(tenka_planner_split(p));
    TENKA_TRY(tenka_planner_layout(p, out));
    return tenka_planner_emit(p, out);
}

tenka_status tenka_plan_step(const struct tenka_record *record, const struct tenka_plan_target *target,
                             struct tenka_error *err, struct tenka_step_plan *out)
{
    struct tenka_planner p = {.record = record, .target = target, .err = err};
    *out = (struct tenka_step_plan){0};
    tenka_status s = planner_init(&p);
    if (s == TENKA_OK)
        s = make(&p, out);
    planner_finish(&p);
    if (s != TENKA_OK)
        tenka_step_plan_finish(out);
    return s;
}

void tenka_step_plan_finish(struct tenka_step_plan *plan)
{
    tenka_free(plan->nodes);
    tenka_free(plan->operands);
    tenka_free(plan->places);
    tenka_free(plan->constants);
    tenka_free(plan->scalar_kinds);
    tenka_free(plan->where);
    tenka_free(plan->descs);
    *plan = (struct tenka_step_plan){0};
}

/* Fills that need no kernel. */
#include "plan/fuse_engine.h"

/* One number that the plan itself knows, such as the 1 that gradients begin with, is sent with the scalars. */
bool tenka_fuse_constant(struct tenka_fuser *f, struct tenka_plan_node *fill)
{
    struct tenka_planner *p = f->p;
    const uint32_t out = tenka_node_value(fill, TENKA_OUT(0));
    struct tenka_storage *s = &p->storages[tenka_fuse_storage(f, out)];
    if (!fill->constant || tenka_shape_count(tenka_fuse_shape(f, out)) != 1 || s->keep ||
        s->place.kind != TENKA_PLACE_ARENA)
        return false;
    const double value = p->constants[fill->scalar];
    while (p->n_constants % TENKA_OPERAND_WORDS != 0 && !p->failed)
        tenka_planner_constants(p, &(double){0}, 1);
    const struct tenka_scalar_ref word = tenka_planner_constants(p, &value, 1);
    if (p->failed)
        return false;
    s->place.kind = TENKA_PLACE_INPUT;
    s->constant = word.index + 1;
    tenka_fuse_drop(f, fill);
    return true;
}

/* What the planner found out, in the form that backends take. */
#include "plan/planner.h"

#include <stdio.h>

static void emit_operands(const struct tenka_planner *p, struct tenka_step_plan *plan)
{
    for (size_t v = 0; v < p->n_values; v++) {
        const struct tenka_storage *s = &p->storages[p->values[v].storage];
        plan->places[v] = s->place;
        if (s->constant > 0)
            plan->places[v].offset =
                plan->input_bytes + (plan->n_log_scalars + s->constant - 1) * p->target->real_bytes;
        plan->places[v].offset += p->values[v].offset;
        plan->operands[v] = (struct tenka_operand){.offset = plan->places[v].offset,
                                                   .bytes = tenka_planner_bytes(p, &p->values[v].desc),
                                                   .desc = p->values[v].desc};
    }
}

static const char *owner_layer(const struct tenka_planner *p, const struct tenka_plan_node *node, uint32_t i)
{
    const struct tenka_entry *entry = &p->record->entries[node->owners[i]];
    return entry->n_values > 0 ? p->record->values[entry->first_value].layer : NULL;
}

/* "base_net.0 + base_net.1", without repeating one that came just before; the first is cut to fit, others must fit. */
static void name_layers(const struct tenka_planner *p, const struct tenka_plan_node *from, struct tenka_node *node)
{
    const char *last = NULL;
    size_t at = 0;
    for (uint32_t i = 0; i < from->n_owners; i++) {
        const char *layer = owner_layer(p, from, i);
        if (layer == NULL || layer == last || (at > 0 && at + strlen(layer) + sizeof " + " > sizeof(node->layer)))
            continue;
        snprintf(node->layer + at, sizeof(node->layer) - at, "%s%s", at > 0 ? " + " : "", layer);
        at = strlen(node->layer);
        last = layer;
    }
}

/* What no layer called, such as an update, belongs to the layer of the variable that it writes: "base_net.0" of
 * "base_net.0.weight". */
static void name_variables_layer(const struct tenka_planner *p, const struct tenka_plan_node *from,
                                 struct tenka_node *node)
{
    if (from->n_out == 0 || from->out[0] == TENKA_NONE_ID)
        return;
    const struct tenka_place *place = &p->storages[p->values[from->out[0]].storage].place;
    const char *name = place->kind == TENKA_PLACE_VARIABLE ? place->var->name : NULL;
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;
    if (dot != NULL)
        snprintf(node->layer, sizeof(node->layer), "%.*s", (int)(dot - name), name);
}

static void emit_node(const struct tenka_planner *p, const struct tenka_plan_node *from, struct tenka_step_plan *plan,
                      struct tenka_node *node)
{
    const size_t word = from->constant ? plan->n_log_scalars + from->scalar : from->scalar;
    *node = (struct tenka_node){
        .kernel = from->kernel,
        .stored = TENKA_STORED_f32,
        .n_in = from->n_in,
        .n_out = from->n_out,
        .scalars = plan->input_bytes + word * p->target->real_bytes,
    };
    memcpy(node->in, from->in, sizeof(node->in));
    memcpy(node->out, from->out, sizeof(node->out));
    memcpy(node->params, from->params, sizeof(node->params));
    /* The number is that of a call: for a gradient, of the forward call that it belongs to. */
    const char *act = tenka_act_name(tenka_kernel_act(node->kernel, node->params));
    snprintf(node->label, sizeof(node->label), "%s%s%s %u", tenka_passes[from->kernel].name, act != NULL ? "+" : "",
             act != NULL ? act : "", from->n_owners > 0 ? from->owners[from->n_owners - 1] : from->entry);
    node->phase = from->phase;
    name_layers(p, from, node);
    if (node->layer[0] == '\0')
        name_variables_layer(p, from, node);
}

/* What of the log can be read after the plan, and where. */
static void emit_where(const struct tenka_planner *p, struct tenka_step_plan *plan)
{
    const struct tenka_record *record = p->record;
    for (size_t v = 0; v < record->n_values; v++) {
        plan->descs[v] = record->values[v].desc;
        if (p->map[v] == TENKA_NONE_ID)
            continue;
        const struct tenka_storage *s = &p->storages[p->values[p->map[v]].storage];
        const bool overwritten = s->place.kind == TENKA_PLACE_VARIABLE &&
                                 tenka_planner_assigned(p, s->place.var) != NULL;
        if (!s->keep && (v >= record->n_spilled || overwritten))
            continue;
        plan->where[v] = s->place;
        plan->where[v].offset += p->values[p->map[v]].offset;
    }
}

static void emit_scalar_kinds(const struct tenka_record *record, struct tenka_step_plan *plan)
{
    for (size_t i = 0; i < record->n_entries; i++) {
        const struct tenka_entry *entry = &record->entries[i];
        const struct tenka_op_info *op = &tenka_ops[entry->op];
        if (entry->kind == TENKA_ENTRY_OP && op->n_scalars > 0)
            memcpy(plan->scalar_kinds + entry->first_scalar, op->scalars, op->n_scalars);
    }
}

static tenka_status allocate(const struct tenka_planner *p, struct tenka_step_plan *plan)
{
    plan->nodes = tenka_alloc_array(p->n_nodes + 1, sizeof(*plan->nodes));
    plan->operands = tenka_alloc_array(p->n_values + 1, sizeof(*plan->operands));
    plan->places = tenka_alloc_array(p->n_values + 1, sizeof(*plan->places));
    plan->constants = tenka_alloc_array(p->n_constants + 1, sizeof(*plan->constants));
    plan->scalar_kinds = tenka_alloc(plan->n_log_scalars + 1);
    plan->where = tenka_alloc_array(plan->n_where + 1, sizeof(*plan->where));
    plan->descs = tenka_alloc_array(plan->n_where + 1, sizeof(*plan->descs));
    const bool all = plan->nodes != NULL && plan->operands != NULL && plan->places != NULL && plan->constants != NULL &&
                     plan->scalar_kinds != NULL && plan->where != NULL && plan->descs != NULL;
    return all ? TENKA_OK : tenka_fail_nomem(p->err);
}

tenka_status tenka_planner_emit(const struct tenka_planner *p, struct tenka_step_plan *plan)
{
    plan->n_log_scalars = tenka_align(p->record->n_scalars, TENKA_OPERAND_WORDS); /* constants may be operands */
    plan->n_constants = p->n_constants;
    plan->n_where = p->record->n_values;
    plan->input_bytes = tenka_align(p->input_bytes, TENKA_OPERAND_ALIGN);
    TENKA_TRY(allocate(p, plan));
    if (p->n_constants > 0)
        memcpy(plan->constants, p->constants, p->n_constants * sizeof(*plan->constants));
    emit_scalar_kinds(p->record, plan);
    emit_operands(p, plan);
    for (size_t i = 0; i < p->n_nodes; i++)
        emit_node(p, &p->nodes[i], plan, &plan->nodes[i]);
    emit_where(p, plan);
    plan->plan = (struct tenka_plan){
        .nodes = plan->nodes,
        .n_nodes = p->n_nodes,
        .operands = plan->operands,
        .n_operands = p->n_values,
        .input_bytes = plan->input_bytes + (plan->n_log_scalars + plan->n_constants) * p->target->real_bytes,
        .name = "step",
    };
    return TENKA_OK;
}

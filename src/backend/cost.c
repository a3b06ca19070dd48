/* What nodes have to do, arithmetic and traffic, and what they are called, for those who time them. */
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"

uint64_t tenka_node_flops(const struct tenka_plan *plan, const struct tenka_node *node)
{
    const struct tenka_operand *first = &plan->operands[node->out[0]];
    return tenka_kernel_flops(node->kernel, node->params, tenka_shape_count(&first->desc.shape));
}

uint64_t tenka_node_bytes(const struct tenka_plan *plan, const struct tenka_node *node)
{
    const struct tenka_operand *first = &plan->operands[node->out[0]];
    uint64_t bytes = tenka_kernel_bytes(node->kernel, node->params, tenka_shape_count(&first->desc.shape));
    if (bytes > 0)
        return bytes;
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != TENKA_ABSENT)
            bytes += plan->operands[node->in[i]].bytes;
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != TENKA_ABSENT)
            bytes += plan->operands[node->out[i]].bytes;
    return bytes;
}

/* Appends as much as fits. */
static size_t append(char *out, size_t size, size_t at, const char *text)
{
    const int length = at < size ? snprintf(out + at, size - at, "%s", text) : 0;
    return at + (size_t)length;
}

static size_t append_shape(char *out, size_t size, size_t at, const struct tenka_shape *shape)
{
    char number[16];
    for (uint32_t i = 0; i < shape->rank; i++) {
        snprintf(number, sizeof(number), "%s%u", i > 0 ? "x" : "", shape->dim[i]);
        at = append(out, size, at, number);
    }
    return shape->rank > 0 ? at : append(out, size, at, "1");
}

const char *tenka_node_shapes(const struct tenka_plan *plan, const struct tenka_node *node, char *out, size_t size)
{
    size_t at = append(out, size, 0, "");
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != TENKA_ABSENT) {
            at = append_shape(out, size, at, &plan->operands[node->in[i]].desc.shape);
            at = append(out, size, at, " ");
        }
    at = append(out, size, at, "->");
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != TENKA_ABSENT) {
            at = append(out, size, at, " ");
            at = append_shape(out, size, at, &plan->operands[node->out[i]].desc.shape);
        }
    return out;
}

/* ---- Names ---- */

const char *tenka_phase_name(enum tenka_phase phase)
{
    static const char *const names[] = {
        [TENKA_PHASE_NONE] = "",
        [TENKA_PHASE_FORWARD] = "forward",
        [TENKA_PHASE_BACKWARD] = "backward",
        [TENKA_PHASE_UPDATE] = "update",
    };
    return names[phase];
}

const char *tenka_nodes_label(const struct tenka_node *first, uint32_t count, char *out, size_t size)
{
    if (count > 1)
        snprintf(out, size, "%s and %u more", first->label, count - 1);
    else
        snprintf(out, size, "%s", first->label);
    return out;
}

static bool named_before(const struct tenka_node *first, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(first[k].layer, first[i].layer) == 0)
            return true;
    return false;
}

const char *tenka_nodes_layer(const struct tenka_node *first, uint32_t count, char *out, size_t size)
{
    size_t at = append(out, size, 0, "");
    for (uint32_t i = 0; i < count; i++) {
        if (first[i].layer[0] == '\0' || named_before(first, i))
            continue;
        if (at + strlen(first[i].layer) + sizeof " +  ..." > size) {
            append(out, size, at, " ...");
            break;
        }
        at = append(out, size, at, at > 0 ? " + " : "");
        at = append(out, size, at, first[i].layer);
    }
    return out;
}

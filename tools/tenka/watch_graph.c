/* The network as the graph that TensorBoard draws: what runs, and where its inputs come from. */
#include <stdlib.h>
#include <string.h>

#include "train.h"
#include "watch.h"

struct graph {
    struct tenka_events_node *nodes; /* the first is the network's input */
    size_t n;
    const char **inputs; /* those of all nodes, one behind the other */
    size_t n_inputs;
};

static bool make_room(struct graph *g, size_t nodes, size_t inputs)
{
    g->nodes = calloc(nodes + 1, sizeof(g->nodes[0]));
    g->inputs = calloc(inputs + 1, sizeof(g->inputs[0]));
    return g->nodes != NULL && g->inputs != NULL;
}

static void drop(struct graph *g)
{
    for (size_t i = 0; i < g->n; i++)
        free((char *)(uintptr_t)g->nodes[i].name);
    free(g->nodes);
    free(g->inputs);
}

/* ---- Names ---- */

/* "add" of "torch.add"; operators have the names that torch.fx gives them, or their functions have in PyTorch. */
static const char *word_of(const char *function)
{
    static const char *const operators[][2] = {
        {"+", "add"},  {"-", "sub"},    {"*", "mul"}, {"/", "truediv"},  {"//", "floordiv"},
        {"**", "pow"}, {"@", "matmul"}, {"==", "eq"}, {"!=", "ne"},      {"<", "lt"},
        {"<=", "le"},  {">", "gt"},     {">=", "ge"}, {"[]", "getitem"}, {"[]_scatter", "slice_scatter"},
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(function, operators[i][0]) == 0)
            return operators[i][1];
    const char *const dot = strrchr(function, '.');
    return dot != NULL ? dot + 1 : function;
}

/* What a node's name may have in it: TensorFlow's names begin with a letter, a digit or a dot. */
static char name_letter(const char *path, const char *at)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (*at == '.')
        return '/';
    const bool good = strchr(letters, *at) != NULL || (at > path && strchr("_-", *at) != NULL);
    return good ? *at : at > path ? '_' : '.';
}

/* A path with slashes for dots, so that TensorBoard draws containers as boxes; of nodes with the same path, the second
 * gets ".2". */
static char *name_node(const struct graph *g, const char *path)
{
    const size_t length = strlen(path);
    char *const name = malloc(length + 24);
    size_t same = 1;
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++)
        name[i] = name_letter(path, path + i);
    name[length] = '\0';
    for (size_t i = 0; i < g->n; i++) {
        const char *const other = g->nodes[i].name;
        same += strncmp(other, name, length) == 0 && (other[length] == '\0' || other[length] == '.');
    }
    if (same > 1)
        snprintf(name + length, 24, ".%zu", same);
    return name;
}

static bool add_node(struct graph *g, const char *path, const char *operation, struct tenka_shape shape)
{
    struct tenka_events_node *const node = &g->nodes[g->n];
    *node = (struct tenka_events_node){
        .name = name_node(g, path), .operation = operation, .inputs = &g->inputs[g->n_inputs], .shape = shape};
    g->n += node->name != NULL;
    return node->name != NULL;
}

/* Of the node that was added last. */
static void add_input(struct graph *g, size_t number)
{
    g->inputs[g->n_inputs++] = g->nodes[number].name;
    g->nodes[g->n - 1].n_inputs++;
}

/* ---- Nodes ---- */

/* Of a network whose text shows forward: node k is its call of number k. */
static bool list_calls(struct graph *g, const struct tenka_call_info *calls, size_t count, struct tenka_shape input)
{
    size_t inputs = 0;
    for (size_t i = 0; i < count; i++)
        inputs += calls[i].n_inputs;
    if (!make_room(g, count + 1, inputs) || !add_node(g, "input", "Input", input))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct tenka_call_info *const call = &calls[i];
        const char *const word = call->path != NULL ? call->class_name : word_of(call->function);
        if (!add_node(g, call->path != NULL ? call->path : word, word, call->output))
            return false;
        for (size_t k = 0; k < call->n_inputs; k++)
            add_input(g, call->inputs[k]);
    }
    return true;
}

/* Of another: layers run one after the other. */
static bool list_layers(struct graph *g, const struct tenka_layer_info *layers, size_t count, struct tenka_shape input)
{
    if (!make_room(g, count + 1, count) || !add_node(g, "input", "Input", input))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *const path = layers[i].path[0] != '\0' ? layers[i].path : "network";
        if (layers[i].container)
            continue;
        if (!add_node(g, path, layers[i].class_name, layers[i].output))
            return false;
        add_input(g, g->n - 2);
    }
    return true;
}

/* ---- Writing ---- */

/* Nodes name what the lists hold. */
static tenka_status write_calls(tenka_events *events, tenka_module *net, struct tenka_shape input, size_t count)
{
    struct graph g = {0};
    struct tenka_call_info *const calls = calloc(count, sizeof(calls[0]));
    tenka_status status = calls != NULL ? tenka_module_calls(net, input, calls, count, &count) : TENKA_E_NOMEM;
    if (status == TENKA_OK)
        status = list_calls(&g, calls, count, input) ? tenka_events_graph(events, g.nodes, g.n) : TENKA_E_NOMEM;
    drop(&g);
    free(calls);
    return status;
}

static tenka_status write_layers(tenka_events *events, tenka_module *net, struct tenka_shape input)
{
    struct graph g = {0};
    size_t count = 0;
    tenka_status status = tenka_module_layers(net, input, NULL, 0, &count);
    struct tenka_layer_info *const layers = calloc(count + 1, sizeof(layers[0]));
    if (status == TENKA_OK)
        status = layers != NULL ? tenka_module_layers(net, input, layers, count, &count) : TENKA_E_NOMEM;
    if (status == TENKA_OK)
        status = list_layers(&g, layers, count, input) ? tenka_events_graph(events, g.nodes, g.n) : TENKA_E_NOMEM;
    drop(&g);
    free(layers);
    return status;
}

tenka_status events_graph(const struct session *s, tenka_events *events)
{
    const struct tenka_shape input = batch_shape(session_data(s), 2);
    size_t calls = 0;
    if (tenka_module_calls(s->net, input, NULL, 0, &calls) != TENKA_OK)
        return TENKA_OK;
    return calls > 0 ? write_calls(events, s->net, input, calls) : write_layers(events, s->net, input);
}

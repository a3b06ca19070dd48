/* Prints a graph as print(torch.export.export(model, (x,))) shows it, without the comments. */
#include "nn/export.h"

static void print_entries(struct tenka_text *out, const struct tenka_export_entry *e)
{
    for (; e != NULL; e = e->next) {
        tenka_text_add(out, "    %s: %s", e->name, e->kind);
        if (e->target != NULL)
            tenka_text_add(out, " target='%s'", e->target);
        if (e->persistent != NULL)
            tenka_text_add(out, " persistent=%s", e->persistent);
        tenka_text_add(out, "\n");
    }
}

void tenka_export_print(struct tenka_text *out, const struct tenka_graph *graph)
{
    const struct tenka_export *x = graph->export;
    tenka_text_add(out, "ExportedProgram:\n    class GraphModule(torch.nn.Module):\n        ");
    tenka_py_print_function(out, &graph->source, 8);
    tenka_text_add(out, "\n    \nGraph signature:\n    # inputs\n");
    print_entries(out, x->inputs);
    tenka_text_add(out, "    \n    # outputs\n");
    print_entries(out, x->outputs);
    tenka_text_add(out, "    \nRange constraints: %s\n", x->ranges);
}

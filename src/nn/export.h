/* Inside of networks from print(torch.export.export(...)): the table of names below the code, and the layers that calls
 * of aten's functions were made by. */
#ifndef TENKA_NN_EXPORT_H
#define TENKA_NN_EXPORT_H

#include "nn/binder.h"

/* A line of the table: "p_fc_weight: PARAMETER target='fc.weight'". */
struct tenka_export_entry {
    const char *name, *kind;
    const char *target;                /* in the state_dict; NULL: none */
    const char *persistent;            /* "True" or "False"; NULL: not said */
    const char *at;                    /* in the text */
    const struct tenka_py *type;       /* of the parameter of forward: "f32[10, 8]"; NULL: none */
    const char *layer;                 /* of a weight: the text of the layer that a call is one of; NULL: of none */
    bool mixed;                        /* of a weight: its calls are not all of one layer */
    struct tenka_export_entry *weight; /* that of the layer which has the target; NULL: it is of no layer */
    struct tenka_export_entry *next;
};

struct tenka_export {
    struct tenka_export_entry *inputs, *outputs;
    struct tenka_export_entry **by_name; /* of the inputs, sorted */
    size_t n_inputs;
    const char *ranges; /* behind "Range constraints:" */
    uint32_t batch;     /* images in the example; 0: any number */
    uint64_t room;      /* elements that the parameters may yet have */
};

/* ---- export_read.c: what stands at b->r.at, which goes behind it ---- */

bool tenka_export_is(const char *text);
/* The lines before forward. */
tenka_status tenka_export_read_head(struct tenka_binder *b);
/* The table below it. */
tenka_status tenka_export_read_table(struct tenka_binder *b);
/* The input of that name; NULL: there is none. */
struct tenka_export_entry *tenka_export_find(const struct tenka_export *e, const char *name);

/* ---- export_layers.c ---- */

/* Makes the modules that the table's targets and the code's calls tell of. Errors: E_FORMAT, E_NOMEM, E_DEVICE. */
tenka_status tenka_export_make(struct tenka_binder *b);
/* The layer whose forward a call is, and the index of its tensor among the arguments; NULL: none. */
tenka_module *tenka_export_layer(struct tenka_binder *b, const struct tenka_py *call, size_t *input);

/* ---- export_print.c ---- */

void tenka_export_print(struct tenka_text *out, const struct tenka_graph *graph);

#endif

/* Inside of the pickle's interpreter: its stack, its memo, and what names mean. */
#ifndef TENKA_IO_PICKLE_MACHINE_H
#define TENKA_IO_PICKLE_MACHINE_H

#include "io/pickle.h"

/* What calling a name does. */
enum tenka_pickle_call {
    TENKA_PICKLE_CALL_OPAQUE, /* nothing: it is not known */
    TENKA_PICKLE_CALL_NONE,   /* it is a storage class, which nobody calls */
    TENKA_PICKLE_CALL_DICT,
    TENKA_PICKLE_CALL_TENSOR,
    TENKA_PICKLE_CALL_PARAMETER,
    TENKA_PICKLE_CALL_FROM_TYPE,
};

struct tenka_pickle_name {
    const char *module, *name;
    enum tenka_pickle_call call;
    const char *dtype; /* of a storage class or a dtype */
};

struct tenka_pickle_machine {
    struct tenka_error *err;
    const char *where;
    struct tenka_arena *arena;
    const unsigned char *bytes;
    size_t size, at, opcode; /* opcode: where the current one stands */
    struct tenka_pickle_value **stack, **memo;
    size_t depth, stack_capacity, memo_capacity;
    size_t memoized; /* values that MEMOIZE or PUT has remembered */
    size_t *marks;   /* depths */
    size_t n_marks, marks_capacity;
    size_t n_values;
    struct tenka_pickle_storage *storages;
};

/* "WHERE: the pickle, at byte N: WHAT", as E_FORMAT. */
tenka_status tenka_pickle_fail(const struct tenka_pickle_machine *m, const char *what);

/* ---- Values (pickle_values.c). Errors of all: E_FORMAT, E_NOMEM. ---- */

tenka_status tenka_pickle_push(struct tenka_pickle_machine *m, struct tenka_pickle_value *v);
tenka_status tenka_pickle_push_new(struct tenka_pickle_machine *m, enum tenka_pickle_kind kind,
                                   struct tenka_pickle_value **out);
tenka_status tenka_pickle_push_integer(struct tenka_pickle_machine *m, enum tenka_pickle_kind kind, int64_t integer);
tenka_status tenka_pickle_push_opaque(struct tenka_pickle_machine *m, const char *what,
                                      const struct tenka_pickle_name *maker);
/* The top of the stack, above the last mark. */
tenka_status tenka_pickle_top(struct tenka_pickle_machine *m, struct tenka_pickle_value **out);
tenka_status tenka_pickle_pop(struct tenka_pickle_machine *m, struct tenka_pickle_value **out);
/* what: the sentence when the value is of another kind. */
tenka_status tenka_pickle_pop_kind(struct tenka_pickle_machine *m, enum tenka_pickle_kind kind, const char *what,
                                   struct tenka_pickle_value **out);
tenka_status tenka_pickle_mark(struct tenka_pickle_machine *m);
/* Takes everything above the last mark: *count values that stay at *values until the next push. */
tenka_status tenka_pickle_pop_mark(struct tenka_pickle_machine *m, struct tenka_pickle_value ***values, size_t *count);
/* The last value, or else the last mark. */
tenka_status tenka_pickle_drop(struct tenka_pickle_machine *m);
tenka_status tenka_pickle_add_items(struct tenka_pickle_machine *m, struct tenka_pickle_value *to,
                                    struct tenka_pickle_value *const *values, size_t count);
/* A tuple of the last count values, or of those above the last mark. */
tenka_status tenka_pickle_tuple(struct tenka_pickle_machine *m, size_t count);
tenka_status tenka_pickle_tuple_of_marked(struct tenka_pickle_machine *m);
/* Puts the last item, or a DICT's last key and value, or what stands above the last mark, into the value of that kind
 * below. An OPAQUE one takes anything and keeps nothing. */
tenka_status tenka_pickle_add_single(struct tenka_pickle_machine *m, enum tenka_pickle_kind kind);
tenka_status tenka_pickle_add_marked(struct tenka_pickle_machine *m, enum tenka_pickle_kind kind);
tenka_status tenka_pickle_put(struct tenka_pickle_machine *m, uint64_t index);
tenka_status tenka_pickle_get(struct tenka_pickle_machine *m, uint64_t index);

/* ---- Names (pickle_names.c). Errors of all: E_FORMAT, E_NOMEM. ---- */

tenka_status tenka_pickle_push_name(struct tenka_pickle_machine *m, const char *module, const char *name);
/* A persistent id becomes a storage. */
tenka_status tenka_pickle_persistent(struct tenka_pickle_machine *m);
/* Calls what lies below a tuple of arguments: makes a dict or a tensor, else an opaque value. */
tenka_status tenka_pickle_reduce(struct tenka_pickle_machine *m);

#endif

/* Calls of known classes, such as "SGD(lr=0.1, momentum=0.9)": PyTorch's argument names and defaults are rows of
 * tables. */
#ifndef TENKA_PYTHON_ARGUMENTS_H
#define TENKA_PYTHON_ARGUMENTS_H

#include "python/python.h"

enum tenka_py_arg_kind {
    TENKA_PY_ARG_REAL,
    TENKA_PY_ARG_WHOLE,
    TENKA_PY_ARG_FLAG, /* True or False: 1 or 0 */
    TENKA_PY_ARG_WORD, /* the index of one of `words`, with quotes or without */
    TENKA_PY_ARG_PAIR, /* two reals */
    /* A WORD, or a member of an enumeration by that name (Mode.MEAN), in capitals or small letters, or the index. */
    TENKA_PY_ARG_MEMBER,
    /* A number, or a tuple or list of them, whole ones with TENKA_PY_ARG_INTEGERS; `words` are the counts that there may
     * be, 0 for a number without brackets, and words: "0|1|3|random". */
    TENKA_PY_ARG_NUMBERS,
    TENKA_PY_ARG_TREE, /* any expression, kept as it is */
    TENKA_PY_ARG_ANY,  /* whatever it is, it changes no result */
};

enum tenka_py_arg_flags {
    TENKA_PY_ARG_REQUIRED = 1,
    TENKA_PY_ARG_FIXED = 2,   /* known in PyTorch, but only the fallback is supported */
    TENKA_PY_ARG_KEYWORD = 4, /* by its name alone */
    TENKA_PY_ARG_INTEGERS = 8,
    TENKA_PY_ARG_NONE = 16, /* may be None, though the fallback is a number */
};

struct tenka_py_arg {
    const char *name;
    enum tenka_py_arg_kind kind;
    unsigned flags;
    double fallback[2]; /* NaN: None; of NUMBERS two numbers, or one and NaN */
    double least, most; /* of each number; -DBL_MAX, DBL_MAX: any */
    const char *words;  /* "mean|sum" */
};

#define TENKA_PY_MAX_ARGS 16
#define TENKA_PY_MAX_NUMBERS 4

struct tenka_py_class {
    const char *name;
    const struct tenka_py_arg *args;
    size_t n_args; /* at most TENKA_PY_MAX_ARGS */
    size_t passed; /* arguments that may stand first and that somebody else provides, such as an optimizer's params */
};

/* Of NUMBERS that are None, and that are a word, whose index among `words` is arg[0]. */
enum { TENKA_PY_NO_NUMBERS = -1, TENKA_PY_A_WORD = -2 };

struct tenka_py_call {
    size_t which;                                        /* of the classes */
    double arg[TENKA_PY_MAX_ARGS][TENKA_PY_MAX_NUMBERS]; /* in the order of the class's args; NaN: None */
    int count[TENKA_PY_MAX_ARGS];                   /* of NUMBERS: how many there are in brackets; 0: one without */
    const struct tenka_py *tree[TENKA_PY_MAX_ARGS]; /* of TREEs; NULL: not given */
    bool given[TENKA_PY_MAX_ARGS];
};

/* Reads a text that is one call of one of the classes, which may be written with the modules before it
 * (torch.optim.SGD).
 *   what  for sentences, such as "optimizer"
 * Errors: E_FORMAT with line, column and what is known; E_NOMEM. */
tenka_status tenka_py_read_call(struct tenka_error *err, const char *what, const char *text,
                                const struct tenka_py_class *classes, size_t n_classes, struct tenka_py_call *out);

/* Reads an expression that is the whole text. Errors: E_FORMAT with line and column, E_NOMEM. */
tenka_status tenka_py_read_whole(struct tenka_py_reader *r, const struct tenka_py **out);
/* The same of a call, or the name of a class without one, that was read by r.
 * Errors: E_FORMAT with line, column and what is known. */
tenka_status tenka_py_take_call(const struct tenka_py_reader *r, const struct tenka_py *call,
                                const struct tenka_py_class *classes, size_t n_classes, struct tenka_py_call *out);

/* The value of a number, or of what is computed of numbers: 0.1 / 256, -100. Whether it is one. */
bool tenka_py_evaluate(const struct tenka_py *e, double *out);

/* Letters that must be put in, taken out or changed to make one name of another, whose case does not count; SIZE_MAX
 * for names of more than TENKA_PY_NEAR letters. */
#define TENKA_PY_NEAR 40
size_t tenka_py_distance(const char *a, const char *b);

#endif

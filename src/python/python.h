/* Python as PyTorch prints it: call expressions, such as "SGD(lr=0.1)", and the straight-line code of a traced
 * network's forward. Read into trees, and printed as PyTorch does. Nothing is run here. */
#ifndef TENKA_PYTHON_H
#define TENKA_PYTHON_H

#include "core/core.h"
#include "python/text.h"

enum tenka_py_kind {
    TENKA_PY_ABSENT, /* a bound of a slice that is not given */
    TENKA_PY_NONE,
    TENKA_PY_FALSE,
    TENKA_PY_TRUE,
    TENKA_PY_INT,       /* integer */
    TENKA_PY_FLOAT,     /* number; inf and nan are names */
    TENKA_PY_STRING,    /* word without its quotes, which are `quote` */
    TENKA_PY_NAME,      /* word */
    TENKA_PY_ATTRIBUTE, /* the first child's attribute word */
    TENKA_PY_CALL,      /* the first child is called with the others; KEYWORDs come last */
    TENKA_PY_KEYWORD,   /* the argument word, which is the child */
    TENKA_PY_SUBSCRIPT, /* an element of the first child: the second, a TUPLE without parentheses if `bare` */
    TENKA_PY_SLICE,     /* begin, end and step, as many as were written */
    TENKA_PY_TUPLE,
    TENKA_PY_LIST,
    TENKA_PY_DICT,   /* key, value, key, value */
    TENKA_PY_UNARY,  /* the operator word, "-" or "+", before the child */
    TENKA_PY_BINARY, /* the operator word between two children: + - * / // % @ ** */
};

/* An expression. It lies, as all that it points to, in the arena that it was read into. */
struct tenka_py {
    enum tenka_py_kind kind;
    char quote;
    bool bare;
    int height;     /* levels below it */
    const char *at; /* where it begins in the text, which must still be there for messages */
    int64_t integer;
    double number;
    const char *word; /* of numbers: as they were written */
    const struct tenka_py *child, *next;
};

/* How many expressions begin with that one, which are linked by next. */
static inline size_t tenka_py_count(const struct tenka_py *e)
{
    size_t n = 0;
    for (; e != NULL; e = e->next)
        n++;
    return n;
}

/* target = target = value, with or without an annotation of the only target. The targets are linked by next: names and
 * tuples of names, or one SUBSCRIPT. */
struct tenka_py_line {
    const struct tenka_py *targets; /* NULL: the value alone, as of a call */
    const struct tenka_py *annotation, *value;
    const struct tenka_py_line *next;
};

struct tenka_py_parameter {
    const char *name;
    const struct tenka_py *annotation, *fallback; /* NULL: none */
    const struct tenka_py_parameter *next;
};

/* def name(parameters) -> annotation: lines, and what the last one returns. */
struct tenka_py_function {
    const struct tenka_py_line *before; /* calls before def, as torch.fx prints them */
    const char *name;
    const struct tenka_py_parameter *parameters;
    const struct tenka_py *annotation; /* NULL: none */
    const struct tenka_py_line *lines;
    const struct tenka_py *result;
};

/* A place in a text. */
struct tenka_py_reader {
    struct tenka_error *err;
    const char *what; /* for sentences, such as "network text" */
    const char *text, *at;
    struct tenka_arena *arena;
    int depth;    /* of the expression that is being read */
    int brackets; /* that are open: newlines are spaces there */
};

/* ---- read.c: what stands at r->at, which goes behind it. Errors: E_FORMAT with line and column, E_NOMEM ---- */

tenka_status tenka_py_read(struct tenka_py_reader *r, const struct tenka_py **out);
/* The same between brackets. */
tenka_status tenka_py_read_inside(struct tenka_py_reader *r, const struct tenka_py **out);
/* One, or several without parentheses, which are a tuple. */
tenka_status tenka_py_read_values(struct tenka_py_reader *r, const struct tenka_py **out);

/* ---- function.c ---- */

/* From the lines before "def" on to the end of the one that returns. */
tenka_status tenka_py_read_function(struct tenka_py_reader *r, struct tenka_py_function *out);

/* The parameters of a function, up to the text's end or a parenthesis, which stays. The name of one that takes all
 * arguments that are left begins with a star. */
tenka_status tenka_py_read_parameters(struct tenka_py_reader *r, const struct tenka_py_parameter **out);

/* ---- words.c ---- */

/* The sentence, with line and column of at, as E_FORMAT. */
tenka_status tenka_py_fail(const struct tenka_py_reader *r, const char *at, const char *format, ...) TENKA_PRINTF(3, 4);
/* Says what stands at r->at instead of what was expected. */
tenka_status tenka_py_fail_expected(const struct tenka_py_reader *r, const char *expected);
/* Spaces and comments; newlines between brackets, too. */
void tenka_py_skip(struct tenka_py_reader *r);
/* Spaces, comments and newlines. */
void tenka_py_skip_lines(struct tenka_py_reader *r);
/* A piece of text that must stand there, with the spaces after it; tenka_py_is: whether it does. */
tenka_status tenka_py_expect(struct tenka_py_reader *r, const char *piece, const char *expected);
bool tenka_py_is(struct tenka_py_reader *r, const char *piece);
/* The bytes of the name that begins there; 0: none does. */
size_t tenka_py_name_length(const char *at);
/* Copied into the arena, with the spaces after it passed over. */
tenka_status tenka_py_word(struct tenka_py_reader *r, size_t length, const char **out);
tenka_status tenka_py_name(struct tenka_py_reader *r, const char *expected, const char **out);
void *tenka_py_alloc(struct tenka_py_reader *r, size_t bytes); /* zeroed; NULL: r->err has E_NOMEM */

/* ---- print.c ---- */

/* Add the text of an expression and of a function, as torch.fx prints them: there each value is forgotten in the line
 * that uses it last. Lines behind the first begin with indent spaces and 4 more. */
void tenka_py_print(struct tenka_text *out, const struct tenka_py *e);
void tenka_py_print_function(struct tenka_text *out, const struct tenka_py_function *f, int indent);

#endif

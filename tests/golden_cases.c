/* Reads golden_cases.h's cases. */
#include "golden_cases.h"

#include <zlib.h>

#define MAX_BYTES (64u << 20)
#define MAX_NUMBERS (1u << 20)

void golden_open(struct golden_file *file, const char *path)
{
    gzFile in = gzopen(path, "rb");
    size_t bytes = 0;
    int n;
    if (in == NULL)
        fail_msg("cannot open %s", path);
    *file = (struct golden_file){.text = malloc(MAX_BYTES + 1)};
    assert_non_null(file->text);
    while ((n = gzread(in, file->text + bytes, (unsigned)(MAX_BYTES - bytes))) > 0)
        bytes += (size_t)n;
    gzclose(in);
    if (n < 0)
        fail_msg("%s is damaged", path);
    file->text[bytes] = 0;
    file->at = file->text;
}

void golden_close(struct golden_file *file)
{
    free(file->text);
    *file = (struct golden_file){0};
}

/* The next line without its end, or NULL. */
static char *next_line(struct golden_file *file)
{
    char *const line = file->at, *const end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = 0;
    file->at = end + 1;
    return line;
}

static void bad_line(const struct golden_case *c, const char *line)
{
    fail_msg("%s, %s: the golden file has a line that means nothing: %.60s", c->name, c->why, line);
}

/* What goes into an operator is float32, written in as few digits as tell it from its neighbours. */
static double read_short(const char *p, char **end)
{
    return (double)strtof(p, end);
}

/* "2x3x4" or "-", and as many numbers. */
static void read_numbers(const struct golden_case *c, const char *line, const char *p, enum tenka_dtype dtype,
                         double (*read)(const char *, char **), struct golden_numbers *out)
{
    char *end;
    if (out->given)
        bad_line(c, line);
    *out = (struct golden_numbers){.given = true, .dtype = dtype, .count = 1};
    while (*p != '-' && out->shape.rank < TENKA_MAX_RANK) {
        out->shape.dim[out->shape.rank] = (uint32_t)strtoul(p, &end, 10);
        out->count *= out->shape.dim[out->shape.rank++];
        p = end + 1;
        if (*end != 'x')
            break;
    }
    if (*p == '-' && out->shape.rank == 0)
        p += 2;
    if (out->count == 0 || out->count > MAX_NUMBERS)
        bad_line(c, line);
    out->value = malloc(out->count * sizeof(*out->value));
    assert_non_null(out->value);
    for (size_t i = 0; i < out->count; i++, p = end) {
        out->value[i] = read(p, &end);
        if (end == p)
            bad_line(c, line);
    }
    if (*p != 0)
        bad_line(c, line);
}

static void read_input(struct golden_case *c, const char *line, const char *role, const char *rest)
{
    if (c->n_in == GOLDEN_MAX_IN)
        bad_line(c, line);
    struct golden_input *const in = &c->in[c->n_in++];
    if (strcmp(role, "none") == 0)
        return;
    in->differentiated = strcmp(role, "var") == 0;
    const enum tenka_dtype dtype = strcmp(role, "i32") == 0  ? TENKA_I32
                                   : strcmp(role, "u8") == 0 ? TENKA_U8
                                                             : TENKA_F32;
    if (dtype == TENKA_F32 && !in->differentiated && strcmp(role, "const") != 0 && strcmp(role, "buffer") != 0)
        bad_line(c, line);
    read_numbers(c, line, rest, dtype, read_short, &in->numbers);
}

static void read_options(struct golden_case *c, const char *line, const char *p)
{
    for (char *end; *p != 0; p = end) {
        if (c->n_options == GOLDEN_MAX_OPTIONS)
            bad_line(c, line);
        c->option[c->n_options++] = strtod(p, &end);
        if (end == p)
            bad_line(c, line);
    }
}

/* grad and after name an input by its place. */
static struct golden_input *named_input(struct golden_case *c, const char *line, const char *place)
{
    const unsigned long i = strtoul(place, NULL, 10);
    if (i >= c->n_in || !c->in[i].numbers.given)
        bad_line(c, line);
    return &c->in[i];
}

static void read_line(struct golden_case *c, const char *line)
{
    char word[16] = "", second[16] = "";
    int from = 0;
    if (strncmp(line, "options ", 8) == 0) {
        read_options(c, line, line + 7);
        return;
    }
    if (sscanf(line, "%15s %15s %n", word, second, &from) != 2)
        bad_line(c, line);
    if (strcmp(word, "in") == 0)
        read_input(c, line, second, line + from);
    else if (strcmp(word, "y") == 0)
        read_numbers(c, line, line + from, strcmp(second, "i32") == 0 ? TENKA_I32 : TENKA_F32, strtod, &c->y);
    else if (strcmp(word, "dy") == 0)
        read_numbers(c, line, line + from, TENKA_F32, read_short, &c->dy);
    else if (strcmp(word, "grad") == 0)
        read_numbers(c, line, line + from, TENKA_F32, strtod, &named_input(c, line, second)->grad);
    else if (strcmp(word, "after") == 0)
        read_numbers(c, line, line + from, TENKA_F32, strtod, &named_input(c, line, second)->after);
    else
        bad_line(c, line);
}

static bool begin_case(struct golden_file *file, const char *line, struct golden_case *c)
{
    char kind[8];
    size_t cases;
    *c = (struct golden_case){0};
    if (sscanf(line, "cases %zu", &cases) == 1) {
        assert_int_equal(file->cases, cases);
        return false;
    }
    if (sscanf(line, "case %31s %7s %159[^\n]", c->name, kind, c->why) != 3)
        bad_line(c, line);
    c->kind = strcmp(kind, "tiny") == 0 ? GOLDEN_TINY : strcmp(kind, "far") == 0 ? GOLDEN_FAR : GOLDEN_PLAIN;
    file->cases++;
    return true;
}

bool golden_next(struct golden_file *file, struct golden_case *c)
{
    char *line = next_line(file);
    while (line != NULL && line[0] == '#')
        line = next_line(file);
    if (line == NULL)
        fail_msg("the golden file ends too early, after %zu cases", file->cases);
    if (!begin_case(file, line, c))
        return false;
    while ((line = next_line(file)) != NULL && strcmp(line, "end") != 0)
        read_line(c, line);
    if (line == NULL)
        fail_msg("the golden file ends in the middle of %s, %s", c->name, c->why);
    return true;
}

void golden_free(struct golden_case *c)
{
    for (size_t i = 0; i < c->n_in; i++) {
        free(c->in[i].numbers.value);
        free(c->in[i].grad.value);
        free(c->in[i].after.value);
    }
    free(c->y.value);
    free(c->dy.value);
    *c = (struct golden_case){0};
}

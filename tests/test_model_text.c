/* Networks as PyTorch prints them (tests/golden/model_text.txt): text and back, state_dict names, shapes, counts. */
#include "inputs.h"

#define MAX_LINE 4096
#define MAX_LAYERS_HERE 128

static const char *golden_path;

/* A model of the golden file, read line by line. */
struct model {
    FILE *file;
    tenka_ctx *ctx;
    tenka_module *net;
    char name[MAX_LINE], text[65536];
    struct tenka_shape input;
    struct tenka_state_entry state[64];
    struct tenka_layer_info layers[MAX_LAYERS_HERE];
    size_t n_state, n_layers, seen_state, seen_layers;
    bool totalled;
};

static bool next_line(FILE *file, char line[MAX_LINE])
{
    if (fgets(line, MAX_LINE, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* The part of a line after its n-th tab, cut at the next one. */
static char *field(char *line, int n)
{
    static char copies[4][MAX_LINE];
    char *at = line;
    for (int i = 0; i < n; i++) {
        at = strchr(at, '\t');
        assert_non_null(at);
        at++;
    }
    snprintf(copies[n], MAX_LINE, "%s", at);
    copies[n][strcspn(copies[n], "\t")] = '\0';
    return copies[n];
}

static struct tenka_shape parse_shape(const char *text)
{
    uint32_t dim[TENKA_MAX_RANK];
    size_t rank = 0;
    char *end;
    for (const char *at = text; *at >= '0' && *at <= '9'; at = *end == ' ' ? end + 1 : end) {
        assert_true(rank < TENKA_MAX_RANK);
        dim[rank++] = (uint32_t)strtoul(at, &end, 10);
    }
    return tenka_shape_make(rank, dim);
}

static void assert_shape(const struct model *m, const char *what, struct tenka_shape have, const char *text)
{
    const struct tenka_shape want = parse_shape(text);
    if (have.rank != want.rank || memcmp(have.dim, want.dim, sizeof(want.dim)) != 0)
        fail_msg("%s: %s has another shape than %s", m->name, what, text);
}

static void read_text(struct model *m, size_t lines)
{
    char line[MAX_LINE];
    size_t length = 0;
    for (size_t i = 0; i < lines; i++) {
        assert_true(next_line(m->file, line));
        length += (size_t)snprintf(m->text + length, sizeof(m->text) - length, "%s%s", i > 0 ? "\n" : "", line);
        assert_true(length < sizeof(m->text));
    }
}

static void parse_model(struct model *m, size_t lines)
{
    read_text(m, lines);
    if (tenka_nn_parse(m->ctx, m->text, &m->net) != TENKA_OK)
        fail_msg("%s: %s", m->name, tenka_last_error(m->ctx));
    char *const again = tenka_module_text(m->net);
    assert_string_equal(again, m->text);
    tenka_text_free(again);
    m->n_state = tenka_module_state(m->net, m->state, 64);
    if (tenka_module_layers(m->net, m->input, m->layers, MAX_LAYERS_HERE, &m->n_layers) != TENKA_OK)
        fail_msg("%s: %s", m->name, tenka_last_error(m->ctx));
    assert_true(m->n_state <= 64 && m->n_layers <= MAX_LAYERS_HERE);
}

static void compare_state(struct model *m, char *line)
{
    const char *const name = field(line, 1);
    assert_true(m->seen_state < m->n_state);
    const struct tenka_state_entry *const entry = &m->state[m->seen_state++];
    assert_string_equal(entry->name, name);
    assert_int_equal(entry->var == NULL, entry->number != NULL);
    assert_shape(m, name, entry->var != NULL ? tenka_variable_shape(entry->var) : tenka_shape_make(0, NULL),
                 field(line, 2));
    assert_ptr_equal(tenka_module_find(m->net, name), entry->var);
}

static void compare_module(struct model *m, char *line)
{
    assert_true(m->seen_layers < m->n_layers);
    const struct tenka_layer_info *const layer = &m->layers[m->seen_layers++];
    char *const class_name = strchr(strchr(line, '\t') + 1, '\t') + 1;
    char *const shape = strchr(class_name, '\t') + 1, *const count = strchr(shape, '\t') + 1;
    assert_string_equal(layer->path, field(line, 1));
    assert_string_equal(layer->class_name, field(line, 2));
    assert_int_equal(layer->parameters, strtoull(count, NULL, 10));
    /* A ModuleList runs nowhere in PyTorch, so that it has no output there. */
    if (shape[0] != '-')
        assert_shape(m, layer->path, layer->output, field(line, 3));
}

static void compare_total(struct model *m, char *line)
{
    uint64_t parameters = 0, trainable = 0;
    for (size_t i = 0; i < m->n_layers; i++) {
        parameters += m->layers[i].parameters;
        trainable += m->layers[i].trainable;
    }
    m->totalled = true;
    assert_int_equal(parameters, strtoull(field(line, 1), NULL, 10));
    assert_int_equal(tenka_module_parameter_count(m->net), parameters);
    /* Text does not say what is frozen. */
    if (strcmp(m->name, "frozen") != 0)
        assert_int_equal(trainable, strtoull(field(line, 2), NULL, 10));
}

static void end_model(struct model *m)
{
    assert_int_equal(m->seen_state, m->n_state);
    assert_int_equal(m->seen_layers, m->n_layers);
    assert_true(m->totalled);
    tenka_module_destroy(&m->net);
}

static void compare_line(struct model *m, char *line)
{
    if (strncmp(line, "model\t", 6) == 0) {
        const struct model next = {.file = m->file, .ctx = m->ctx};
        *m = next;
        snprintf(m->name, sizeof(m->name), "%s", field(line, 1));
    } else if (strncmp(line, "input\t", 6) == 0) {
        m->input = parse_shape(field(line, 1));
    } else if (strncmp(line, "text\t", 5) == 0) {
        parse_model(m, strtoul(field(line, 1), NULL, 10));
    } else if (strncmp(line, "state\t", 6) == 0) {
        compare_state(m, line);
    } else if (strncmp(line, "module\t", 7) == 0) {
        compare_module(m, line);
    } else if (strncmp(line, "total\t", 6) == 0) {
        compare_total(m, line);
    } else if (strcmp(line, "end") == 0) {
        end_model(m);
    } else {
        assert_int_equal(line[0], '#');
    }
}

static void test_golden_texts(void **state)
{
    (void)state;
    static struct model m;
    char line[MAX_LINE];
    int models = 0;
    m.file = fopen(golden_path, "r");
    assert_non_null(m.file);
    m.ctx = cpu(0);
    while (next_line(m.file, line)) {
        compare_line(&m, line);
        models += strcmp(line, "end") == 0;
    }
    assert_true(models >= 13);
    assert_null(m.net);
    fclose(m.file);
    tenka_ctx_destroy(&m.ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden_texts)};
    if (argc != 2)
        return 2;
    golden_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}

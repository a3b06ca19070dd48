/* Networks from text, as print(model) writes them or as people type them:
 *
 *   layers    = { layer | "," }
 *   layer     = [ "(" name ")" ":" [ count "x" ] ] class "(" ( arguments | layers ) ")"
 *   arguments = [ argument { "," argument } ]
 *   argument  = [ name "=" ] value
 *   value     = number | "(" numbers ")" | "[" numbers "]" | True | False | None | word | 'word'
 *   numbers   = [ number { "," number } [ "," ] ]
 *
 * A class may be written nn.Conv2d or torch.nn.Conv2d. The name of a counted layer is a range: "(0-2): 3 x ReLU()" is
 * how newer versions of PyTorch print a ModuleList of equal layers. Words are read by parse_words.c, arguments by
 * parse_arguments.c. */
#include <stdio.h>
#include <stdlib.h>

#include "nn/export.h"
#include "nn/parser.h"

/* More than a network within the limits of layer.h is printed with. */
#define MAX_TEXT (8 * 1024 * 1024)

/* What went wrong while a layer was made, with the place of the layer; device and memory troubles have none. */
static tenka_status fail_layer(const struct tenka_parser *p, const char *at, tenka_status status)
{
    if (status != TENKA_E_INVALID && status != TENKA_E_SHAPE)
        return status;
    const struct tenka_error last = *p->err;
    return tenka_parse_fail(p, at, last.text);
}

static tenka_status read_layers(struct tenka_parser *p, tenka_module *container);

static tenka_status make_layer(struct tenka_parser *p, const char *at, const struct tenka_layer_type *type,
                               struct tenka_layer_values *values, tenka_module **out)
{
    tenka_status status = tenka_layer_complete(p->err, type, values);
    if (status != TENKA_OK)
        return fail_layer(p, at, status);
    const uint64_t elements = type->elements != NULL ? type->elements(values) : 0;
    if (elements > p->max_elements - p->elements)
        return tenka_parse_fail(p, at, "the network has more parameters than the file has room for");
    p->elements += elements;
    status = tenka_layer_make(p->ctx, type, values, out);
    return status == TENKA_OK ? TENKA_OK : fail_layer(p, at, status);
}

/* Where a layer belongs. */
struct place {
    tenka_module *container; /* NULL: nowhere yet */
    const char *name;        /* "": its index */
    const char *at;          /* in the text */
};

/* The layer is the container's from now on, also on failure. */
static tenka_status put(const struct tenka_parser *p, const struct place *place, tenka_module *layer)
{
    if (place->container == NULL)
        return TENKA_OK;
    const tenka_status status = tenka_nn_append(place->container, place->name[0] != '\0' ? place->name : NULL, layer);
    return status == TENKA_OK ? TENKA_OK : fail_layer(p, place->at, status);
}

/* Before a container is made. */
static tenka_status check_depth(const struct tenka_parser *p)
{
    return p->depth < TENKA_MAX_NESTING ? TENKA_OK : tenka_parse_fail(p, p->at, "layers are nested too deeply");
}

/* Children of a container, whose place is known, up to the closing parenthesis. */
static tenka_status read_body(struct tenka_parser *p, tenka_module *container)
{
    p->depth++;
    tenka_status status = read_layers(p, container);
    if (status == TENKA_OK)
        status = tenka_parse_expect(p, ')', "a layer or ')'");
    p->depth--;
    return status;
}

/* A layer with arguments, behind which its children may come. */
static tenka_status read_parent(struct tenka_parser *p, const struct place *place, const char *at,
                                const struct tenka_layer_type *type, tenka_module **out)
{
    struct tenka_layer_values values = {0};
    TENKA_TRY(check_depth(p));
    TENKA_TRY(tenka_parse_arguments(p, type, &values));
    TENKA_TRY(make_layer(p, at, type, &values, out));
    TENKA_TRY(put(p, place, *out));
    tenka_status status = read_body(p, *out);
    if (status == TENKA_OK)
        status = fail_layer(p, at, type->complete(*out));
    if (status != TENKA_OK && place->container == NULL)
        tenka_module_destroy(out);
    return status;
}

static tenka_status read_leaf(struct tenka_parser *p, const struct place *place, const char *at,
                              const struct tenka_layer_type *type, tenka_module **out)
{
    struct tenka_layer_values values = {0};
    TENKA_TRY(tenka_parse_arguments(p, type, &values));
    TENKA_TRY(tenka_parse_expect(p, ')', "')'"));
    TENKA_TRY(make_layer(p, at, type, &values, out));
    return put(p, place, *out);
}

/* The container finds its place before its children come, so that each of them is named once. */
static tenka_status read_container(struct tenka_parser *p, const struct place *place, const char *class_name,
                                   tenka_module **out)
{
    TENKA_TRY(check_depth(p));
    TENKA_TRY(tenka_container_make(p->ctx, class_name, out));
    TENKA_TRY(put(p, place, *out));
    const tenka_status status = read_body(p, *out);
    if (status != TENKA_OK && place->container == NULL)
        tenka_module_destroy(out);
    return status;
}

/* Whether layers follow, and not arguments: "(name): ...", "Class(" or "nn.Class(". */
static bool layers_follow(const struct tenka_parser *p)
{
    size_t n = 0;
    if (*p->at == '(')
        return true;
    while (tenka_parse_is_word(p->at[n]) || p->at[n] == '.')
        n++;
    return n > 0 && tenka_parse_is_letter(*p->at) && p->at[n] == '(';
}

static bool has_forward(const char *text)
{
    return strstr(text, "\ndef forward(") != NULL;
}

/* PyTorch's other containers, which are known when they are empty too; a Module without children is what torch.fx makes
 * of a class that has parameters alone. The whole may be a class without any, whose forward is shown. */
static bool may_be_empty(const struct tenka_parser *p, const struct place *place, const char *class_name)
{
    if (*p->at != ')')
        return false;
    if (place->container == NULL && has_forward(p->text))
        return true;
    return strcmp(class_name, "ModuleList") == 0 || strcmp(class_name, "ModuleDict") == 0 ||
           strcmp(class_name, "Module") == 0;
}

/* print(model) shows a module that is no layer of PyTorch's by its name; torch.fx by what it does. */
static bool is_printed_model(const char *text)
{
    return strstr(text, "\n  (") != NULL && !has_forward(text);
}

static tenka_status fail_unknown(const struct tenka_parser *p, const char *at, const char *class_name)
{
    char names[700], sentence[900];
    const char *const meant = tenka_layer_mistyped(class_name);
    if (meant == NULL && is_printed_model(p->text))
        tenka_say(
            tenka_ctx_log(p->ctx), TENKA_LOG_WARNING,
            "network text: it does not show what %.60s does; print(torch.fx.symbolic_trace(model)) does, where it "
            "is no layer of PyTorch's own",
            class_name);
    snprintf(sentence, sizeof(sentence), "%.60s is no known layer%s%s%s; known are %s", class_name,
             meant != NULL ? " (do you mean " : "", meant != NULL ? meant : "", meant != NULL ? "?)" : "",
             tenka_layer_names(names, sizeof(names)));
    return tenka_parse_fail(p, at, sentence);
}

/* On failure *out is the container's, or there is none. */
static tenka_status read_layer(struct tenka_parser *p, const struct place *place, tenka_module **out)
{
    char class_name[TENKA_MAX_LAYER_NAME];
    const char *const start = p->at;
    /* One may hold all others. */
    if (++p->layers > TENKA_MAX_LAYERS + 1)
        return tenka_parse_fail(p, p->at, "there are too many layers");
    TENKA_TRY(tenka_parse_class(p, class_name));
    TENKA_TRY(tenka_parse_expect(p, '(', "'(' after the layer's class"));
    const struct tenka_layer_type *const type = tenka_layer_find(class_name);
    if (type != NULL && type->complete != NULL)
        return read_parent(p, place, start, type, out);
    if (type != NULL && !type->container)
        return read_leaf(p, place, start, type, out);
    if (type == NULL && !layers_follow(p) && !may_be_empty(p, place, class_name))
        return fail_unknown(p, start, class_name);
    if (type == NULL)
        tenka_say(tenka_ctx_log(p->ctx), TENKA_LOG_DEBUG, "network text: %s is taken for a Sequential", class_name);
    return read_container(p, place, class_name, out);
}

static void skip_separators(struct tenka_parser *p)
{
    p->at += strspn(p->at, " \t\r\n,");
}

static tenka_status read_child(struct tenka_parser *p, tenka_module *container, const char *name)
{
    const struct place place = {.container = container, .name = name, .at = p->at};
    tenka_module *child;
    return read_layer(p, &place, &child);
}

/* Whether "3 x " stands here, which is then left behind. */
static bool read_count(struct tenka_parser *p, unsigned long *count)
{
    const size_t digits = strspn(p->at, "0123456789"), space = strspn(p->at + digits, " ");
    if (digits == 0 || digits > 6 || p->at[digits + space] != 'x' || p->at[digits + space + 1] != ' ')
        return false;
    *count = strtoul(p->at, NULL, 10);
    p->at += digits + space + 1;
    tenka_parse_skip_space(p);
    return true;
}

/* The same layer count times, named by the numbers of a range such as "0-2". */
static tenka_status read_children(struct tenka_parser *p, tenka_module *container, const char *at, const char *range,
                                  unsigned long count)
{
    unsigned long first = 0, last = 0;
    int length = 0;
    if (sscanf(range, "%6lu-%6lu%n", &first, &last, &length) != 2 || range[length] != '\0' || last < first ||
        last - first + 1 != count)
        return tenka_parse_fail(p, at, "expected as many numbers in the name's range as layers are counted");
    const char *const body = p->at;
    for (unsigned long i = first; i <= last; i++) {
        char name[24];
        snprintf(name, sizeof(name), "%lu", i);
        p->at = body;
        TENKA_TRY(read_child(p, container, name));
    }
    return TENKA_OK;
}

/* Layers up to the end of the text or a closing parenthesis, which stays. */
static tenka_status read_layers(struct tenka_parser *p, tenka_module *container)
{
    for (skip_separators(p); *p->at != '\0' && *p->at != ')'; skip_separators(p)) {
        char name[TENKA_MAX_LAYER_NAME];
        unsigned long count;
        const char *const start = p->at;
        TENKA_TRY(tenka_parse_child_name(p, name));
        if (name[0] != '\0' && read_count(p, &count))
            TENKA_TRY(read_children(p, container, start, name, count));
        else
            TENKA_TRY(read_child(p, container, name));
    }
    return TENKA_OK;
}

/* Whether what torch.fx prints behind the layers stands here. */
static bool code_follows(const struct tenka_parser *p)
{
    return strncmp(p->at, "def ", 4) == 0 || strncmp(p->at, "torch.fx.", 9) == 0 || *p->at == '#';
}

/* One layer without a name is the network itself, with its forward if that is shown; anything else becomes the children of a Sequential. */
static tenka_status read_network(struct tenka_parser *p, tenka_module **out)
{
    const char *const start = p->at;
    char name[TENKA_MAX_LAYER_NAME];
    const struct place nowhere = {.container = NULL};
    tenka_module *first = NULL;
    if (tenka_export_is(p->at)) {
        TENKA_TRY(tenka_container_make(p->ctx, "GraphModule", out));
        return tenka_graph_read(*out, p->text, p->at, p->max_elements);
    }
    TENKA_TRY(tenka_parse_child_name(p, name));
    TENKA_TRY(read_layer(p, &nowhere, &first));
    skip_separators(p);
    if (name[0] == '\0' && (*p->at == '\0' || code_follows(p))) {
        *out = first;
        return *p->at == '\0' ? TENKA_OK : tenka_graph_read(first, p->text, p->at, p->max_elements);
    }
    tenka_status status = tenka_container_make(p->ctx, NULL, out);
    if (status != TENKA_OK) {
        tenka_module_destroy(&first);
        return status;
    }
    const struct place root = {.container = *out, .name = name, .at = start};
    TENKA_TRY(put(p, &root, first));
    TENKA_TRY(read_layers(p, *out));
    return *p->at == '\0' ? TENKA_OK : tenka_parse_fail_expected(p, "a layer or the end");
}

static tenka_status check_characters(const struct tenka_parser *p)
{
    size_t length;
    for (const char *c = p->text; *c != '\0'; c += length) {
        length = tenka_utf8_length(c);
        if (length == 0)
            return tenka_parse_fail(p, c, "expected text in UTF-8, found a byte that is none");
    }
    return TENKA_OK;
}

tenka_status tenka_nn_parse_limited(tenka_ctx *ctx, const char *text, uint64_t max_elements, tenka_module **out)
{
    struct tenka_parser p = {
        .ctx = ctx, .err = tenka_ctx_error(ctx), .text = text, .at = text, .max_elements = max_elements};
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    *out = NULL;
    if (strlen(text) > MAX_TEXT)
        return tenka_fail(p.err, TENKA_E_FORMAT, "network text: %zu bytes are too many; the limit is %d", strlen(text),
                          MAX_TEXT);
    TENKA_TRY(check_characters(&p));
    skip_separators(&p);
    const tenka_status status = read_network(&p, out);
    if (status != TENKA_OK) {
        tenka_module_destroy(out);
        *tenka_ctx_rng(ctx) = before;
    }
    return status;
}

tenka_status tenka_nn_parse(tenka_ctx *ctx, const char *text, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    if (text == NULL || out == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "nn_parse: text or out is NULL");
    TENKA_TRY(tenka_nn_parse_limited(ctx, text, UINT64_MAX, out));
    tenka_module_warn_of_classes(*out);
    return TENKA_OK;
}

const char *tenka_nn_reference_text(void)
{
    return "Net(\n"
           "  (base_net): Sequential(\n"
           "    (0): Conv2d(1, 20, kernel_size=(5, 5), stride=(1, 1))\n"
           "    (1): ReLU()\n"
           "    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
           "    (3): Conv2d(20, 40, kernel_size=(5, 5), stride=(1, 1))\n"
           "    (4): ReLU()\n"
           "  )\n"
           "  (classfier): Sequential(\n"
           "    (0): Linear(in_features=2560, out_features=100, bias=True)\n"
           "    (1): ReLU()\n"
           "    (2): Linear(in_features=100, out_features=10, bias=True)\n"
           "    (3): LogSoftmax(dim=1)\n"
           "  )\n"
           ")";
}

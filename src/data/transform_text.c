/* Transforms from text: calls of torchvision's classes, and lists of them. */
#include <ctype.h>
#include <math.h>

#include "data/transform.h"

#define PRINTED_CROP "RandomResizedCrop"
#define MOST_DEPTH 256

/* ---- What print() shows, as Python ---- */

/* The bracket that stands open at a place of the text. */
struct brackets {
    const char *open[MOST_DEPTH];
    size_t depth;
};

static char *skip_string(char *at)
{
    const char ends[] = {*at, '\n', '\0'};
    at += 1 + strcspn(at + 1, ends);
    return *at == ends[0] ? at : at - 1;
}

/* Of the next thing in the text behind spaces, newlines and comments. */
static char *next_thing(char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at != '#')
            return at;
        at += strcspn(at, "\n");
    }
}

/* Puts a comma between last and the line's next thing where one begins: in place of a space, so that all else stays
 * where it is. */
static void part(char *last, char *next)
{
    const bool ends = isalnum((unsigned char)*last) || strchr(")]}'\"", *last) != NULL;
    if (!ends || (!isalpha((unsigned char)*next) && *next != '_') || memchr(last, '\n', (size_t)(next - last)) == NULL)
        return;
    if (strchr(" \t\r\n", last[1]) != NULL && (last[1] != '\n' || strchr(" \t", next[-1]) == NULL))
        last[1] = ',';
    else if (strchr(" \t", next[-1]) != NULL)
        next[-1] = ',';
}

/* Some versions print RandomResizedCrop(size=..., interpolation=bilinear), antialias=None). */
static bool ends_early(const struct brackets *b, const char *text, const char *at)
{
    static const char rest[] = "), antialias=";
    const size_t length = strlen(PRINTED_CROP);
    const char *const open = b->depth > 0 ? b->open[b->depth - 1] : text;
    return (size_t)(open - text) >= length && strncmp(open - length, PRINTED_CROP, length) == 0 &&
           strncmp(at, rest, strlen(rest)) == 0;
}

void tenka_transform_as_python(char *text)
{
    struct brackets b = {.depth = 0};
    char *last = text;
    for (char *at = next_thing(text); *at != '\0'; at = next_thing(at + 1)) {
        if (b.depth > 0 && at > text)
            part(last, at);
        if (*at == '\'' || *at == '"')
            at = skip_string(at);
        else if (strchr("([{", *at) != NULL && b.depth < MOST_DEPTH)
            b.open[b.depth++] = at;
        else if (*at == ')' && ends_early(&b, text, at))
            *at = ' ';
        else if (strchr(")]}", *at) != NULL && b.depth > 0)
            b.depth--;
        last = at;
    }
}

/* ---- Steps ---- */

struct reading {
    struct tenka_py_reader r;
    tenka_transform *out;
};

/* Of torchvision, too, but not here. */
static const struct {
    const char *name, *why;
} refused[] = {
    {"FiveCrop", "it makes five pictures of one"},
    {"TenCrop", "it makes ten pictures of one"},
    {"Lambda", "its function is not in the text"},
    {"ToPILImage", "pictures are what transforms begin with; leave it out"},
    {"LinearTransformation", "its matrix is not in the text"},
    {"ElasticTransform", "take RandomAffine or RandomPerspective"},
    {"AugMix", "take RandAugment or TrivialAugmentWide"},
};

static struct tenka_step *make_step(struct reading *t, size_t kind)
{
    struct tenka_step *const step = tenka_arena_alloc(&t->out->arena, sizeof(*step));
    if (step == NULL) {
        tenka_fail_nomem(t->r.err);
        return NULL;
    }
    step->kind = (enum tenka_step_kind)kind;
    step->position = t->out->steps++;
    return step;
}

static tenka_status read_step(struct reading *t, const struct tenka_py *e, enum tenka_stage *stage,
                              struct tenka_step **out);

/* ---- Steps in steps ---- */

struct list {
    struct tenka_step *step, **end;
    enum tenka_stage begin, stage; /* of the container; of the next step */
    bool listed, weighed;
};

static bool is_random_container(enum tenka_step_kind kind)
{
    return kind == TENKA_STEP_APPLY || kind == TENKA_STEP_CHOICE || kind == TENKA_STEP_ORDER;
}

/* Bytes stay bytes, and tensors tensors, whatever is drawn. */
static tenka_status check_alike(const struct reading *t, const struct tenka_py *e, const struct list *list)
{
    const unsigned bytes = TENKA_STAGE_PICTURE | TENKA_STAGE_BYTES;
    const bool same = list->begin == list->stage;
    const bool alike = same || ((list->begin & bytes) == 0 && (list->stage & bytes) == 0);
    if (!is_random_container(list->step->kind) || (list->step->kind == TENKA_STEP_ORDER ? same : alike))
        return TENKA_OK;
    return tenka_py_fail(&t->r, e->at,
                         "%s may not have a transform that others depend on, such as ToTensor(): write "
                         "it behind",
                         tenka_step_classes[list->step->kind].name);
}

static tenka_status add_step(struct reading *t, const struct tenka_py *e, struct list *list)
{
    enum tenka_stage stage = list->step->kind == TENKA_STEP_CHOICE ? list->begin : list->stage;
    TENKA_TRY(read_step(t, e, &stage, list->end));
    list->stage = stage > list->stage ? stage : list->stage;
    list->end = &(*list->end)->next;
    list->step->children++;
    return check_alike(t, e, list);
}

static tenka_status add_list(struct reading *t, const struct tenka_py *e, struct list *list)
{
    const char *const name = tenka_step_classes[list->step->kind].name;
    if (list->listed || list->step->child != NULL)
        return tenka_py_fail(&t->r, e->at, "%s: transforms are given twice", name);
    if (e->kind != TENKA_PY_LIST && e->kind != TENKA_PY_TUPLE)
        return tenka_py_fail(&t->r, e->at, "%s: transforms must be a list, such as [ToTensor()]", name);
    list->listed = true;
    for (const struct tenka_py *each = e->child; each != NULL; each = each->next)
        TENKA_TRY(add_step(t, each, list));
    return TENKA_OK;
}

/* RandomApply's probability. */
static tenka_status read_p(struct reading *t, const struct tenka_py *e, struct list *list)
{
    double *const p = list->step->arg[0];
    if (!tenka_py_evaluate(e, p) || !(*p >= 0 && *p <= 1))
        return tenka_py_fail(&t->r, e->at, "RandomApply: p must be a number from 0.0 to 1.0");
    return TENKA_OK;
}

/* RandomChoice's weights. */
static tenka_status read_weights(struct reading *t, const struct tenka_py *e, struct list *list)
{
    const bool listed = e->kind == TENKA_PY_LIST || e->kind == TENKA_PY_TUPLE;
    double *weight = tenka_arena_alloc(&t->out->arena, (tenka_py_count(e->child) + 1) * sizeof(*weight));
    if (weight == NULL)
        return tenka_fail_nomem(t->r.err);
    list->step->weights = weight;
    double sum = 0;
    for (const struct tenka_py *each = listed ? e->child : NULL; each != NULL; each = each->next, weight++) {
        if (!tenka_py_evaluate(each, weight) || !(*weight >= 0 && *weight <= 1e6))
            return tenka_py_fail(&t->r, each->at, "RandomChoice: p must have numbers of at least 0.0");
        sum += *weight;
    }
    if (!(sum > 0))
        return tenka_py_fail(&t->r, e->at, "RandomChoice: p must be None or a list with a number above 0 in it");
    list->step->weights[tenka_py_count(e->child)] = -1; /* the end, until it is compared with the transforms */
    return TENKA_OK;
}

static tenka_status read_chance(struct reading *t, const struct tenka_py *e, struct list *list)
{
    if (list->weighed)
        return tenka_py_fail(&t->r, e->at, "%s: p is given twice", tenka_step_classes[list->step->kind].name);
    list->weighed = true;
    if (list->step->kind == TENKA_STEP_APPLY)
        return read_p(t, e, list);
    return e->kind == TENKA_PY_NONE ? TENKA_OK : read_weights(t, e, list);
}

static tenka_status read_list_argument(struct reading *t, const struct tenka_py *e, struct list *list)
{
    const struct tenka_py_class *const of = &tenka_step_classes[list->step->kind];
    const bool chance = list->step->kind == TENKA_STEP_APPLY || list->step->kind == TENKA_STEP_CHOICE;
    if (e->kind == TENKA_PY_KEYWORD) {
        if (strcmp(e->word, "transforms") == 0)
            return add_list(t, e->child, list);
        if (chance && strcmp(e->word, "p") == 0)
            return read_chance(t, e->child, list);
        return tenka_py_fail(&t->r, e->at, "%s has no argument %.60s; it has transforms%s", of->name, e->word,
                             chance ? ", p" : "");
    }
    if (e->kind == TENKA_PY_CALL || e->kind == TENKA_PY_NAME || e->kind == TENKA_PY_ATTRIBUTE) {
        if (!list->listed)
            return add_step(t, e, list);
    } else if (!list->listed && list->step->child == NULL) {
        return add_list(t, e, list);
    } else if (chance) {
        return read_chance(t, e, list);
    }
    return tenka_py_fail(&t->r, e->at, "%s takes %s, and not this", of->name,
                         chance ? "a list of transforms and p" : "one list of transforms");
}

static tenka_status check_list(const struct reading *t, const struct tenka_py *e, const struct list *list)
{
    const struct tenka_step *const step = list->step;
    size_t weights = 0;
    while (step->weights != NULL && step->weights[weights] >= 0)
        weights++;
    if (step->weights != NULL && weights != step->children)
        return tenka_py_fail(&t->r, e->at, "RandomChoice: p has %zu numbers for %u transforms", weights,
                             step->children);
    if (step->kind == TENKA_STEP_CHOICE && step->children == 0)
        return tenka_py_fail(&t->r, e->at, "RandomChoice: there is no transform to choose from");
    return TENKA_OK;
}

/* more: the arguments of a second call, as in RandomChoice(...)(p=None). */
static tenka_status read_container(struct reading *t, const struct tenka_py *call, const struct tenka_py *more,
                                   enum tenka_stage *stage, struct tenka_step *step)
{
    struct list list = {.step = step, .end = &step->child, .begin = *stage, .stage = *stage};
    step->arg[0][0] = 0.5;
    for (const struct tenka_py *e = call->child->next; e != NULL; e = e->next)
        TENKA_TRY(read_list_argument(t, e, &list));
    for (const struct tenka_py *e = more; e != NULL; e = e->next)
        TENKA_TRY(read_list_argument(t, e, &list));
    *stage = list.stage;
    return check_list(t, call, &list);
}

/* ---- One step ---- */

static tenka_status check_known(const struct reading *t, const struct tenka_py *name)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (strcmp(name->word, refused[i].name) == 0)
            return tenka_py_fail(&t->r, name->at, "%s of torchvision is not supported: %s", name->word, refused[i].why);
    return TENKA_OK;
}

/* A step of a preset, whose arguments are in arg and count. */
static tenka_status add_preset_step(struct reading *t, const struct tenka_py *e, enum tenka_step_kind kind,
                                    const struct tenka_py_call *call, enum tenka_stage *stage, struct tenka_step ***end)
{
    struct tenka_step *const step = make_step(t, kind);
    if (step == NULL)
        return TENKA_E_NOMEM;
    memcpy(step->arg, call->arg, sizeof(step->arg));
    memcpy(step->count, call->count, sizeof(step->count));
    **end = step;
    *end = &step->next;
    TENKA_TRY(tenka_step_settle(&t->r, e, step));
    return tenka_step_check(&t->r, e, step, stage);
}

/* What the weights of torchvision's classifiers bring with them. Source: torchvision.transforms._presets. */
static tenka_status read_preset(struct reading *t, const struct tenka_py *e, const struct tenka_py_call *call,
                                enum tenka_stage *stage, struct tenka_step **out)
{
    static const double imagenet[2][3] = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    struct tenka_py_call resize = {.arg = {[RESIZE_SIZE] = {call->arg[PRESET_RESIZE][0]},
                                           [RESIZE_INTERPOLATION] = {call->arg[PRESET_INTERPOLATION][0]},
                                           [RESIZE_MAX] = {NAN}}};
    struct tenka_py_call crop = {.arg = {{call->arg[PRESET_CROP][0]}}}, none = {.which = 0}, normalize = {.which = 0};
    for (size_t i = 0; i < 2; i++) {
        const bool given = call->count[PRESET_MEAN + i] != TENKA_PY_NO_NUMBERS;
        memcpy(normalize.arg[i], given ? call->arg[PRESET_MEAN + i] : imagenet[i], sizeof(imagenet[i]));
        normalize.count[i] = given ? call->count[PRESET_MEAN + i] : 3;
    }
    *out = make_step(t, TENKA_STEP_COMPOSE);
    if (*out == NULL)
        return TENKA_E_NOMEM;
    struct tenka_step **end = &(*out)->child;
    (*out)->children = 5;
    TENKA_TRY(add_preset_step(t, e, TENKA_STEP_RESIZE, &resize, stage, &end));
    TENKA_TRY(add_preset_step(t, e, TENKA_STEP_CENTER_CROP, &crop, stage, &end));
    TENKA_TRY(add_preset_step(t, e, TENKA_STEP_PIL_TO_TENSOR, &none, stage, &end));
    TENKA_TRY(add_preset_step(t, e, TENKA_STEP_CONVERT, &none, stage, &end));
    return add_preset_step(t, e, TENKA_STEP_NORMALIZE, &normalize, stage, &end);
}

static tenka_status read_arguments(struct reading *t, const struct tenka_py *e, enum tenka_stage *stage,
                                   struct tenka_step **out)
{
    struct tenka_py_call call;
    TENKA_TRY(tenka_py_take_call(&t->r, e, tenka_step_classes, TENKA_STEP_KINDS, &call));
    if (call.which == TENKA_STEP_PRESET)
        return read_preset(t, e, &call, stage, out);
    *out = make_step(t, call.which);
    if (*out == NULL)
        return TENKA_E_NOMEM;
    memcpy((*out)->arg, call.arg, sizeof((*out)->arg));
    memcpy((*out)->count, call.count, sizeof((*out)->count));
    TENKA_TRY(tenka_step_settle(&t->r, e, *out));
    return tenka_step_check(&t->r, e, *out, stage);
}

static size_t find_container(const struct tenka_py *name)
{
    size_t kind = 0;
    while (kind < TENKA_STEP_RESIZE && strcmp(name->word, tenka_step_classes[kind].name) != 0)
        kind++;
    return kind;
}

static tenka_status read_step(struct reading *t, const struct tenka_py *e, enum tenka_stage *stage,
                              struct tenka_step **out)
{
    const bool twice = e->kind == TENKA_PY_CALL && e->child->kind == TENKA_PY_CALL;
    const struct tenka_py *const call = twice ? e->child : e, *const more = twice ? e->child->next : NULL;
    const struct tenka_py *const name = call->kind == TENKA_PY_CALL ? call->child : call;
    if (name->kind != TENKA_PY_NAME && name->kind != TENKA_PY_ATTRIBUTE)
        return tenka_py_fail(&t->r, e->at, "expected a transform, such as ToTensor()");
    TENKA_TRY(check_known(t, name));
    const size_t kind = find_container(name);
    if (kind == TENKA_STEP_RESIZE || call->kind != TENKA_PY_CALL)
        return twice ? tenka_py_fail(&t->r, more != NULL ? more->at : e->at, "%.60s is called twice", name->word)
                     : read_arguments(t, e, stage, out);
    *out = make_step(t, kind);
    return *out != NULL ? read_container(t, call, more, stage, *out) : TENKA_E_NOMEM;
}

static tenka_status read_whole(struct reading *t)
{
    const struct tenka_py *e;
    enum tenka_stage stage = TENKA_STAGE_PICTURE;
    tenka_py_skip_lines(&t->r);
    if (*t->r.at == '\0')
        return tenka_py_fail(&t->r, t->r.at, "the text is empty; write Compose([ToTensor()])");
    TENKA_TRY(tenka_py_read(&t->r, &e));
    tenka_py_skip_lines(&t->r);
    if (*t->r.at != '\0')
        return tenka_py_fail_expected(&t->r, "the end of the text");
    return read_step(t, e, &stage, &t->out->root);
}

tenka_status tenka_transform_read(struct tenka_error *err, const char *text, tenka_transform *out)
{
    struct tenka_arena arena = {0};
    char *const python = tenka_strdup(text);
    if (python == NULL)
        return tenka_fail_nomem(err);
    tenka_transform_as_python(python);
    struct reading t = {.r = {.err = err, .what = "transform", .text = python, .at = python, .arena = &arena},
                        .out = out};
    const tenka_status status = read_whole(&t);
    tenka_arena_finish(&arena);
    tenka_free(python);
    return status;
}

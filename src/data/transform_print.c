/* Transforms as torchvision's print() shows them. */
#include <math.h>

#include "data/transform.h"

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* Numbers that people write whole where they are. */
static bool is_plain_number(const struct tenka_py_arg *arg)
{
    static const char *const names[] = {"fill", "value", "center", "threshold", NULL};
    return (arg->flags & TENKA_PY_ARG_INTEGERS) != 0 || is_one_of(arg->name, names);
}

static void print_number(struct tenka_text *out, const struct tenka_py_arg *arg, double x)
{
    char text[TENKA_NUMBER_TEXT];
    if (is_plain_number(arg) && x == floor(x))
        tenka_text_add(out, "%.0f", x);
    else
        tenka_text_add(out, "%s", tenka_number_text(x, text));
}

static void print_numbers(struct tenka_text *out, const struct tenka_py_arg *arg, const double *v, int count)
{
    static const char *const listed[] = {"degrees", "shear", NULL};
    const bool list = is_one_of(arg->name, listed);
    if (count <= 0) {
        print_number(out, arg, v[0]);
        return;
    }
    tenka_text_add(out, list ? "[" : "(");
    for (int i = 0; i < count; i++) {
        tenka_text_add(out, i > 0 ? ", " : "");
        print_number(out, arg, v[i]);
    }
    tenka_text_add(out, list ? "]" : count == 1 ? ",)" : ")");
}

/* The word of an argument that has an index of it. */
static void print_word(struct tenka_text *out, const struct tenka_py_arg *arg, double index, bool capitals)
{
    const char *at = arg->words;
    for (; index > 0; index--)
        at += strcspn(at, "|") + 1;
    for (size_t i = 0, length = strcspn(at, "|"); i < length; i++)
        tenka_text_add(out, "%c", capitals && at[i] >= 'a' && at[i] <= 'z' ? at[i] - 'a' + 'A' : at[i]);
}

static void print_member(struct tenka_text *out, const struct tenka_step *step, const struct tenka_py_arg *arg,
                         double index)
{
    const bool policy = strcmp(arg->name, "policy") == 0;
    const bool full = policy || step->kind == TENKA_STEP_RAND_AUGMENT || step->kind == TENKA_STEP_TRIVIAL_AUGMENT ||
                      step->kind == TENKA_STEP_AUTO_AUGMENT;
    if (full)
        tenka_text_add(out, policy ? "AutoAugmentPolicy." : "InterpolationMode.");
    print_word(out, arg, index, full);
}

static void print_value(struct tenka_text *out, const struct tenka_step *step, size_t i)
{
    const struct tenka_py_arg *const arg = &tenka_step_classes[step->kind].args[i];
    const double *const v = step->arg[i];
    const bool none = arg->kind == TENKA_PY_ARG_NUMBERS ? step->count[i] == TENKA_PY_NO_NUMBERS : isnan(v[0]);
    if (arg->kind == TENKA_PY_ARG_ANY)
        tenka_text_add(out, strcmp(arg->name, "antialias") == 0 ? "True" : "False");
    else if (none)
        tenka_text_add(out, "None");
    else if (arg->kind == TENKA_PY_ARG_FLAG)
        tenka_text_add(out, v[0] != 0 ? "True" : "False");
    else if (arg->kind == TENKA_PY_ARG_MEMBER)
        print_member(out, step, arg, v[0]);
    else if (arg->kind == TENKA_PY_ARG_WORD || (arg->kind == TENKA_PY_ARG_NUMBERS && step->count[i] == TENKA_PY_A_WORD))
        print_word(out, arg, v[0], false);
    else if (arg->kind == TENKA_PY_ARG_NUMBERS)
        print_numbers(out, arg, v, step->count[i]);
    else if (arg->kind == TENKA_PY_ARG_WHOLE)
        tenka_text_add(out, "%.0f", v[0]);
    else
        print_number(out, arg, v[0]);
}

/* Whether an argument is what it would be if it were not given. */
static bool is_default(const struct tenka_step *step, size_t i)
{
    const struct tenka_py_arg *const arg = &tenka_step_classes[step->kind].args[i];
    const double *const v = step->arg[i], fallback = isnan(arg->fallback[0]) ? 0 : arg->fallback[0];
    if (arg->kind == TENKA_PY_ARG_ANY)
        return true;
    if (arg->kind == TENKA_PY_ARG_NUMBERS) /* of those that print() may leave out, None or one number */
        return step->count[i] == TENKA_PY_NO_NUMBERS || (step->count[i] == 0 && v[0] == fallback);
    if (arg->kind == TENKA_PY_ARG_MEMBER && step->kind == TENKA_STEP_CONVERT)
        return v[0] != CONVERT_U8;
    return isnan(v[0]) || v[0] == fallback;
}

static void print_arguments(struct tenka_text *out, const struct tenka_step *step)
{
    const struct tenka_py_class *const of = &tenka_step_classes[step->kind];
    const struct tenka_step_info *const info = &tenka_step_infos[step->kind];
    bool first = true;
    for (size_t i = 0; i < of->n_args; i++) {
        if ((info->shown & (1u << i)) == 0 && is_default(step, i))
            continue;
        tenka_text_add(out, "%s%s=", first ? "" : info->comma, of->args[i].name);
        print_value(out, step, i);
        first = false;
    }
}

static void print_step(struct tenka_text *out, const struct tenka_step *step);

static void print_weights(struct tenka_text *out, const struct tenka_step *step)
{
    char text[TENKA_NUMBER_TEXT];
    tenka_text_add(out, step->weights != NULL ? "(p=[" : "(p=None)");
    for (uint32_t i = 0; step->weights != NULL && i < step->children; i++)
        tenka_text_add(out, "%s%s%s", i > 0 ? ", " : "", tenka_number_text(step->weights[i], text),
                       i + 1 == step->children ? "])" : "");
}

static void print_container(struct tenka_text *out, const struct tenka_step *step)
{
    char text[TENKA_NUMBER_TEXT];
    if (step->kind == TENKA_STEP_APPLY)
        tenka_text_add(out, "\n    p=%s", tenka_number_text(step->arg[0][0], text));
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next) {
        tenka_text_add(out, "\n    ");
        print_step(out, child);
    }
    tenka_text_add(out, "\n)");
    if (step->kind == TENKA_STEP_CHOICE)
        print_weights(out, step);
}

static void print_step(struct tenka_text *out, const struct tenka_step *step)
{
    tenka_text_add(out, "%s(", tenka_step_classes[step->kind].name);
    if (step->kind < TENKA_STEP_RESIZE) {
        print_container(out, step);
        return;
    }
    print_arguments(out, step);
    tenka_text_add(out, ")");
}

char *tenka_transform_print(const tenka_transform *transform)
{
    struct tenka_text out = {0};
    print_step(&out, transform->root);
    if (!out.failed)
        return out.text;
    tenka_free(out.text);
    return NULL;
}

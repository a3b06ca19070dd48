/* Modules as print(model) shows them: a layer's arguments from the table of its type, children below. */
#include <math.h>
#include <stdio.h>

#include "nn/export.h"

/* A float as Python prints what was given. */
static const char *float_text(const struct tenka_arg_value *value, char buf[TENKA_NUMBER_TEXT])
{
    if (!value->integer)
        return tenka_number_text(value->value[0], buf);
    snprintf(buf, TENKA_NUMBER_TEXT, "%.0f", value->value[0]);
    return buf;
}

static void print_pair(const struct tenka_layer_arg *arg, const struct tenka_arg_value *value, struct tenka_text *text)
{
    const bool paired = (arg->flags & TENKA_ARG_PAIRED) != 0;
    if ((arg->flags & TENKA_ARG_SINGLE) != 0)
        tenka_text_add(text, "(%.0f,)", value->value[0]);
    else if (!paired && !value->pair)
        tenka_text_add(text, "%.0f", value->value[0]);
    else
        tenka_text_add(text, value->list && !paired ? "[%.0f, %.0f]" : "(%.0f, %.0f)", value->value[0],
                       value->value[1]);
}

static void print_list(const struct tenka_layer_arg *arg, const struct tenka_arg_value *value, struct tenka_text *text)
{
    const bool tuple = value->pair || (arg->flags & TENKA_ARG_PAIRED) != 0;
    tenka_text_add(text, "%s", !tuple ? "" : value->list ? "[" : "(");
    for (uint32_t i = 0; i < value->n; i++)
        tenka_text_add(text, "%s%.0f", i > 0 ? ", " : "", value->value[i]);
    tenka_text_add(text, "%s", !tuple ? "" : value->list ? "]" : value->n == 1 ? ",)" : ")");
}

static void print_word(const struct tenka_layer_arg *arg, const struct tenka_arg_value *value, struct tenka_text *text)
{
    const bool plain = (arg->flags & TENKA_ARG_PLAIN) != 0 ||
                       ((arg->flags & TENKA_ARG_QUOTED_SINCE_2) != 0 && value->plain);
    const char *const quote = plain ? "" : "'", *word = arg->word;
    for (double place = value->value[0]; place > 0; place--)
        word += strcspn(word, "|") + 1;
    tenka_text_add(text, "%s%.*s%s", quote, (int)strcspn(word, "|"), word, quote);
}

static void print_floats(const struct tenka_arg_value *value, struct tenka_text *text)
{
    char first[TENKA_NUMBER_TEXT], second[TENKA_NUMBER_TEXT];
    tenka_number_text(value->value[0], first);
    if (value->pair)
        tenka_text_add(text, "(%s, %s)", first, tenka_number_text(value->value[1], second));
    else
        tenka_text_add(text, "%s", first);
}

static void print_value(const struct tenka_layer_arg *arg, const struct tenka_arg_value *value, struct tenka_text *text)
{
    char number[TENKA_NUMBER_TEXT];
    if (value->none)
        tenka_text_add(text, "None");
    else if (value->word != NULL)
        tenka_text_add(text, "%s", value->word);
    else if (arg->kind == TENKA_ARG_PAIR || arg->kind == TENKA_ARG_PADDING)
        print_pair(arg, value, text);
    else if (arg->kind == TENKA_ARG_LIST)
        print_list(arg, value, text);
    else if (arg->kind == TENKA_ARG_FLOAT)
        tenka_text_add(text, "%s", float_text(value, number));
    else if (arg->kind == TENKA_ARG_FLOATS)
        print_floats(value, text);
    else if (arg->kind == TENKA_ARG_WORD)
        print_word(arg, value, text);
    else if (arg->kind == TENKA_ARG_BOOL)
        tenka_text_add(text, "%s", value->value[0] != 0 ? "True" : "False");
    else
        tenka_text_add(text, "%.0f", value->value[0]);
}

static bool is_shown(const struct tenka_layer_arg *arg, const struct tenka_arg_value *value)
{
    const bool is_none = value->none && isnan(arg->fallback);
    const bool is_fallback =
        is_none || (value->word == NULL && value->value[0] == arg->fallback && value->value[1] == arg->fallback);
    return (arg->flags & (TENKA_ARG_FIXED | TENKA_ARG_UNSEEN)) == 0 &&
           !((arg->flags & TENKA_ARG_QUIET) != 0 && is_fallback) &&
           !((arg->flags & TENKA_ARG_LATER) != 0 && !value->given);
}

static void print_arguments(const tenka_module *module, struct tenka_text *text)
{
    bool first = true;
    for (size_t i = 0; i < module->type->n_args; i++) {
        const size_t k = module->type->shown != NULL ? module->type->shown[i] : i;
        const struct tenka_layer_arg *const arg = &module->type->args[k];
        const struct tenka_arg_value *const value = &module->values.arg[k];
        if (!is_shown(arg, value))
            continue;
        tenka_text_add(text, "%s", first ? "" : ", ");
        if ((arg->flags & TENKA_ARG_BARE) == 0)
            tenka_text_add(text, "%s=", arg->name);
        print_value(arg, value, text);
        first = false;
    }
}

static void print(const tenka_module *module, size_t indent, struct tenka_text *text)
{
    const char *const extra = module->extra != NULL ? module->extra : "";
    tenka_text_add(text, "%s(", tenka_module_class(module));
    if (module->type->complete != NULL)
        tenka_text_add(text, "\n%*s", (int)(indent + 2), "");
    print_arguments(module, text);
    if (extra[0] != '\0' && module->n_children > 0)
        tenka_text_add(text, "\n%*s", (int)(indent + 2), "");
    tenka_text_add(text, "%s", extra);
    for (size_t i = 0; i < module->n_children; i++) {
        tenka_text_add(text, "\n%*s(%s): ", (int)(indent + 2), "", module->children[i]->name);
        print(module->children[i], indent + 2, text);
    }
    if (module->n_children > 0)
        tenka_text_add(text, "\n%*s", (int)indent, "");
    tenka_text_add(text, ")");
}

char *tenka_module_text(const tenka_module *module)
{
    struct tenka_text text = {0};
    const bool exported = module->graph != NULL && module->graph->export != NULL;
    if (exported)
        tenka_export_print(&text, module->graph);
    else
        print(module, 0, &text);
    if (module->graph != NULL && !exported) {
        tenka_text_add(&text, "\n\n%s", module->graph->source.before == NULL ? "\n\n" : "");
        tenka_py_print_function(&text, &module->graph->source, 0);
        tenka_text_add(&text, "\n");
    }
    if (!text.failed)
        return text.text;
    tenka_free(text.text);
    return NULL;
}

void tenka_text_free(char *text)
{
    tenka_free(text);
}

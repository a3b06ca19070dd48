/* How a network begins, and what of it is trained: --init, --load, --load-partial, --reset, --freeze and --train. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

/* ---- Beginning ---- */

/* "PATTERN: CALL", where the call's first parenthesis comes after the colon, or a call alone. */
static int init(struct session *s, const char *text)
{
    const char *const colon = strchr(text, ':'), *const call = strchr(text, '(');
    const bool alone = colon == NULL || (call != NULL && call < colon);
    char *const pattern = strdup(text);
    if (pattern == NULL)
        return say_failed("out of memory");
    if (!alone)
        pattern[colon - text] = '\0';
    const tenka_status status =
        tenka_module_init(s->net, alone ? NULL : pattern, alone ? text : colon + 1 + strspn(colon + 1, " "));
    free(pattern);
    return status == TENKA_OK ? EXIT_CODE_OK : say_failed("--init '%s': %s", text, tenka_last_error(s->ctx));
}

int recipe_init(struct session *s)
{
    const struct text_list *const list = &s->options->inits;
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < list->count && code == EXIT_CODE_OK; i++)
        code = init(s, list->item[i].text);
    return code;
}

/* What fits is taken only where that is asked for, by a command that can be asked. */
static int say_misfit(const struct session *s)
{
    char why[1024];
    snprintf(why, sizeof(why), "%s", tenka_last_error(s->ctx));
    if (!option_is_offered(s->options, "load-partial") || tenka_last_status(s->ctx) != TENKA_E_FORMAT ||
        strstr(why, "in loading state_dict") == NULL)
        return session_say_load_failed(s, s->options->load);
    return say_failed("%s To take what fits, as for other classes in the last layer, and begin the rest anew, add "
                      "--load-partial",
                      why);
}

int recipe_load(struct session *s)
{
    const struct options *const o = s->options;
    char *report = NULL;
    if (!o->load_partial)
        return tenka_model_load(s->net, o->load) == TENKA_OK ? EXIT_CODE_OK : say_misfit(s);
    if (tenka_model_load_partial(s->net, o->load, &report) != TENKA_OK)
        return session_say_load_failed(s, o->load);
    say_notice(o, "%s: %s", o->load, report);
    tenka_text_free(report);
    return EXIT_CODE_OK;
}

/* A run that goes on has the checkpoint's weights. */
int recipe_reset(struct session *s)
{
    const struct text_list *const list = &s->options->resets;
    for (size_t i = 0; i < list->count; i++)
        if (tenka_module_reset(s->net, list->item[i].text, NULL) != TENKA_OK)
            return say_failed("--reset: %s", tenka_last_error(s->ctx));
    return EXIT_CODE_OK;
}

/* ---- What is trained ---- */

tenka_variable **recipe_trained(const struct session *s, size_t *count)
{
    const size_t n = tenka_module_state(s->net, NULL, 0);
    struct tenka_state_entry *const entries = calloc(n + 1, sizeof(entries[0]));
    tenka_variable **const vars = calloc(n + 1, sizeof(vars[0]));
    *count = 0;
    if (entries != NULL)
        tenka_module_state(s->net, entries, n);
    for (size_t i = 0; i < n && entries != NULL && vars != NULL; i++)
        if (entries[i].parameter && tenka_variable_requires_grad(entries[i].var))
            vars[(*count)++] = entries[i].var;
    if (entries == NULL)
        free(vars);
    const bool good = entries != NULL;
    free(entries);
    return good ? vars : NULL;
}

int recipe_freeze(struct session *s)
{
    const struct text_list *const list = &s->options->frozen;
    size_t count;
    for (size_t i = 0; i < list->count; i++) {
        const bool freeze = strcmp(list->item[i].option, "freeze") == 0;
        if (tenka_module_freeze(s->net, list->item[i].text, freeze, NULL) != TENKA_OK)
            return say_failed("--%s: %s", list->item[i].option, tenka_last_error(s->ctx));
    }
    tenka_module_fix_statistics(s->net, s->options->freeze_stats);
    if (list->count == 0)
        return EXIT_CODE_OK;
    tenka_variable **const vars = recipe_trained(s, &count);
    free(vars);
    if (vars == NULL)
        return say_failed("out of memory");
    return count > 0 ? EXIT_CODE_OK : say_failed("--freeze leaves nothing to train: add --train PATTERN");
}

/* Parameter groups: --group 'PATTERN: CHANGES' and --no-decay-norms. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

#define MAX_RULES 64
#define NORMS "norms and biases"

/* What is to be changed of which tensors: --no-decay-norms first, so that --group wins over it. */
struct rules {
    const char *option[MAX_RULES], *changes[MAX_RULES];
    char *pattern[MAX_RULES]; /* to be freed; NULL: norms and biases */
    size_t count;
};

/* The trained tensors, and for each the rules that cover it, as bits. */
struct covered {
    tenka_variable **var;
    uint64_t *rules;
    size_t count;
};

/* ---- Rules ---- */

static void rules_finish(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->pattern[i]);
}

static bool add_rule(struct rules *rules, const char *option, const char *text)
{
    const char *const colon = strchr(text, ':');
    const size_t at = rules->count++;
    rules->option[at] = option;
    rules->changes[at] = colon + 1;
    rules->pattern[at] = strndup(text, (size_t)(colon - text));
    return rules->pattern[at] != NULL;
}

/* false: no memory */
static bool rules_make(const struct options *o, struct rules *rules)
{
    bool good = true;
    *rules = (struct rules){.count = o->no_decay_norms};
    rules->option[0] = "no-decay-norms";
    rules->changes[0] = "weight_decay=0";
    for (size_t i = 0; i < o->groups.count && good; i++)
        good = add_rule(rules, "group", o->groups.item[i].text);
    return good;
}

const char *groups_objection(const struct options *o, char buffer[static 1024])
{
    if (o->groups.count + o->no_decay_norms > MAX_RULES)
        return "--group is given too often";
    for (size_t i = 0; i < o->groups.count; i++) {
        const char *const text = o->groups.item[i].text, *const colon = strchr(text, ':');
        struct tenka_optimizer_params params = o->recipe;
        if (colon == NULL || colon == text) {
            snprintf(buffer, 1024, "--group '%.300s': expected PATTERN: CHANGES, such as '*.bias: weight_decay=0'",
                     text);
            return buffer;
        }
        if (tenka_optimizer_change(NULL, colon + 1, &params) != TENKA_OK) {
            snprintf(buffer, 1024, "--group '%.300s': %s", text, tenka_last_error(NULL));
            return buffer;
        }
    }
    return NULL;
}

/* ---- Tensors ---- */

static void covered_finish(struct covered *c)
{
    free(c->var);
    free(c->rules);
}

static void mark(struct covered *c, tenka_variable *const *vars, size_t n, size_t rule, size_t *marked)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < c->count; k++)
            if (c->var[k] == vars[i]) {
                c->rules[k] |= (uint64_t)1 << rule;
                ++*marked;
            }
}

/* *marked: how many trained tensors the rule covers */
static tenka_status apply_rule(const struct session *s, const struct rules *rules, size_t rule, struct covered *c,
                               size_t *marked)
{
    const size_t n = tenka_module_state(s->net, NULL, 0);
    tenka_variable **const vars = calloc(n + 1, sizeof(vars[0]));
    size_t count;
    *marked = 0;
    if (vars == NULL)
        return TENKA_E_NOMEM;
    const tenka_status status = tenka_module_parameters(s->net, rules->pattern[rule], vars, n, &count);
    if (status == TENKA_OK)
        mark(c, vars, count, rule, marked);
    free(vars);
    return status;
}

static tenka_status covered_make(const struct session *s, const struct rules *rules, struct covered *c)
{
    size_t marked;
    c->var = recipe_trained(s, &c->count);
    c->rules = calloc(c->count + 1, sizeof(c->rules[0]));
    tenka_status status = c->var != NULL && c->rules != NULL ? TENKA_OK : TENKA_E_NOMEM;
    for (size_t i = 0; i < rules->count && status == TENKA_OK; i++)
        status = apply_rule(s, rules, i, c, &marked);
    return status;
}

/* ---- Groups ---- */

/* Whether tensor i is the first that these rules cover. */
static bool begins_group(const struct covered *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (c->rules[k] == c->rules[i])
            return false;
    return true;
}

/* The tensors that exactly these rules cover, as a group; none is one too. */
static tenka_status add_group(const struct session *s, const struct rules *rules, const struct covered *c,
                              uint64_t which, tenka_optimizer *opt)
{
    struct tenka_optimizer_params params = s->options->recipe;
    tenka_variable **const vars = calloc(c->count + 1, sizeof(vars[0]));
    size_t count = 0;
    tenka_status status = vars != NULL ? TENKA_OK : TENKA_E_NOMEM;
    for (size_t i = 0; i < c->count && vars != NULL; i++)
        if (c->rules[i] == which)
            vars[count++] = c->var[i];
    for (size_t i = 0; i < rules->count && status == TENKA_OK; i++)
        if ((which >> i & 1) != 0)
            status = tenka_optimizer_change(s->ctx, rules->changes[i], &params);
    if (status == TENKA_OK)
        status = tenka_optimizer_add_group(opt, vars, count, &params, NULL);
    free(vars);
    return status;
}

static bool some_are_bare(const struct covered *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->rules[i] == 0)
            return true;
    return c->count == 0;
}

/* The first group is that of the tensors that no rule covers, where there are some. */
tenka_status groups_add(const struct session *s, tenka_optimizer *opt)
{
    struct rules rules;
    struct covered c = {.count = 0};
    tenka_status status = rules_make(s->options, &rules) ? covered_make(s, &rules, &c) : TENKA_E_NOMEM;
    if (status == TENKA_OK && some_are_bare(&c))
        status = add_group(s, &rules, &c, 0, opt);
    for (size_t i = 0; i < c.count && status == TENKA_OK; i++)
        if (c.rules[i] != 0 && begins_group(&c, i))
            status = add_group(s, &rules, &c, c.rules[i], opt);
    covered_finish(&c);
    rules_finish(&rules);
    return status;
}

/* ---- What is said ---- */

static int check_rule(const struct session *s, const struct rules *rules, size_t rule, struct covered *c)
{
    const char *const pattern = rules->pattern[rule] != NULL ? rules->pattern[rule] : NORMS;
    const char *const changes = rules->changes[rule] + strspn(rules->changes[rule], " ");
    size_t marked;
    if (apply_rule(s, rules, rule, c, &marked) != TENKA_OK)
        return say_failed("--%s: %s", rules->option[rule], tenka_last_error(s->ctx));
    if (marked == 0)
        return say_failed("--%s: nothing that is trained is %s", rules->option[rule], pattern);
    if (!s->options->quiet)
        print_text(stdout, "group    %zu tensor%s of %s: %s\n", marked, plural(marked), pattern, changes);
    return EXIT_CODE_OK;
}

int groups_check(const struct session *s)
{
    struct rules rules;
    struct covered c = {.count = 0};
    if (s->options->groups.count == 0 && !s->options->no_decay_norms)
        return EXIT_CODE_OK;
    c.var = recipe_trained(s, &c.count);
    c.rules = calloc(c.count + 1, sizeof(c.rules[0]));
    const bool good = rules_make(s->options, &rules) && c.var != NULL && c.rules != NULL;
    int code = good ? EXIT_CODE_OK : say_failed("out of memory");
    for (size_t i = 0; i < rules.count && code == EXIT_CODE_OK; i++)
        code = check_rule(s, &rules, i, &c);
    covered_finish(&c);
    rules_finish(&rules);
    return code;
}

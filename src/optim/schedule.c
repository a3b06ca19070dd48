/* Schedules: a tree of nodes that go on together. What a node does at a step is a row of schedule_kinds.c. */
#include "optim/schedule.h"

#include <math.h>

typedef struct tenka_schedule_node node;

/* ---- Learning rates and momenta ---- */

static tenka_status put_momentum(tenka_schedule *s, const node *n)
{
    const double momentum = n->kind->momentum != NULL ? n->kind->momentum(n) : (double)NAN;
    for (size_t g = 0; g < s->n_groups && !isnan(momentum); g++)
        tenka_optimizer_put_momentum(s->opt, g, momentum);
    return TENKA_OK;
}

static tenka_status check_end(const tenka_schedule *s, const node *n)
{
    if (n->kind->steps == NULL || n->state.step <= n->kind->steps(n))
        return TENKA_OK;
    return tenka_fail(s->err, TENKA_E_INVALID, "schedule: %s ends after %.0f steps, and was asked for step %.0f",
                      n->name, n->kind->steps(n), n->state.step);
}

uint64_t tenka_schedule_steps(const tenka_schedule *schedule)
{
    const node *const n = schedule->root;
    return n->kind->steps != NULL ? (uint64_t)n->kind->steps(n) : 0;
}

/* What the step that n is at says; closed: at once, from where the groups began. */
static tenka_status put(tenka_schedule *s, const node *n, bool closed)
{
    TENKA_TRY(check_end(s, n));
    for (size_t g = 0; g < s->n_groups; g++)
        TENKA_TRY(tenka_optimizer_put_lr(s->opt, g,
                                         closed && n->kind->closed != NULL
                                             ? n->kind->closed(n, g)
                                             : n->kind->lr(n, g, tenka_optimizer_lr(s->opt, g))));
    return put_momentum(s, n);
}

static void advance(node *n)
{
    if (n->kind->advance != NULL)
        n->kind->advance(n);
    else
        n->state.step++;
}

/* Step 0 of a plain node. */
static tenka_status first_step(tenka_schedule *s, node *n)
{
    advance(n);
    return n->kind->keeps ? put_momentum(s, n) : put(s, n, false);
}

/* ---- Going on ---- */

static tenka_status step(tenka_schedule *s, node *n);

static size_t place_of(const node *n, double at)
{
    size_t place = 0;
    while (place < n->n_list[TENKA_SEQUENTIAL_MILESTONES] && n->list[TENKA_SEQUENTIAL_MILESTONES][place] <= at)
        place++;
    return place;
}

static tenka_status step_sequential(tenka_schedule *s, node *n)
{
    n->state.step++;
    const size_t place = place_of(n, n->state.step);
    node *const now = n->child[place];
    if (place == 0 || n->list[TENKA_SEQUENTIAL_MILESTONES][place - 1] != n->state.step)
        return step(s, now);
    now->state.step = 0;
    return put(s, now, true);
}

static tenka_status step(tenka_schedule *s, node *n)
{
    if (n->kind->family == TENKA_SCHEDULE_SEQUENTIAL)
        return step_sequential(s, n);
    if (n->kind->family == TENKA_SCHEDULE_PLAIN) {
        advance(n);
        return put(s, n, false);
    }
    for (size_t i = 0; i < n->n_children; i++)
        TENKA_TRY(step(s, n->child[i]));
    return TENKA_OK;
}

static tenka_status reduce(tenka_schedule *s, node *n, double metric)
{
    if (!tenka_schedule_plateau(n, metric))
        return TENKA_OK;
    for (size_t g = 0; g < s->n_groups; g++)
        TENKA_TRY(tenka_optimizer_put_lr(s->opt, g, tenka_schedule_reduced(n, g, tenka_optimizer_lr(s->opt, g))));
    return TENKA_OK;
}

tenka_status tenka_schedule_after_step(tenka_schedule *schedule)
{
    return schedule != NULL && schedule->by_step ? step(schedule, schedule->root) : TENKA_OK;
}

tenka_status tenka_schedule_after_epoch(tenka_schedule *schedule, double metric)
{
    if (schedule == NULL || schedule->by_step)
        return TENKA_OK;
    return schedule->root->kind->family == TENKA_SCHEDULE_PLATEAU ? reduce(schedule, schedule->root, metric)
                                                                  : step(schedule, schedule->root);
}

/* ---- Beginning ---- */

/* Whether the groups have a momentum to be cycled. */
static tenka_status check_momentum(tenka_schedule *s, const node *n)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        const double momentum = tenka_optimizer_momentum(s->opt, g);
        if (isnan(momentum) || tenka_optimizer_set_momentum(s->opt, g, 0.5) != TENKA_OK)
            return tenka_fail(s->err, TENKA_E_INVALID,
                              "schedule: %s cycles the momentum, and the optimizer has none: make it with one, or add "
                              "cycle_momentum=False",
                              n->name);
        tenka_optimizer_put_momentum(s->opt, g, momentum);
    }
    return TENKA_OK;
}

static tenka_status begin_plain(tenka_schedule *s, node *n)
{
    if (n->kind->begin != NULL)
        TENKA_TRY(n->kind->begin(s, n));
    if (n->kind->momentum != NULL && !isnan(n->kind->momentum(n)))
        TENKA_TRY(check_momentum(s, n));
    for (size_t g = 0; g < s->n_groups; g++) {
        struct tenka_schedule_group *const group = &s->group[g];
        group->initial = isnan(group->initial) ? tenka_optimizer_lr(s->opt, g) : group->initial;
        n->base[g] = group->initial;
    }
    TENKA_TRY(first_step(s, n));
    if (n->kind->settle != NULL)
        n->kind->settle(s, n);
    return TENKA_OK;
}

/* PyTorch makes the parts first, each of which takes its step 0, and then begins anew with the first. */
static tenka_status begin_sequential(tenka_schedule *s, node *n)
{
    n->state.step = 0;
    for (size_t g = 0; g < s->n_groups; g++)
        TENKA_TRY(tenka_optimizer_put_lr(s->opt, g, s->group[g].initial));
    for (size_t i = 0; i < n->n_children; i++)
        n->child[i]->state.step--;
    return first_step(s, n->child[0]);
}

static tenka_status begin(tenka_schedule *s, node *n)
{
    n->of = s;
    if (n->kind->family == TENKA_SCHEDULE_PLAIN)
        return begin_plain(s, n);
    for (size_t i = 0; i < n->n_children; i++)
        TENKA_TRY(begin(s, n->child[i]));
    if (n->kind->family == TENKA_SCHEDULE_PLATEAU)
        return n->kind->begin(s, n);
    return n->kind->family == TENKA_SCHEDULE_SEQUENTIAL ? begin_sequential(s, n) : TENKA_OK;
}

/* ---- Making and destroying ---- */

static bool any(const node *n, bool (*is)(const struct tenka_schedule_kind *kind))
{
    bool found = is(n->kind);
    for (size_t i = 0; i < n->n_children && !found; i++)
        found = any(n->child[i], is);
    return found;
}

static bool needs_total(const node *n)
{
    bool needs = n->kind->needs_total != NULL && n->kind->needs_total(n);
    for (size_t i = 0; i < n->n_children && !needs; i++)
        needs = needs_total(n->child[i]);
    return needs;
}

static bool is_by_step(const struct tenka_schedule_kind *kind)
{
    return kind->by_step;
}

static bool is_fixed(const struct tenka_schedule_kind *kind)
{
    return kind->fixed;
}

static char *without_spaces(const char *text)
{
    char *const copy = tenka_strdup(text);
    char *to = copy;
    for (const char *at = text; copy != NULL && *at != '\0'; at++)
        if (strchr(" \t\r\n", *at) == NULL)
            *to++ = *at;
    if (copy != NULL)
        *to = '\0';
    return copy;
}

static tenka_status make(tenka_schedule *s, const char *text, const struct tenka_schedule_params *params)
{
    s->text = without_spaces(text);
    s->group = tenka_alloc_array(s->n_groups + 1, sizeof(s->group[0]));
    if (s->text == NULL || s->group == NULL)
        return tenka_fail_nomem(s->err);
    for (size_t g = 0; g < s->n_groups; g++)
        s->group[g] = (struct tenka_schedule_group){.initial = (double)NAN, .factor = 1};
    TENKA_TRY(tenka_schedule_read(s->err, text, s->n_groups, &s->root));
    s->total = needs_total(s->root) ? params->total : 0;
    s->by_step = params->per == TENKA_SCHEDULE_USUAL ? any(s->root, is_by_step) : params->per == TENKA_SCHEDULE_STEP;
    if (s->by_step && s->root->kind->family == TENKA_SCHEDULE_PLATEAU)
        return tenka_fail(s->err, TENKA_E_INVALID, "schedule: %s looks at epochs, not at steps", s->root->name);
    return begin(s, s->root);
}

tenka_status tenka_schedule_create(tenka_optimizer *opt, const char *text, const struct tenka_schedule_params *params,
                                   tenka_schedule **out)
{
    struct tenka_schedule_params own = TENKA_SCHEDULE_DEFAULTS;
    struct tenka_error *const err = tenka_ctx_error(tenka_optimizer_ctx(opt));
    *out = NULL;
    TENKA_TRY(tenka_take_params(err, "schedule", "TENKA_SCHEDULE_DEFAULTS", &own, params));
    if (text == NULL || tenka_optimizer_groups(opt) == 0)
        return tenka_fail(err, TENKA_E_INVALID, "schedule: text is NULL, or the optimizer has no groups");
    tenka_schedule *s = tenka_alloc(sizeof(*s));
    if (s == NULL)
        return tenka_fail_nomem(err);
    *s = (tenka_schedule){.opt = opt, .err = err, .n_groups = tenka_optimizer_groups(opt)};
    const tenka_status status = make(s, text, &own);
    if (status != TENKA_OK)
        tenka_schedule_destroy(&s);
    *out = s;
    return status;
}

void tenka_schedule_destroy(tenka_schedule **schedule)
{
    if (schedule == NULL || *schedule == NULL)
        return;
    tenka_schedule_free((*schedule)->root);
    tenka_free((*schedule)->group);
    tenka_free((*schedule)->text);
    tenka_free(*schedule);
    *schedule = NULL;
}

tenka_status tenka_schedule_check(tenka_ctx *ctx, const char *text, bool *usual, bool *steps)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    node *root;
    if (text == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "schedule_check: text is NULL");
    TENKA_TRY(tenka_schedule_read(err, text, 0, &root));
    if (usual != NULL)
        *usual = any(root, is_by_step);
    if (steps != NULL)
        *steps = root->kind->family != TENKA_SCHEDULE_PLATEAU;
    tenka_schedule_free(root);
    return TENKA_OK;
}

bool tenka_schedule_is_by_step(const tenka_schedule *schedule)
{
    return schedule->by_step;
}

/* ---- Another learning rate to begin with ---- */

static void scale(node *n, size_t group, double factor)
{
    n->base[group] *= factor;
    for (size_t i = 0; i < n->n_children; i++)
        scale(n->child[i], group, factor);
}

tenka_status tenka_schedule_set_initial_lr(tenka_schedule *schedule, tenka_optimizer *opt, size_t group, double lr)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_optimizer_ctx(opt));
    const double before = tenka_optimizer_initial_lr(opt, group), factor = lr / before;
    if (!(before >= 0) || !(lr >= 0) || !isfinite(lr))
        return tenka_fail(err, TENKA_E_INVALID, "schedule: a learning rate of %g for group %zu of %zu", lr, group,
                          tenka_optimizer_groups(opt));
    if (schedule != NULL && (any(schedule->root, is_fixed) || !isfinite(factor)))
        return tenka_fail(err, TENKA_E_INVALID,
                          "schedule: %.200s says the learning rates itself, so that another to begin with changes "
                          "nothing",
                          schedule->text);
    TENKA_TRY(tenka_optimizer_put_lr(opt, group, before > 0 ? tenka_optimizer_lr(opt, group) * factor : lr));
    tenka_optimizer_restore_initial_lr(opt, group, lr);
    if (schedule == NULL)
        return TENKA_OK;
    schedule->group[group].initial *= factor;
    schedule->group[group].factor *= factor;
    scale(schedule->root, group, factor);
    return TENKA_OK;
}

/* ---- Checkpoints ---- */

struct numbers {
    double *out;       /* where they are saved, or NULL */
    const double *in;  /* where they are restored from, or NULL */
    size_t count, max; /* of out */
};

static void pass(struct numbers *list, double *number)
{
    if (list->out != NULL && list->count < list->max)
        list->out[list->count] = *number;
    if (list->in != NULL)
        *number = list->in[list->count];
    list->count++;
}

static void pass_node(struct numbers *list, node *n, size_t n_groups)
{
    double state[TENKA_SCHEDULE_NUMBERS];
    memcpy(state, &n->state, sizeof(state));
    for (size_t i = 0; i < TENKA_SCHEDULE_NUMBERS; i++)
        pass(list, &state[i]);
    memcpy(&n->state, state, sizeof(state));
    for (size_t g = 0; g < n_groups; g++)
        pass(list, &n->base[g]);
    for (size_t i = 0; i < n->n_children; i++)
        pass_node(list, n->child[i], n_groups);
}

/* The groups' learning rates are the optimizer's to keep, their momenta are not. */
static void pass_all(struct numbers *list, tenka_schedule *s)
{
    pass_node(list, s->root, s->n_groups);
    for (size_t g = 0; g < s->n_groups; g++) {
        double momentum = tenka_optimizer_momentum(s->opt, g);
        pass(list, &s->group[g].initial);
        pass(list, &s->group[g].most);
        pass(list, &s->group[g].least);
        pass(list, &momentum);
        if (momentum >= 0 && momentum <= 1 && !isnan(tenka_optimizer_momentum(s->opt, g)))
            tenka_optimizer_put_momentum(s->opt, g, momentum);
    }
    for (size_t g = 0; g < s->n_groups; g++)
        pass(list, &s->group[g].factor);
}

size_t tenka_schedule_older(const tenka_schedule *s, double *numbers, size_t count)
{
    for (size_t g = 0; g < s->n_groups; g++)
        numbers[count - s->n_groups + g] = 1;
    return count - s->n_groups;
}

size_t tenka_schedule_save(tenka_schedule *s, double *out, size_t max)
{
    struct numbers list = {.out = out, .max = max};
    pass_all(&list, s);
    return list.count;
}

void tenka_schedule_restore(tenka_schedule *s, const double *numbers)
{
    struct numbers list = {.in = numbers};
    pass_all(&list, s);
}

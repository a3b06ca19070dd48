/* Planning without a device: records made by hand, and what becomes of them. */
#include "planning.h"

#include <time.h>

/* ---- Nodes ---- */

static void what_nobody_needs_is_no_node(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false);
    const uint32_t y = unary(&log, TENKA_OP_tanh, x);
    const uint32_t z = total(&log, y);
    assign(&log, &v, x); /* to itself: nothing to do */
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_sum_fwd));
    assert_true(in_variable(place_in(&plan, 0, 0), &v));
    assert_int_equal(plan.nodes[1].in[0], plan.nodes[0].out[0]);
    assert_int_equal(plan.where[y].kind, TENKA_PLACE_NONE); /* read by the sum, and then forgotten */
    assert_int_equal(plan.where[z].kind, TENKA_PLACE_ARENA);
    assert_string_equal(plan.nodes[1].label, "sum_fwd 2");
    tenka_step_plan_finish(&plan);
    log.values[z].uses = 1; /* nobody reads the sum from outside */
    plan = plan_of(&log, none);
    assert_int_equal(plan.plan.n_nodes, 0);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void views_share_their_storage(void **state)
{
    (void)state;
    struct log log = new_log(16);
    const uint32_t x = input(&log, TENKA_F32, (struct tenka_shape){2, {2, 64}});
    const uint32_t y = unary(&log, TENKA_OP_tanh, x);
    const struct tenka_shape flat = {1, {128}};
    const uint32_t z = call_with(&log, TENKA_OP_reshape, &y, 1, NULL, 0, &flat);
    const struct tenka_p_part second = {.axis = 0, .from = 64, .to = 128};
    const uint32_t part = call_with(&log, TENKA_OP_slice, &z, 1, &second, sizeof(second), NULL);
    unary(&log, TENKA_OP_relu, part);
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_relu_fwd));
    assert_int_equal(place_in(&plan, 0, 0)->kind, TENKA_PLACE_INPUT);
    assert_int_equal(place_in(&plan, 1, 0)->block, place_out(&plan, 0, 0)->block);
    assert_int_equal(place_in(&plan, 1, 0)->offset, place_out(&plan, 0, 0)->offset + 256);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* ---- Gradients ---- */

static void gradients_are_of_variables_alone(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head w = variable(1, (struct tenka_shape){2, {3, 4}});
    const uint32_t x = input(&log, TENKA_F32, (struct tenka_shape){2, {2, 4}});
    const uint32_t y = binary(&log, TENKA_OP_linear, x, leaf(&log, &w, true));
    assign(&log, &w, backward(&log, total(&log, unary(&log, TENKA_OP_tanh, y))));
    struct tenka_step_plan plan = plan_of(&log, none);
    /* No linear_dx: the input wants no gradient. */
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_linear_fwd, TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_sum_fwd,
                                  TENKA_KERNEL_expand_fwd, TENKA_KERNEL_tanh_dx, TENKA_KERNEL_linear_dw));
    assert_int_equal(plan.nodes[2].phase, TENKA_PHASE_FORWARD);
    assert_int_equal(plan.nodes[5].phase, TENKA_PHASE_BACKWARD);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void gradients_meet_in_sums(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head w = variable(1, FOUR);
    const uint32_t x = leaf(&log, &w, true);
    const uint32_t loss = total(&log, binary(&log, TENKA_OP_mul, x, x));
    const uint32_t g = backward(&log, loss);
    assign(&log, &w, g);
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_mul_fwd, TENKA_KERNEL_sum_fwd, TENKA_KERNEL_expand_fwd,
                                  TENKA_KERNEL_mul_fwd, TENKA_KERNEL_mul_fwd, TENKA_KERNEL_add_fwd));
    assert_true(in_variable(place_out(&plan, 5, 0), &w)); /* the sum overwrites w, which nobody reads after it */
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* ---- Assignment ---- */

static void content_is_written_in_place(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false);
    assign(&log, &v, unary(&log, TENKA_OP_relu, x)); /* a later one takes its place */
    assign(&log, &v, unary(&log, TENKA_OP_tanh, x));
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_tanh_fwd));
    assert_true(in_variable(place_in(&plan, 0, 0), &v) && in_variable(place_out(&plan, 0, 0), &v));
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void old_content_is_read_first(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false);
    assign(&log, &v, unary(&log, TENKA_OP_tanh, x));
    unary(&log, TENKA_OP_relu, x); /* of the old content, after the new one is there */
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_relu_fwd, TENKA_KERNEL_copy_fwd));
    assert_int_equal(place_out(&plan, 0, 0)->kind, TENKA_PLACE_ARENA);
    assert_true(in_variable(place_out(&plan, 2, 0), &v));
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void two_variables_change_places(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head a = variable(1, FOUR), b = variable(2, FOUR);
    const uint32_t x = leaf(&log, &a, false), y = leaf(&log, &b, false);
    assign(&log, &a, y);
    assign(&log, &b, x);
    struct tenka_step_plan plan = plan_of(&log, none);
    assert_in_range(plan.plan.n_nodes, 2, 4);
    bool written[2] = {false, false};
    for (size_t i = 0; i < plan.plan.n_nodes; i++) {
        assert_int_equal(plan.nodes[i].kernel, TENKA_KERNEL_copy_fwd);
        written[0] |= in_variable(place_out(&plan, i, 0), &a);
        written[1] |= in_variable(place_out(&plan, i, 0), &b);
        /* What is read from a variable's buffer is its old content. */
        assert_false(written[0] && in_variable(place_in(&plan, i, 0), &a));
        assert_false(written[1] && in_variable(place_in(&plan, i, 0), &b));
    }
    assert_true(written[0] && written[1]);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* What is readable and lies in a variable that changes is copied before that. */
static void readable_values_outlive_assignment(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false);
    const uint32_t view = call_with(&log, TENKA_OP_reshape, &x, 1, NULL, 0, &FOUR);
    assign(&log, &v, unary(&log, TENKA_OP_tanh, x));
    struct tenka_step_plan plan = plan_of(&log, none);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_copy_fwd, TENKA_KERNEL_copy_fwd));
    assert_int_equal(plan.where[view].kind, TENKA_PLACE_ARENA);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* ---- Fusion ---- */

static void a_chain_is_one_kernel(void **state)
{
    (void)state;
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false);
    const uint32_t y = unary(&log, TENKA_OP_tanh, unary(&log, TENKA_OP_relu, x));
    assign(&log, &v, y);
    const enum tenka_kernel chains[] = {TENKA_KERNEL_chain_fwd, TENKA_KERNEL_COUNT};
    struct tenka_step_plan plan = plan_of(&log, chains);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_chain_fwd));
    const struct tenka_p_chain *p = (const void *)plan.nodes[0].params;
    assert_int_equal(p->steps, 2);
    tenka_step_plan_finish(&plan);
    plan = plan_of(&log, none); /* a device that would rather not */
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_relu_fwd, TENKA_KERNEL_tanh_fwd));
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void what_others_read_stays(void **state)
{
    (void)state;
    const enum tenka_kernel chains[] = {TENKA_KERNEL_chain_fwd, TENKA_KERNEL_COUNT};
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR), w = variable(2, FOUR);
    const uint32_t y = unary(&log, TENKA_OP_relu, leaf(&log, &v, false));
    unary(&log, TENKA_OP_tanh, y);
    assign(&log, &w, y);
    struct tenka_step_plan plan = plan_of(&log, chains);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_relu_fwd, TENKA_KERNEL_tanh_fwd));
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* The step's old content of a variable must not be read where the new one is. */
static void fusion_keeps_the_order_of_writes(void **state)
{
    (void)state;
    const enum tenka_kernel chains[] = {TENKA_KERNEL_chain_fwd, TENKA_KERNEL_COUNT};
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, FOUR);
    const uint32_t x = leaf(&log, &v, false), y = unary(&log, TENKA_OP_relu, x);
    const uint32_t new = unary(&log, TENKA_OP_tanh, x);
    assign(&log, &v, new);
    binary(&log, TENKA_OP_mul, y, new); /* with the ReLU it would read x after tanh has overwritten it */
    struct tenka_step_plan plan = plan_of(&log, chains);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_relu_fwd, TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_mul_fwd));
    assert_true(in_variable(place_out(&plan, 1, 0), &v));
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void a_loss_and_its_gradient_fuse(void **state)
{
    (void)state;
    const enum tenka_kernel kernels[] = {TENKA_KERNEL_cross_entropy_fwd, TENKA_KERNEL_cross_entropy_dx,
                                         TENKA_KERNEL_COUNT};
    struct log log = new_log(16);
    struct tenka_variable_head v = variable(1, (struct tenka_shape){2, {2, 3}});
    const uint32_t classes = input(&log, TENKA_I32, (struct tenka_shape){1, {2}});
    const uint32_t y = log_softmax(&log, leaf(&log, &v, true));
    const uint32_t loss = binary(&log, TENKA_OP_nll_loss, y, classes);
    assign(&log, &v, backward(&log, loss));
    struct tenka_step_plan plan = plan_of(&log, kernels);
    expect_kernels(&plan, KERNELS(TENKA_KERNEL_cross_entropy_fwd, TENKA_KERNEL_cross_entropy_dx));
    /* The 1 that gradients begin with is sent with the scalars: an aligned word of the input. */
    const struct tenka_node *dx = &plan.nodes[1];
    bool one = false;
    for (uint32_t k = 0; k < dx->n_in; k++)
        one |= dx->in[k] != TENKA_ABSENT && plan.places[dx->in[k]].kind == TENKA_PLACE_INPUT &&
               plan.places[dx->in[k]].offset >= plan.input_bytes;
    assert_true(one);
    assert_true(plan.n_constants > 0);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* ---- Memory ---- */

/* Only neighbours live at the same time: two pieces of memory serve a row of any length. */
static void temporaries_share_memory(void **state)
{
    (void)state;
    struct log log = new_log(64);
    uint32_t x = input(&log, TENKA_F32, (struct tenka_shape){1, {100}}); /* 400 bytes, which take 512 */
    for (int i = 0; i < 20; i++)
        x = unary(&log, TENKA_OP_tanh, x);
    struct tenka_step_plan plan = plan_of(&log, none);
    assert_int_equal(plan.n_blocks, 1);
    assert_int_equal(plan.block_bytes[0], 1024);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(place_out(&plan, i, 0)->offset, i % 2 * 512);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

/* Nodes whose results are read again and again, at random. */
static struct log random_lifetimes(uint32_t count)
{
    struct log log = new_log(4 * (size_t)count);
    uint32_t *made = malloc(count * sizeof(*made)), seed = 1;
    for (uint32_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        const uint32_t x = input(&log, TENKA_F32, (struct tenka_shape){1, {1 + (seed >> 8) % 700}});
        made[i] = unary(&log, TENKA_OP_tanh, x);
        total(&log, made[(seed >> 20) % (i + 1)]);
        total(&log, made[i]);
    }
    free(made);
    return log;
}

/* The nodes that write a value first and read it last; sums can be read after the plan. */
static void find_life(const struct tenka_step_plan *plan, uint32_t *born, uint32_t *died)
{
    memset(born, 0xff, plan->plan.n_operands * sizeof(*born));
    for (uint32_t i = 0; i < plan->plan.n_nodes; i++) {
        const struct tenka_node *node = &plan->nodes[i];
        born[node->out[0]] = i;
        died[node->out[0]] = node->kernel == TENKA_KERNEL_sum_fwd ? UINT32_MAX : i;
        died[node->in[0]] = i;
    }
}

static bool apart(const struct tenka_step_plan *plan, uint32_t a, uint32_t b)
{
    const struct tenka_operand *p = &plan->operands[a], *q = &plan->operands[b];
    return plan->places[a].block != plan->places[b].block || p->offset >= q->offset + q->bytes ||
           q->offset >= p->offset + p->bytes;
}

static void what_lives_together_lies_apart(void **state)
{
    (void)state;
    struct log log = random_lifetimes(400);
    struct tenka_step_plan plan = plan_of(&log, none);
    const uint32_t n = (uint32_t)plan.plan.n_operands;
    uint32_t *born = malloc(n * sizeof(*born)), *died = calloc(n, sizeof(*died));
    size_t pairs = 0;
    find_life(&plan, born, died);
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < a; b++) {
            if (born[a] == UINT32_MAX || born[b] == UINT32_MAX || born[a] > died[b] || born[b] > died[a])
                continue;
            assert_true(apart(&plan, a, b));
            pairs++;
        }
    assert_true(pairs > 10000);
    free(born);
    free(died);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

static void large_steps_take_several_blocks(void **state)
{
    (void)state;
    struct log log = new_log(16);
    const uint32_t x = input(&log, TENKA_F32, (struct tenka_shape){1, {1000}});
    const uint32_t y = unary(&log, TENKA_OP_tanh, x), z = unary(&log, TENKA_OP_relu, x);
    binary(&log, TENKA_OP_mul, y, z);
    const struct tenka_record record = record_of(&log);
    struct tenka_plan_target target = target_fusing(none);
    struct tenka_step_plan plan;
    struct tenka_error err = {0};
    target.max_buffer = 8192;
    assert_int_equal(tenka_plan_step(&record, &target, &err, &plan), TENKA_OK);
    assert_int_equal(plan.n_blocks, 2);
    assert_int_equal(plan.block_bytes[0], 8192);
    assert_int_equal(plan.block_bytes[1], 4096);
    tenka_step_plan_finish(&plan);
    target.max_buffer = 2048;
    assert_int_equal(tenka_plan_step(&record, &target, &err, &plan), TENKA_E_NOMEM);
    assert_non_null(strstr(err.text, "smaller batch"));
    free_log(&log);
}

/* A plan that ends in the middle of its step spills all of its values; the next one reads them. */
static void a_flush_divides_a_step(void **state)
{
    (void)state;
    struct log log = new_log(16);
    const uint32_t x = input(&log, TENKA_F32, FOUR), y = unary(&log, TENKA_OP_tanh, x);
    const uint32_t z = unary(&log, TENKA_OP_relu, y);
    new_entry(&log, TENKA_ENTRY_FLUSH);
    struct tenka_step_plan first = plan_of(&log, none);
    expect_kernels(&first, KERNELS(TENKA_KERNEL_tanh_fwd, TENKA_KERNEL_relu_fwd, TENKA_KERNEL_copy_fwd));
    assert_true(first.where[x].kind == TENKA_PLACE_SPILL && first.where[y].kind == TENKA_PLACE_SPILL);
    assert_int_equal(first.spill_bytes[0], 3 * 256);
    assert_true(first.spill_size[0] >= first.spill_bytes[0]);
    struct tenka_record record = record_of(&log);
    record.flushed = log.n_entries;
    record.spilled = first.where;
    record.n_spilled = log.n_values;
    binary(&log, TENKA_OP_mul, y, z);
    record.n_entries = log.n_entries;
    record.n_values = log.n_values;
    struct tenka_plan_target target = target_fusing(none);
    struct tenka_step_plan second;
    struct tenka_error err = {0};
    assert_int_equal(tenka_plan_step(&record, &target, &err, &second), TENKA_OK);
    expect_kernels(&second, KERNELS(TENKA_KERNEL_mul_fwd));
    assert_int_equal(place_in(&second, 0, 0)->offset, first.where[y].offset);
    assert_int_equal(place_in(&second, 0, 1)->offset, first.where[z].offset);
    assert_int_equal(place_in(&second, 0, 0)->kind, TENKA_PLACE_SPILL);
    tenka_step_plan_finish(&first);
    tenka_step_plan_finish(&second);
    free_log(&log);
}

/* ---- Many variables ---- */

/* A step of so many variables: each adds its gradient, gets what the next one held, or, half of them, both. */
static struct log many_variables(struct tenka_variable_head *vars, uint32_t n)
{
    struct log log = new_log(16 * (size_t)n);
    uint32_t *x = malloc(n * sizeof(*x));
    for (uint32_t i = 0; i < n; i++) {
        vars[i] = variable(i + 1, FOUR);
        x[i] = leaf(&log, &vars[i], true);
    }
    uint32_t loss = total(&log, x[0]);
    for (uint32_t i = 1; i < n; i++)
        loss = binary(&log, TENKA_OP_add, loss, total(&log, binary(&log, TENKA_OP_mul, x[i], x[i])));
    const uint32_t g = backward(&log, loss);
    for (uint32_t i = 0; i < n; i += 2)
        assign(&log, &vars[i], x[(i + 1) % n]);
    for (uint32_t i = 0; i < n; i++)
        if (i % 4 != 0)
            assign(&log, &vars[i], binary(&log, TENKA_OP_add, x[i], g + i));
    free(x);
    return log;
}

/* A network of n / 4 layers, each normalised, that learns. */
static struct log many_layers(struct tenka_variable_head *vars, uint32_t n)
{
    struct log log = new_log(16 * (size_t)n);
    const struct tenka_shape rows = {2, {2, 4}}, images = {4, {2, 4, 1, 1}}, matrix = {2, {4, 4}};
    uint32_t x = input(&log, TENKA_F32, rows), *w = malloc(n * sizeof(*w));
    for (uint32_t i = 0; i < n; i++) {
        vars[i] = variable(i + 1, i % 4 == 0 ? matrix : FOUR);
        w[i] = leaf(&log, &vars[i], true);
    }
    for (uint32_t i = 0; i + 4 <= n; i += 4) {
        const uint32_t linear[] = {x, w[i], w[i + 1]};
        x = unary(&log, TENKA_OP_relu, call_with(&log, TENKA_OP_linear, linear, 3, NULL, 0, NULL));
        const uint32_t norm[] = {call_with(&log, TENKA_OP_reshape, &x, 1, NULL, 0, &images), w[i + 2], w[i + 3]};
        x = unary(&log, TENKA_OP_relu, call_with(&log, TENKA_OP_batch_norm2d, norm, 3, NULL, 0, NULL));
        x = call_with(&log, TENKA_OP_reshape, &x, 1, NULL, 0, &rows);
    }
    const uint32_t g = backward(&log, total(&log, x));
    for (uint32_t i = 0; i < n / 4 * 4; i++)
        assign(&log, &vars[i], binary(&log, TENKA_OP_add, w[i], g + i));
    free(w);
    return log;
}

static const enum tenka_kernel fused[] = {TENKA_KERNEL_chain_fwd,        TENKA_KERNEL_linear_fwd,
                                          TENKA_KERNEL_linear_dx,        TENKA_KERNEL_linear_backward_fwd,
                                          TENKA_KERNEL_batch_norm2d_fwd, TENKA_KERNEL_batch_norm2d_dx,
                                          TENKA_KERNEL_batch_norm2d_dw,  TENKA_KERNEL_COUNT};

/* The variable that a gradient is added to. */
static const struct tenka_variable_head *updated_by(const struct tenka_step_plan *plan, uint32_t gradient)
{
    for (size_t i = 0; i < plan->plan.n_nodes; i++)
        if (plan->nodes[i].kernel == TENKA_KERNEL_add_fwd && plan->nodes[i].in[1] == gradient)
            return place_out(plan, i, 0)->var;
    return NULL;
}

/* Both gradients of a layer are one node, and both of a normalisation go back through their activation, each with the
 * right one of all. */
static void each_layer_fuses_with_its_own(void **state)
{
    (void)state;
    struct tenka_variable_head vars[12];
    struct log log = many_layers(vars, 12);
    struct tenka_step_plan plan = plan_of(&log, fused);
    uint32_t backward = 0, through = 0;
    for (size_t i = 0; i < plan.plan.n_nodes; i++) {
        const struct tenka_node *node = &plan.nodes[i];
        if (node->kernel == TENKA_KERNEL_linear_backward_fwd) {
            const struct tenka_variable_head *weights = place_in(&plan, i, 1)->var;
            assert_true(weights != NULL && updated_by(&plan, node->out[1]) == weights);
            backward++;
        }
        through += (node->kernel == TENKA_KERNEL_batch_norm2d_dx || node->kernel == TENKA_KERNEL_batch_norm2d_dw) &&
                   tenka_kernel_act(node->kernel, node->params) != TENKA_ACT_NONE;
    }
    assert_int_equal(backward, 2); /* the first layer's input wants no gradient */
    assert_int_equal(through, 6);
    tenka_step_plan_finish(&plan);
    free_log(&log);
}

typedef struct log (*log_maker)(struct tenka_variable_head *vars, uint32_t n);
static const log_maker makers[] = {many_variables, many_layers};

/* Processor seconds that planning takes: the least of several times. */
static double seconds_to_plan(log_maker make, uint32_t n, int times)
{
    struct tenka_variable_head *vars = calloc(n, sizeof(*vars));
    struct log log = make(vars, n);
    double best = INFINITY;
    for (int i = 0; i < times; i++) {
        const clock_t begin = clock();
        struct tenka_step_plan plan = plan_of(&log, fused);
        best = fmin(best, (double)(clock() - begin) / CLOCKS_PER_SEC);
        assert_true(plan.plan.n_nodes > n);
        tenka_step_plan_finish(&plan);
    }
    free_log(&log);
    free(vars);
    return best;
}

/* Ten times as many take ten times as long, and some more for caches; in quadratic time they would take a hundred. */
static void planning_takes_linear_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
        const double few = seconds_to_plan(makers[i], 1000, 10), many = seconds_to_plan(makers[i], 10000, 3);
        print_message("1,000 variables: %.1f ms, 10,000: %.1f ms\n", 1e3 * few, 1e3 * many);
        assert_true(many < 40 * few);
    }
}

/* ---- Failure ---- */

static void expect_nothing_left(log_maker make)
{
    struct tenka_variable_head vars[20];
    struct log log = make(vars, 20);
    const struct tenka_record record = record_of(&log);
    const struct tenka_plan_target target = target_fusing(fused);
    const int64_t before = tenka_alloc_live();
    uint64_t k = 0;
    tenka_status status;
    do {
        struct tenka_step_plan plan;
        struct tenka_error err = {0};
        tenka_alloc_fail_at(++k);
        status = tenka_plan_step(&record, &target, &err, &plan);
        tenka_alloc_fail_at(0);
        if (status == TENKA_OK)
            tenka_step_plan_finish(&plan);
        else
            assert_int_equal(status, TENKA_E_NOMEM);
        assert_int_equal(tenka_alloc_live(), before);
    } while (status != TENKA_OK);
    assert_true(k > 20);
    free_log(&log);
}

static void want_of_memory_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
        expect_nothing_left(makers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_needs_is_no_node),
        cmocka_unit_test(views_share_their_storage),
        cmocka_unit_test(gradients_are_of_variables_alone),
        cmocka_unit_test(gradients_meet_in_sums),
        cmocka_unit_test(content_is_written_in_place),
        cmocka_unit_test(old_content_is_read_first),
        cmocka_unit_test(two_variables_change_places),
        cmocka_unit_test(readable_values_outlive_assignment),
        cmocka_unit_test(a_chain_is_one_kernel),
        cmocka_unit_test(what_others_read_stays),
        cmocka_unit_test(fusion_keeps_the_order_of_writes),
        cmocka_unit_test(a_loss_and_its_gradient_fuse),
        cmocka_unit_test(temporaries_share_memory),
        cmocka_unit_test(what_lives_together_lies_apart),
        cmocka_unit_test(large_steps_take_several_blocks),
        cmocka_unit_test(a_flush_divides_a_step),
        cmocka_unit_test(each_layer_fuses_with_its_own),
        cmocka_unit_test(planning_takes_linear_time),
        cmocka_unit_test(want_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The CPU device: runs a program's nodes one after the other, at once, on the caller's thread and OpenMP's. A node is
 * run by a fast kernel where there is one (fast/fast.h), else by the reference loops, which in double are the
 * reference for every other backend. */
#include <stdio.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "backend/backend.h"
#include "backend/cpu/cpu.h"
#include "backend/cpu/fast/fast.h"
#include "core/os.h"

/* Alignment of buffers and scratch memory in bytes: a cache line. */
#define BUFFER_ALIGN 64

struct device {
    struct tenka_device base;
    const struct tenka_cpu_table *table;
    const struct tenka_fast_table *fast; /* NULL: none */
    void *scratch;                       /* for one fast kernel at a time; as allocated */
    size_t scratch_bytes;                /* what may be used of it after alignment */
    int threads;
    char name[64];
};

struct buffer {
    struct tenka_buffer base;
    void *memory;        /* as allocated; NULL: the data is borrowed */
    unsigned char *data; /* memory, aligned, or what is borrowed */
};

struct tenka_program {
    struct tenka_node *nodes;
    struct tenka_operand *operands;
    struct tenka_span *spans; /* of a timed plan: of each node in the last run; else NULL */
    size_t n_nodes;
};

static struct device *device_of(tenka_device *dev)
{
    return (struct device *)dev;
}

static void *aligned(void *memory)
{
    const size_t past = (uintptr_t)memory % BUFFER_ALIGN;
    return (unsigned char *)memory + (past ? BUFFER_ALIGN - past : 0);
}

static void destroy(tenka_device *dev)
{
    tenka_free(device_of(dev)->scratch);
    tenka_free(dev);
}

static void buffer_destroy(tenka_device *dev, tenka_buffer *buf)
{
    (void)dev;
    tenka_free(((struct buffer *)buf)->memory);
    tenka_free(buf);
}

static tenka_status buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out)
{
    (void)name;
    *out = NULL;
    if (bytes > SIZE_MAX - BUFFER_ALIGN)
        return tenka_fail_nomem(dev->err);
    struct buffer *buf = tenka_alloc(sizeof(*buf));
    if (buf == NULL)
        return tenka_fail_nomem(dev->err);
    buf->base.bytes = bytes;
    buf->memory = tenka_alloc(bytes + BUFFER_ALIGN);
    if (buf->memory == NULL) {
        tenka_free(buf);
        return tenka_fail_nomem(dev->err);
    }
    buf->data = aligned(buf->memory);
    *out = &buf->base;
    return TENKA_OK;
}

static tenka_status buffer_borrow(tenka_device *dev, const void *memory, size_t bytes, tenka_buffer **out)
{
    struct buffer *buf = tenka_alloc(sizeof(*buf));
    if (buf == NULL)
        return tenka_fail_nomem(dev->err);
    buf->base.bytes = bytes;
    buf->data = (unsigned char *)(uintptr_t)memory;
    *out = &buf->base;
    return TENKA_OK;
}

static tenka_status write_buffer(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes)
{
    (void)dev;
    if (bytes > 0)
        memcpy(((struct buffer *)buf)->data + offset, src, bytes);
    return TENKA_OK;
}

static tenka_status read_buffer(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes)
{
    (void)dev;
    if (bytes > 0)
        memcpy(dst, ((const struct buffer *)buf)->data + offset, bytes);
    return TENKA_OK;
}

static void program_destroy(tenka_device *dev, tenka_program *prog)
{
    (void)dev;
    tenka_free(prog->nodes);
    tenka_free(prog->operands);
    tenka_free(prog->spans);
    tenka_free(prog);
}

/* Makes the device's scratch memory large enough for the plan's nodes. No program runs meanwhile. */
static tenka_status reserve_scratch(struct device *cpu, const struct tenka_plan *plan)
{
    size_t most = cpu->scratch_bytes;
    for (size_t i = 0; cpu->fast != NULL && i < plan->n_nodes; i++) {
        const struct tenka_fast_kernel *kernel = &cpu->fast->kernels[plan->nodes[i].kernel];
        const size_t bytes = kernel->scratch != NULL ? kernel->scratch(plan->nodes[i].params, cpu->threads) : 0;
        most = bytes > most ? bytes : most;
    }
    if (most == cpu->scratch_bytes)
        return TENKA_OK;
    void *memory = tenka_alloc(most + BUFFER_ALIGN);
    if (memory == NULL)
        return tenka_fail_nomem(cpu->base.err);
    tenka_free(cpu->scratch);
    cpu->scratch = memory;
    cpu->scratch_bytes = most;
    return TENKA_OK;
}

static tenka_status prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out)
{
    *out = NULL;
    TENKA_TRY(reserve_scratch(device_of(dev), plan));
    struct tenka_program *prog = tenka_alloc(sizeof(*prog));
    if (prog == NULL)
        return tenka_fail_nomem(dev->err);
    /* One more of each, since an empty plan is no lack of memory. */
    prog->nodes = tenka_alloc_array(plan->n_nodes + 1, sizeof(*prog->nodes));
    prog->operands = tenka_alloc_array(plan->n_operands + 1, sizeof(*prog->operands));
    const bool timed = plan->timing != TENKA_TIMING_NONE;
    if (timed)
        prog->spans = tenka_alloc_array(plan->n_nodes + 1, sizeof(*prog->spans));
    if (prog->nodes == NULL || prog->operands == NULL || (timed && prog->spans == NULL)) {
        program_destroy(dev, prog);
        return tenka_fail_nomem(dev->err);
    }
    prog->n_nodes = plan->n_nodes;
    if (plan->n_nodes > 0)
        memcpy(prog->nodes, plan->nodes, plan->n_nodes * sizeof(*prog->nodes));
    if (plan->n_operands > 0)
        memcpy(prog->operands, plan->operands, plan->n_operands * sizeof(*prog->operands));
    *out = prog;
    return TENKA_OK;
}

/* Input bytes are only ever read: the graph gives no node an output there. */
static void *operand_memory(const struct tenka_operand *operand, const void *inputs)
{
    const unsigned char *base = operand->buffer != NULL ? ((const struct buffer *)operand->buffer)->data
                                                        : (const unsigned char *)inputs;
    return (void *)(uintptr_t)(base + operand->offset);
}

/* The fast kernel of a pass with those parameters, or NULL. */
static const struct tenka_fast_kernel *fast_kernel(const struct device *dev, enum tenka_kernel kernel,
                                                   const int32_t *params)
{
    const struct tenka_fast_kernel *fast = dev->fast != NULL ? &dev->fast->kernels[kernel] : NULL;
    const enum tenka_act act = tenka_kernel_act(kernel, params);
    return fast != NULL && fast->run != NULL && (act == TENKA_ACT_NONE || (act == TENKA_ACT_relu && fast->relu)) ? fast
                                                                                                                 : NULL;
}

static bool run_fast(const struct device *dev, const struct tenka_cpu_call *call)
{
    const struct tenka_fast_kernel *kernel = fast_kernel(dev, call->kernel, call->params);
    if (kernel == NULL)
        return false;
    const struct tenka_fast_call fast = {
        .call = call,
        .n = (size_t)tenka_shape_count(&call->out_desc[0].shape),
        .threads = dev->threads,
        .scratch = dev->scratch != NULL ? aligned(dev->scratch) : NULL,
    };
    return fast.n == 0 || kernel->run(&fast);
}

static void run_node(const struct device *dev, const struct tenka_program *prog, const struct tenka_node *node,
                     const void *inputs)
{
    struct tenka_cpu_call call = {.kernel = node->kernel, .params = node->params};
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != TENKA_ABSENT) {
            call.in[i] = operand_memory(&prog->operands[node->in[i]], inputs);
            call.in_desc[i] = prog->operands[node->in[i]].desc;
        }
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != TENKA_ABSENT) {
            call.out[i] = operand_memory(&prog->operands[node->out[i]], inputs);
            call.out_desc[i] = prog->operands[node->out[i]].desc;
        }
    if (inputs != NULL)
        call.scalars = (const unsigned char *)inputs + node->scalars;
    if (!run_fast(dev, &call))
        dev->table->run(&call);
}

/* The number of threads is a setting of the calling thread; the program that uses the library keeps its own. */
static int swap_threads(int threads)
{
#ifdef _OPENMP
    const int old = omp_get_max_threads();
    omp_set_num_threads(threads);
    return old;
#else
    return threads;
#endif
}

static tenka_status submit(tenka_device *dev, tenka_program *prog, const void *inputs, tenka_ticket *out)
{
    const struct device *cpu = device_of(dev);
    const int threads = swap_threads(cpu->threads);
    for (size_t i = 0; i < prog->n_nodes; i++) {
        const uint64_t begin = prog->spans != NULL ? tenka_os_now() : 0;
        run_node(cpu, prog, &prog->nodes[i], inputs);
        if (prog->spans != NULL)
            prog->spans[i] = (struct tenka_span){(uint32_t)i, 1, 1e-9 * (double)begin, 1e-9 * (double)tenka_os_now()};
    }
    swap_threads(threads);
    *out = dev->newest + 1;
    return TENKA_OK;
}

static size_t dispatches(const tenka_program *prog)
{
    return prog->n_nodes;
}

static tenka_status wait(tenka_device *dev, tenka_ticket ticket)
{
    (void)dev;
    (void)ticket;
    return TENKA_OK;
}

static tenka_status spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out)
{
    (void)dev;
    memcpy(out, prog->spans, prog->n_nodes * sizeof(*out));
    return TENKA_OK;
}

static void limits(const tenka_device *dev, struct tenka_limits *out)
{
    const struct device *cpu = (const struct device *)dev;
    *out = (struct tenka_limits){
        .real_bytes = cpu->table->real_bytes,
        .max_buffer = SIZE_MAX / 2,
        .max_operand = SIZE_MAX / 2,
    };
}

static const char *name(const tenka_device *dev)
{
    return ((const struct device *)dev)->name;
}

/* The reference runs the parts: fused kernels are there to be fast. */
static bool fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params)
{
    return fast_kernel((const struct device *)dev, kernel, params) != NULL;
}

static const struct tenka_backend_fns fns = {
    .destroy = destroy,
    .buffer_create = buffer_create,
    .buffer_borrow = buffer_borrow,
    .buffer_destroy = buffer_destroy,
    .write = write_buffer,
    .read = read_buffer,
    .prepare = prepare,
    .program_destroy = program_destroy,
    .submit = submit,
    .dispatches = dispatches,
    .wait = wait,
    .limits = limits,
    .name = name,
    .fuses = fuses,
    .spans = spans,
};

static int threads_for(const struct tenka_ctx_params *params)
{
#ifdef _OPENMP
    return params->threads > 0 ? params->threads : omp_get_max_threads();
#else
    (void)params;
    return 1;
#endif
}

/* Such as "cpu, AVX-512, 2 threads". */
static void set_name(struct device *dev)
{
    const bool chosen = dev->table == &tenka_cpu32_table; /* there is no choice in double */
    const char *isa = dev->fast != NULL ? dev->fast->name : "reference loops";
    snprintf(dev->name, sizeof(dev->name), "%s%s%s, %d thread%s", dev->table->name, chosen ? ", " : "",
             chosen ? isa : "", dev->threads, dev->threads == 1 ? "" : "s");
}

tenka_status tenka_cpu_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                     const struct tenka_log *log, tenka_device **out)
{
    const bool f64 = params->backend == TENKA_BACKEND_CPU_F64;
    const struct tenka_fast_table *fast = NULL;
    *out = NULL;
    if (!f64)
        TENKA_TRY(tenka_fast_choose(err, &fast));
    struct device *dev = tenka_alloc(sizeof(*dev));
    if (dev == NULL)
        return tenka_fail_nomem(err);
    dev->base = (struct tenka_device){.fns = &fns, .err = err, .log = log};
    dev->table = f64 ? &tenka_cpu64_table : &tenka_cpu32_table;
    dev->fast = fast;
    dev->threads = threads_for(params);
    set_name(dev);
    *out = &dev->base;
    return TENKA_OK;
}

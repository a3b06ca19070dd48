/* What the options of the command say: option_table.c has them, options.c reads them. */
#ifndef TENKA_TOOL_OPTIONS_H
#define TENKA_TOOL_OPTIONS_H

#include <sys/types.h>

#include "tenka/tenka.h"

/* "0.485,0.456,0.406" */
struct number_list {
    double number[TENKA_MAX_CHANNELS];
    size_t count; /* 0: not given */
};

#define MAX_BATCH_SIZES 16
/* "32,100,1000" */
struct count_list {
    uint32_t number[MAX_BATCH_SIZES];
    size_t count; /* 0: not given */
};

/* "2" epochs, or "500steps" */
struct every {
    uint32_t number;
    bool steps;
};

/* By which measure of a test the best epoch is found. */
enum best_by {
    BEST_USUAL, /* what the targets suggest */
    BEST_LOSS,
    BEST_ACCURACY,
    BEST_F1,
    BEST_MEAN_IOU,
    BEST_EXACT,
    BEST_MAE,
    BEST_RMSE,
    BEST_R2,
    BEST_PSNR,
};

/* Over what the test loss is the mean. */
enum loss_mean {
    LOSS_MEAN_IMAGES,
    LOSS_MEAN_BATCHES, /* a smaller last one counts in full, as in the reference program */
};

#define MAX_LIST 64
/* What options that may be given several times were given, in that order. */
struct text_list {
    struct {
        const char *option, *text;
    } item[MAX_LIST];
    size_t count;
};

enum bench_part { BENCH_CEILINGS = 1, BENCH_KERNELS = 2, BENCH_SHAPES = 4, BENCH_STEPS = 8 };

/* Made from the command line by the rows of option_table.c. */
struct options {
    const char *data, *net, *device;  /* NULL: the default */
    const char *save, *load, *log;    /* NULL: none */
    const char *checkpoint, *resume;  /* NULL: none */
    const char *report, *tensorboard; /* NULL: none */
    const char *shader_dir;           /* NULL: the kernels of the build */
    enum tenka_backend backend;
    enum tenka_dropout_mask dropout_mask;
    enum tenka_tune tune;
    uint32_t epochs, batch_size, test_batch_size, limit; /* test_batch_size 0: as batch_size; limit 0: all images */
    uint32_t checkpoint_every;                           /* steps; 0: at the end of each epoch alone */
    uint64_t seed;
    double lr, momentum, weight_decay, aux_weight;
    double mixup, cutmix;         /* alpha; 0: not */
    const char *masks;            /* a folder; NULL: none */
    bool balanced;                /* classes weigh as their targets are rare */
    const char *target, *without; /* columns of a table; NULL: none */
    bool standardize;
    enum tenka_csv_missing missing; /* of a table */
    double split;  /* of the samples; 0: none */
    bool skip_bad; /* pictures */
    /* Of pictures, texts or files; NULL: none. */
    const char *transform, *eval_transform;
    const char *sheet; /* data; NULL: none */
    uint32_t passes;   /* data; 0: none */
    uint32_t keep_mib; /* of pictures, where it was given */
    enum loss_mean loss_mean;
    int threads;
    struct tenka_shape input;             /* of one image; rank 0: the default */
    const char *optimizer;                /* a name, or a call of a class */
    struct tenka_optimizer_params recipe; /* what it means together with lr, momentum and weight_decay */
    const char *loss;                     /* NULL: by the network's ending and the targets */
    bool validate, quiet, json;
    bool check_finite, fallback;
    bool drop_last, no_shuffle;
    const struct command *command;
    int argc; /* as typed, the program first, but for the command's name */
    char **argv;
    const char *op;                /* bench, verify: NULL: none in particular */
    unsigned parts;                /* bench: bits of enum bench_part; 0: the default */
    struct count_list batch_sizes; /* bench */
    double seconds;                /* bench; 0: the default */
    bool quick, best;
    bool all;              /* verify */
    const char *classes;   /* NULL: the data's own */
    char *const *pictures; /* predict: files and folders */
    size_t n_pictures;
    uint32_t top;                 /* predict */
    uint32_t test_top, worst;     /* test; 0: not asked for */
    bool confusion;               /* test */
    struct number_list mean, std; /* predict: of the network's input */
    enum tenka_image_alpha alpha; /* predict */
    bool invert, crop;            /* predict */
    uint32_t steps;               /* profile */
    const char *trace, *capture;  /* profile; NULL: none */
    const char *out;              /* predict; NULL: none */
    bool load_partial, freeze_stats;
    struct text_list frozen; /* --freeze and --train */
    struct text_list resets, inits, groups;
    bool no_decay_norms;
    const char *schedule; /* NULL: none */
    enum tenka_schedule_per schedule_per;
    double clip_grad_norm, clip_grad_value; /* 0: none */
    uint32_t accumulate;
    double ema;            /* decay of an average; 0: none is kept */
    const char *best_file; /* train; NULL: none */
    enum best_by best_by;
    uint32_t patience; /* tests; 0: without end */
    struct every val_every;
    double max_time; /* seconds; 0: without end */
    bool find_lr;
    double begun;      /* when the command was, by seconds_now */
    uint64_t given[2]; /* bits: the rows of option_table that were typed */
};

const char *backend_name(enum tenka_backend backend);

#endif

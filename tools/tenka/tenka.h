/* The command `tenka`: a guest of the library, it sees the public headers only. */
#ifndef TENKA_TOOL_H
#define TENKA_TOOL_H

#include <stdio.h>

#include "options.h"

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_SIGNAL = 128,
    /* These never leave the process. */
    EXIT_CODE_LIBRARY = 256, /* a call of the library has failed and nothing was said yet: tenka_last_error has it */
    EXIT_CODE_AGAIN = 257,   /* all was said, and the run is to be opened anew with other options */
};

/* ---- room.c ---- */

/* Makes *items, a pointer to items of so many bytes each, hold count of them at least; *room: of how many it does. Those
 * that are there stay. false: no memory, and all is as before. */
bool room_take(void *items, size_t *room, size_t count, size_t each);

/* ---- text.c ---- */

/* Whether text ends with that end, and has something before it. */
bool text_ends_with(const char *text, const char *end);
/* Bytes of the UTF-8 character that text begins with; 0: it begins with none. */
size_t utf8_length(const char *text);
/* Whether that is a control character: U+0000 to U+001F, U+007F to U+009F. */
bool is_control(const char *text);
/* Puts '?' in the place of control characters and of bytes that are no UTF-8. */
void make_harmless(char *text);
/* Columns of a terminal that the text takes. */
size_t text_columns(const char *text);
/* Cuts the text where it would take more columns, between two characters. */
void text_cut(char *text, size_t columns);
/* Whether what a file begins with is text. */
bool file_is_text(const char *path);
/* A file's text of at most so many bytes, to be freed. NULL: errno says why, EFBIG where it has more. */
char *text_read(const char *path, size_t most);
/* Columns of the terminal that a file descriptor leads to; 80 where it is none, or does not tell. */
size_t terminal_columns(int file);

/* ---- say.c: messages and numbers for people ---- */

/* Names of files, classes, layers and devices come from anywhere, and could command a terminal: all text that may have
 * one in it is printed by these. Control characters and bytes that are no UTF-8 become '?', also line ends, but for one
 * that ends format. */
void print_text(FILE *file, const char *format, ...) TENKA_PRINTF(2, 3);

/* One line on stderr, begun by "tenka: ". Returns EXIT_CODE_FAILED, so that a caller can hand it on. */
int say_failed(const char *format, ...) TENKA_PRINTF(1, 2);
/* The library's sentence; NULL: that of tenka_ctx_create. Returns EXIT_CODE_FAILED. */
int say_library_failed(const tenka_ctx *ctx);
/* Why a function of the command has failed with that status: the library's sentence, or that the command itself had no
 * memory. */
const char *failure_sentence(const tenka_ctx *ctx, tenka_status status);
/* That the standard output cannot be written; nothing where SIGPIPE told that nobody reads it. Returns the status. */
int say_output_failed(void);
/* A mistake in the command line of `tenka COMMAND`: leaves the process with EXIT_CODE_USAGE. */
_Noreturn void say_misuse(const char *command, const char *format, ...) TENKA_PRINTF(2, 3);
void say_warning(const char *format, ...) TENKA_PRINTF(1, 2);
/* News, unless they are not wanted. */
void say_notice(const struct options *options, const char *format, ...) TENKA_PRINTF(2, 3);
/* The library's messages: warnings and errors always, news unless the user (const struct options *) is quiet. */
void say_library_log(void *user, enum tenka_log_level level, const char *text);
/* 60000 as "60,000"; the text is as long-lived as buffer. */
const char *say_count(char buffer[static 32], uint64_t value);
/* A finite number with the fewest digits that read back as it; the text is as long-lived as buffer. */
const char *say_shortest(char buffer[static 32], double value);
/* A number by a format of printf's, or "-" for one that is none or infinite; the text is as long-lived as buffer. */
const char *say_number(char buffer[static 32], const char *format, double value);
/* What a noun needs behind a count: "s", or nothing after 1. */
const char *plural(uint64_t count);
/* Seconds of a clock that never jumps. */
double seconds_now(void);
/* Seconds of processor time that the calling thread has taken. */
double thread_seconds_now(void);

/* ---- spinning.c ---- */

/* Unless the environment says how OpenMP's threads wait, starts the program again with an environment that does: it is
 * read when a program is loaded. Where that fails all is as before. */
void limit_spinning(char **argv);

/* ---- interrupt.c ---- */

/* From now on interrupt_signal tells of the first SIGINT, SIGTERM, SIGHUP or SIGPIPE, and nothing else happens; a
 * second one ends the process at once, unless it is SIGPIPE. */
void interrupt_catch(void);
/* Between these two calls, while a file is written, a second signal waits. */
void interrupt_hold(void);
void interrupt_release(void);
/* The signal that arrived, or 0. */
int interrupt_signal(void);

/* ---- progress.c: how far an epoch is, on stderr ---- */

#define PROGRESS_CELLS 48
#define PROGRESS_COURSE (3 * PROGRESS_CELLS + 1) /* bytes of their line */

struct progress {
    enum { PROGRESS_NONE, PROGRESS_LINES, PROGRESS_BAR } kind;
    char label[32];
    uint64_t total, done;       /* images */
    uint64_t before;            /* done when it began */
    double start, drawn, asked; /* seconds */
    double loss;                /* NaN: not known yet */
    double lr;                  /* 0: not known */
    /* The losses of the run so far (progress_course.c): means of each readings. */
    double cell[PROGRESS_CELLS];
    uint32_t cells, each, gathering;
    double gathered, known_sum;
    uint64_t known_count;
    bool visible; /* a bar stands on the current line */
};

/* Where stderr is a terminal a bar, else a line from time to time, and nothing when quiet. */
void progress_init(struct progress *p, bool quiet);
/* done of total images were through before: an epoch that is resumed. */
void progress_begin(struct progress *p, const char *label, uint64_t done, uint64_t total);
/* done images are through; draws when it is time. */
void progress_update(struct progress *p, uint64_t done);
/* Whether it is time to ask for a newer loss: about twice a second. */
bool progress_wants_loss(struct progress *p);
/* The losses of count steps of this epoch have that sum. */
void progress_take_loss(struct progress *p, double sum, uint64_t count);
/* The course of the loss in so many columns at most; "": too little is known. */
void progress_course(const struct progress *p, size_t columns, char out[static PROGRESS_COURSE]);
void progress_end(struct progress *p);
/* What is being done where there are no images to count: on a terminal a line that the next one replaces. */
void progress_say(struct progress *p, const char *text);
#define PROGRESS_BYTES 1024
/* The line of progress in at most so many columns of a terminal. Where they are few, label, percentage and loss are
 * left out last (progress_line.c). */
void progress_line(const struct progress *p, double elapsed, size_t columns, char out[PROGRESS_BYTES]);
/* Removes a bar that stands on the line, so that a message can be printed. */
void progress_clear(void);

/* ---- session.c: device, data and network of one run ---- */

/* What a network ends with, which says what its loss is and how its outputs become probabilities. */
enum last_layer {
    LAST_OTHER,       /* logits: softmax is still to be done */
    LAST_LOG_SOFTMAX, /* their logarithms */
    LAST_SOFTMAX,     /* they are probabilities */
};

struct session {
    const struct options *options;
    const char *data_dir; /* a folder, a data set in one, or a list of files */
    char *data_path;      /* the same as a saved file remembers it; NULL: it cannot */
    char *trained_on;     /* what the file of `tenka test` remembers; NULL: it was not asked */
    tenka_ctx *ctx;
    uint64_t split_of;                     /* samples that --split has divided */
    tenka_dataset *train_data, *test_data; /* train_data is NULL for `tenka test`, test_data where arrays have none */
    tenka_model *model;                    /* owns net when there is one */
    tenka_module *net;
    /* Of training and test pictures, as print() shows them; NULL: they are resized. */
    char *transform, *eval_transform;
    bool draws;               /* --transform is random */
    uint32_t outputs;         /* classes of the network, where samples are mixed; 0: targets are shares of them */
    tenka_loss *loss;         /* NULL: not chosen yet */
    bool ignores;             /* some targets are what the loss ignores */
    double *class_weights;    /* of --class-weights, one for each output; NULL: none */
    enum last_layer last;     /* once session_find_ending was called */
    const char *twice;        /* what applies softmax after the network's Softmax again; NULL: nothing */
    const char *over_others;  /* class of a last layer with softmax over another axis; NULL: none */
    const char **class_names; /* room for what session_preprocessing gives */
    char folder[4096];
    struct progress waiting; /* for kernels that are compiled */
};

/* Opens all of it in the order of the reference program, so that random draws agree with it. Says what went wrong;
 * session_close is due in any case. */
int session_open(struct session *s, const struct options *options, bool train);
void session_close(struct session *s);
/* The library could not open the file of --load: says why, and where what it is belongs. */
int session_say_load_failed(const struct session *s, const char *path);
/* Warns where a run begins with saved weights, which may be meant for other images than those that were found. */
void session_warn_of_data(const struct session *s);
/* The file whose network is taken where --net names none: a checkpoint is a saved network too. NULL: there is none. */
const char *session_model_path(const struct session *s);
/* The device and the network alone, without data; sizing: without memory for the network too (tenka_sizing_begin). */
int session_open_network(struct session *s, const struct options *options, bool sizing);
/* A line with the name of the device. */
void session_print_device(const tenka_ctx *ctx, const struct options *options);
/* The device alone. */
int session_open_device(struct session *s, const struct options *options);
/* How the network wants its input, until the next call. */
int session_preprocessing(struct session *s, struct tenka_preprocessing *how);
/* Writes the network and how it wants its input. Returns EXIT_CODE_LIBRARY. */
int session_save(struct session *s, const char *path);

/* ---- recipe.c: what is initialised, loaded, reset and frozen ---- */

/* Initialises as --init says, before weights are loaded. Says what is wrong. */
int recipe_init(struct session *s);
/* Loads the weights of --load into the network of --net. Says what went wrong. */
int recipe_load(struct session *s);
/* After that: lets begin anew, and freezes. Says what is wrong. */
int recipe_reset(struct session *s);
int recipe_freeze(struct session *s);
/* The network's parameters that are trained, to be freed. NULL: no memory. */
tenka_variable **recipe_trained(const struct session *s, size_t *count);

/* ---- groups.c: parameter groups of --group and --no-decay-norms ---- */

/* Whether the texts are such as a network can be asked about; else a sentence, as long-lived as buffer. */
const char *groups_objection(const struct options *o, char buffer[static 1024]);
/* Whether each names something that is trained; says what is wrong, and what groups there are. */
int groups_check(const struct session *s);
/* Adds them to an optimizer that has none. Errors: as tenka_optimizer_add_group. */
tenka_status groups_add(const struct session *s, tenka_optimizer *opt);

/* ---- data_names.c: what --data names ---- */

/* The files of a list: images and labels of one half, or of both. */
struct file_list {
    char *text; /* holds the names, to be freed */
    const char *file[4];
    size_t count; /* of those in the text; 0: there was no memory */
};

enum data_kind {
    DATA_IDX,      /* a folder of IDX files, or a data set in one */
    DATA_LIST,     /* IDX files */
    DATA_NPZ,      /* an archive of NumPy's arrays */
    DATA_NPY,      /* files of one array each */
    DATA_CIFAR,    /* a folder or archive of CIFAR-10 or -100 */
    DATA_CSV,      /* tables: one file, or one for each half */
    DATA_PICTURES, /* a folder of pictures by class, or of such folders */
    DATA_MASKS,    /* pictures with a mask each: a folder with both, or a list of the two */
};
/* By its content, or the names of the files. */
enum data_kind data_kind(const char *data);
bool data_is_folder(const char *path);
#define PATH_TEXT 4096
/* Whether there is a folder of that name in it; out becomes its path. */
bool folder_has(const char *folder, const char *name, char out[static PATH_TEXT]);
/* Whether a folder has files or folders, but hidden ones, of which is says so; path: of the entry. */
bool folder_has_entry(const char *folder, bool (*is)(const char *path, const char *name, bool folder));
/* A folder may have commas in its name. */
bool data_is_list(const char *data);
void file_list_split(const char *data, struct file_list *out);
/* By the names' endings: an archive of NumPy's arrays; a list of files of one each. */
bool data_is_npz(const char *data);
bool data_is_npy(const char *data);
bool path_is_csv(const char *path);
bool path_is_npy(const char *path);
/* Whether --data names something; says so when it does not. data NULL: nothing is named. */
int session_check_data(const char *data);
/* Whether what a saved file remembers is still there. */
bool data_is_there(const char *data);
/* Whether both name the same folder, file or files, by whatever names. */
bool data_same(const char *a, const char *b);
/* The absolute name of what data names, for a saved file to remember: to be freed. NULL: there is none that is UTF-8
 * text and leads back, or no memory. */
char *data_absolute(const char *data);

/* ---- data.c: the images of a session ---- */

/* Those of training, where there are any, else those of testing. */
const tenka_dataset *session_data(const struct session *s);
/* Whether the data are arrays, of whatever their samples are, and no images. */
bool session_has_arrays(const struct session *s);
/* "image" or "sample". */
const char *session_noun(const struct session *s);
#define SAMPLE_TEXT 80
/* "3x32x32", or "one number"; returns out. */
const char *sample_text(struct tenka_shape shape, char out[static SAMPLE_TEXT]);
size_t shape_count(struct tenka_shape shape); /* elements */
/* A batch of so many samples of data. */
struct tenka_shape batch_shape(const tenka_dataset *data, size_t count);
/* Reads one half of what --data names; a list of two files is either. *out is NULL, with OK, where arrays have no test
 * half. Says what went wrong. */
int session_load_half(const struct session *s, const char *data, bool train, tenka_dataset **out);
/* What is tested is the part that the network's training has split off, where --split or its file says that it has. */
int session_split_tested(struct session *s);
/* Finds the images and reads them, for training both halves; for testing without --data those that the network was
 * trained on. */
int session_load_data(struct session *s, bool train);
/* Normalises the images as those were that the saved network was trained on, or says that they have another size. */
int session_apply_preprocessing(struct session *s);
/* Whether the network, which gives so many outputs, has one for each class that its file names. */
int session_check_class_names(const struct session *s, uint32_t outputs);
/* Whether the classes of the images are those of the network, which gives so many outputs. */
int session_check_classes(const struct session *s, uint32_t outputs);

/* ---- table_data.c: CSV files ---- */

/* One half of what data names, as session_load_half. */
int table_load(const struct session *s, const char *data, bool train, tenka_dataset **out);
/* Fills in what both halves lack, of a table whose file says so. */
int table_fill(const struct session *s);
/* Whether options of tables are given for data that are one; name: of the data. */
int table_check_options(const struct session *s, const char *name, const tenka_dataset *data);
/* Fills in what both halves lack where --missing asks for it, and standardises them where --standardize asks for it, or
 * the network of --load or --resume learnt so. */
int table_settle(const struct session *s);
/* Says how many values of a file were filled in. */
void table_say_filled(const struct session *s, const char *path, size_t cells);
/* Whether the targets are standardised; the notice says what the loss then is. */
bool table_scales_targets(const struct session *s);
void table_tell(const struct session *s);

/* What the numbers that a network gives for a sample are in the table's unit: mean + std times each. */
struct table_scale {
    size_t each;
    bool scaled; /* else they are in it already, and mean and std say nothing */
    double *std;
    double mean[];
};

/* table NULL: it is of none. NULL: no memory; else to be freed. */
struct table_scale *table_scale_find(const char *table, size_t each);
/* In place: the numbers of samples, which wide has if it is not NULL. */
void table_scale_back(const struct table_scale *scale, float *numbers, double *wide, size_t samples);

/* ---- picture_data.c: pictures by class, which train and test ---- */

/* One half of a folder, as session_load_half. */
int pictures_load(const struct session *s, const char *data, bool train, tenka_dataset **out);
/* The folder of the half in it that training is watched on, or the last, which is tested; false: there is none. */
bool pictures_test_half(const char *folder, bool last, char out[static PATH_TEXT]);
/* Whether the two halves have the same classes. */
int pictures_check_classes(const struct session *s);
/* Gives pictures the size that --input names, that the saved network has, or that the network takes; nothing where the
 * data are no pictures. data: count datasets of one kind, of which some may be NULL. Says what went wrong. */
int pictures_set_size(const struct session *s, tenka_dataset *const *data, size_t count);
/* What becomes of them, on a line. */
void pictures_tell(const struct session *s);
/* The numbers of --mean and --std in the place of those of the data. */
int pictures_set_normalization(const struct session *s);

/* ---- mask_data.c: pictures with a mask of classes for each ---- */

/* Whether a folder has both, images and masks, or halves that have. */
bool masks_are_in(const char *folder);
/* What --data and --masks name together, as a list, where there is --masks. Says what is wrong. */
int masks_join(struct session *s);
/* One half, as session_load_half. */
int masks_load(const struct session *s, const char *data, bool train, tenka_dataset **out);
/* Whether each pixel has a class. */
bool session_has_masks(const struct session *s);
/* Whether the masks have two classes at least; for data without masks too. Says what is wrong. */
int masks_check(const struct session *s);
/* The names that a saved network has for the classes in the place of their numbers. */
int masks_name_classes(const struct session *s);

/* ---- transforms.c: what pictures become by transforms ---- */

/* What is wrong with the options about pictures together; NULL: nothing. */
const char *transforms_objection(const struct options *o);
/* Reads what the options say. Says what is wrong with it. */
int transforms_read(struct session *s);
/* Fills in, once the network is there, what options have not said: testing is as training where nothing is random, else
 * as the saved network says; training is as testing. Says what is missing. */
int transforms_settle(struct session *s);
void transforms_close(struct session *s);
/* Gives them to both halves. Says what does not fit. */
int transforms_apply(struct session *s);
/* What a saved file says of them: image, mean and std, transform. Nothing where there are none. */
int transforms_describe(const struct session *s, struct tenka_preprocessing *how);
/* What the halves are made of by transforms, on a line each. */
void transforms_tell(const struct session *s);

/* ---- mixing.c: --mixup and --cutmix ---- */

bool mixing_is_on(const struct options *o);
/* Whether the loss, once it is chosen, takes mixed targets; says why not. output: of the network. */
int mixing_check(struct session *s, struct tenka_shape output);
/* What a loader of the training half mixes. */
void mixing_describe(const struct session *s, struct tenka_loader_params *params);
/* The same on a line. */
void mixing_tell(const struct session *s);

/* ---- sheet.c ---- */

/* Writes a picture of some samples side by side, as a PNG. Says what went wrong. */
int sheet_write(const struct session *s, const tenka_dataset *data, const char *path);

/* ---- passes.c ---- */

/* Makes all training samples ready for a network, as often as --passes says: seconds[i] is the time of pass i. Says what
 * went wrong. */
int passes_run(const struct session *s, double *seconds);
/* A line for each; or a member of an object. */
void passes_print(const struct session *s, const double *seconds);
void passes_print_json(const struct session *s, const double *seconds);

/* ---- ending.c: what the network ends with ---- */

/* Looks at the network for an input that fits it. */
int session_find_ending(struct session *s, struct tenka_shape input);
/* Warns where softmax is taken twice, or over something else than the classes. */
void session_warn_of_ending(const struct session *s, uint32_t outputs);
/* The loss of the network's output where the targets are classes: nll_loss after LogSoftmax, else cross entropy. */
tenka_loss_fn session_loss_function(const struct session *s);
/* Whether the targets are classes, so that answers are right or wrong. */
bool session_classifies(const struct session *s);
/* A forward pass and its loss; of training, or of an evaluation. output: the network's first. */
tenka_tensor session_loss(const struct session *s, const struct tenka_batch *batch, bool training,
                          tenka_tensor *output);
/* loss_names.c: the class of torch.nn that a function of torch.nn.functional, or a short name, stands for; NULL: it stands
 * for none. */
const char *loss_class_of(const char *name);
/* Makes the loss that --loss names; nothing without --loss. Says what is wrong with it. */
int session_open_loss(struct session *s);
/* Looks for targets that the loss ignores, which are no classes then. */
int session_pass_over_ignored(struct session *s);
/* Makes the loss that belongs to the network's ending and to such targets where none is named. */
int session_choose_loss(struct session *s, enum tenka_dtype targets);

/* ---- targets.c: targets that are the input, and losses that go with them ---- */

/* Whether --target asks for what the network is given, and not for a column of a table. */
bool targets_are_input(const struct session *s);
/* Makes targets of the inputs where that, or the network that is tested, asks for it. Says what is wrong. */
int targets_set(struct session *s);
/* Whether the loss takes such targets. Says what is wrong. */
int targets_check(const struct session *s);
/* The loss of targets that are floats, where none is named: that of the network that is tested, else MSELoss. */
const char *targets_loss(const struct session *s);
/* What the outputs are to a loss of labels. */
enum label_scores { LABELS_NONE, LABELS_LOGITS, LABELS_PROBABILITIES };
/* By the loss that the network was trained with, as its file says. */
enum label_scores targets_labels(const struct session *s);

/* ---- class_weights.c ---- */

/* Weighs the classes as --class-weights asks for; outputs: of the network. Says what is wrong. */
int class_weights_set(struct session *s, uint32_t outputs);
/* They on a line, where there are any. */
void class_weights_tell(const struct session *s);

/* ---- batches.c: batches that the network cannot take ---- */

/* Looks at the sizes that training and testing will come upon. Says what does not fit, and what does. */
int batches_check(struct session *s);
/* After the network was found not to fit input, a batch: says why, and which batch size would. */
int batches_say_misfit(struct session *s, struct tenka_shape input);

/* ---- classes.c ---- */

struct class_names {
    char *text;         /* holds the names */
    const char **names; /* count of them */
    size_t count;
};

/* Names from a file with one a line, or else from a list with commas. Says what is wrong with them; class_names_free is
 * due in any case. */
int class_names_read(struct class_names *out, const char *from);
void class_names_free(struct class_names *names);

/* ---- pictures.c ---- */

struct pictures {
    char **paths;
    size_t count, capacity;
    uint64_t skipped; /* files in folders that are no pictures */
    uint64_t failed;  /* folders that could not be read or have no picture, each of which was said */
    uint64_t seen;    /* files in folders */
    double tell_at;   /* when the search is to be shown next */
    struct progress *progress;
};

/* Lists files as they are named, and of a folder the pictures in it and in its folders, in the order of their names. A
 * file in a folder is a picture by its content, of whatever kind, or by the end of its name: what is wrong with it is
 * said when it is read. Hidden files and links to folders are passed over. progress shows how far the search is, and a
 * signal ends it. pictures_free is due in any case. */
int pictures_find(struct pictures *p, tenka_ctx *ctx, char *const *names, size_t count, struct progress *progress);
void pictures_free(struct pictures *p);
/* Whether a file's name says that it is a picture, be it readable or damaged. */
bool claims_picture(const char *name);

/* ---- checkpoint.c ---- */

/* Writes a checkpoint of the run. Returns EXIT_CODE_LIBRARY. */
int checkpoint_save(struct session *s, const struct tenka_training *training, const char *path);
/* Puts the run where the checkpoint of --resume was. Says what went wrong, or returns EXIT_CODE_LIBRARY. */
int checkpoint_resume(struct session *s, struct tenka_training *training);

/* ---- evaluate.c ---- */

/* NaN stands for what is not known. */
struct evaluation {
    double loss;     /* mean as --loss-mean says */
    double accuracy; /* 0 to 1, over all targets that are classes */
    double seconds;
    uint64_t images;
    /* Of those that were counted (answers.h). */
    double top_accuracy, f1, mean_iou; /* f1: of labels too; mean_iou: of places with classes */
    double exact;                      /* 0 to 1: samples of which all labels are right */
    struct tenka_number_summary numbers;
};
struct evaluation evaluation_empty(void);

struct answers;
/* One pass over the loader's images without gradients. An interrupt ends it early, with what was seen so far.
 *   answers  what is to be counted beside loss and accuracy; NULL: nothing
 * Returns EXIT_CODE_LIBRARY. */
int evaluate(struct session *s, tenka_loader *loader, struct progress *progress, struct answers *answers,
             struct evaluation *out);
/* "  MAE 0.0123  R2 0.9321" and the like of what is known but loss and accuracy, each behind two blanks; "": nothing is.
 * full: as `tenka test` has it, not as a line of an epoch. */
#define MEASURES_TEXT 160
void evaluation_text(const struct evaluation *e, bool full, char out[static MEASURES_TEXT]);

/* ---- log_json.c: one JSON object a line ---- */

/* What is known after an epoch, or at a test within one. */
struct epoch_result {
    uint32_t epoch; /* from 0 */
    uint64_t step;  /* steps of the run until a test within the epoch; 0: the epoch is over */
    double epochs;  /* of which so many are done */
    double train_loss, train_seconds, images_per_second; /* of the epoch so far */
    double lr;                                           /* of the first group */
    struct evaluation test;
};

struct log {
    bool open; /* false: no log is wanted, and each call does nothing and succeeds */
    int file;
    int digits;           /* of losses: all that the device's real numbers have */
    uint32_t first_epoch; /* the number of a run's first epoch: 1, as on the screen, or 0 in logs of old versions */
    off_t whole;          /* bytes of whole lines in it */
    int error;            /* of the last line, as errno has it; 0: it is written */
    char *text;           /* of the line that is being made */
    size_t length;
};

/* A failure is said here. *log: zeros. */
int log_json_open(const struct options *options, struct log *log);
/* Opens the log of a run that is resumed: what it has of later steps and epochs goes away. *begun: the log's first line
 * is there. */
int log_json_reopen(const struct options *options, uint64_t epoch, uint64_t step, struct log *log, bool *begun);
/* A line each. EXIT_CODE_FAILED: log->error says why, and the caller says it. */
int log_json_begin(struct log *log, const struct session *s);
int log_json_step(struct log *log, uint32_t epoch, uint64_t step, double loss);
int log_json_epoch(struct log *log, const struct epoch_result *result);
bool log_json_failed(const struct log *log);
int log_json_close(struct log *log, const struct options *options);
/* A quoted string, on any stream; what is no UTF-8 becomes the character U+FFFD. */
void log_json_string(FILE *file, const char *text);

/* ---- Commands ---- */

int command_train(const struct options *options);
int command_test(const struct options *options);
int command_data(const struct options *options);
int command_predict(const struct options *options);
int command_info(const struct options *options);
int command_convert(const struct options *options);
int command_summary(const struct options *options);
int command_bench(const struct options *options);
int command_verify(const struct options *options);
int command_profile(const struct options *options);
int command_devices(const struct options *options);

/* outputs.c: whether a file can be written where an option says; says what went wrong. path NULL: none is asked for. */
int check_save_path(const char *option, const char *path);
/* Whether the name promises another format than --save writes; a name without an ending promises none. */
bool promises_other_format(const char *path);
/* Tells what a .pt, if path is one, does not keep of a network that was trained on a table or on pictures, or with a
 * part of the data kept for testing. */
void tell_lost_in(const struct options *o, const char *option, const char *path, bool table, bool pictures, bool split);
/* outputs.c: whether there is a file that both names lead to. */
bool same_file(const char *a, const char *b);
/* outputs.c: whether what one option names is another file than what the other does; else one would be lost, and a
 * sentence says so. Either path may be NULL. */
int check_other_file(const char *option, const char *path, const char *other_option, const char *other);
/* The same of what an option names and the files that the command reads data, network, classes and transforms from. */
int check_not_input(const struct options *o, const char *option, const char *path);
/* The optimizer that the options ask for (train.c). */
tenka_status train_optimizer(const struct session *s, tenka_optimizer **out);
/* The average of --ema; *out is NULL where none is asked for (average.c). */
tenka_status train_average(const struct session *s, tenka_optimizer *opt, tenka_average **out);

#endif

#include "option_table.h"

#include <string.h>

/* Tables, laid out by hand. */
/* clang-format off */

/* ---- Options that do not do ---- */

static const char *train_objection(const struct options *o)
{
    return o->split == 1 ? "--split keeps a part from training, more than 0 and less than 1" : transforms_objection(o);
}

/* A seed does nothing else where a network is tested. */
static const char *split_objection(const struct options *o)
{
    if (option_is_given(o, "seed") && o->split == 0)
        return "--seed says which part --split tests: give that, too";
    return train_objection(o);
}

static const char *test_objection(const struct options *o)
{
    return o->load == NULL ? "--load FILE is needed: which saved network is to be tested?" : split_objection(o);
}

static const char *predict_objection(const struct options *o)
{
    if (o->load == NULL)
        return "--load FILE is needed: which saved network is to look at the pictures?";
    if (o->n_pictures == 0)
        return "name the pictures, or folders with pictures, or an array x.npy or table x.csv, after the options";
    if (o->n_pictures > 1)
        for (size_t i = 0; i < o->n_pictures; i++)
            if (path_is_npy(o->pictures[i]) || path_is_csv(o->pictures[i]))
                return "an array or table goes alone: name one x.npy or x.csv, and no pictures beside it";
    const bool array = path_is_npy(o->pictures[0]) || path_is_csv(o->pictures[0]);
    if (o->out != NULL && array && !path_is_npy(o->out) && !path_is_csv(o->out))
        return "--out writes a table or NumPy's format: give the file a name that ends in .csv or .npy";
    if (o->out != NULL && path_is_npy(o->out) && !array)
        return "--out FILE.npy is for the outputs of an array x.npy or a table x.csv; pictures' go to a FILE.csv";
    for (size_t i = 0; i < o->n_pictures; i++)
        if (strcmp(o->pictures[i], "-") == 0)
            return "'-': the standard input is not read; name files or folders";
    return transforms_objection(o);
}

static const char *data_objection(const struct options *o)
{
    return o->n_pictures == 1 ? NULL : "name one data set, as --data of 'tenka train' does";
}

static const char *info_objection(const struct options *o)
{
    if (o->n_pictures == 1)
        return NULL;
    return o->n_pictures == 0 ? "name the file: a saved model, a checkpoint or weights" : "name one file alone";
}

static const char *convert_objection(const struct options *o)
{
    return o->load == NULL || o->save == NULL
               ? "name the saved network with --load FILE, and with --save FILE what is to be written"
               : NULL;
}

static const char *bench_objection(const struct options *o)
{
    return o->op != NULL && (o->net != NULL || o->parts != 0)
               ? "--op measures one operator and goes together neither with --net nor with --only"
               : NULL;
}

/* ---- The commands ---- */

const struct command commands[] = {
    { "train", TRAIN, .brief = "train a network on pictures, arrays or a table", .about =
      "Trains a network to tell the classes of images apart, or on arrays to whatever their targets are, and prints after "
      "each epoch the mean loss of training, then loss and accuracy on the test images. As in the PyTorch tutorial's program, the loss of training is the "
      "mean over the batches, a smaller last one included; the test loss is the mean over the images (--loss-mean).",
      .example = "tenka train --epochs 1 --save net.safetensors", .computes = true, .run = command_train,
      .objection = train_objection },
    { "test", TEST, .brief = "loss and accuracy of a saved network, and which classes it confuses", .about =
      "Prints loss and accuracy of a saved network on the test images. Of targets that are numbers it prints the mean "
      "error (MAE), the root of the mean squared one (RMSE) and the share of their variance that is explained (R2), of "
      "several targets also each by itself; and of pictures the peak signal-to-noise ratio (PSNR); of labels how many "
      "samples have all of them right, and the mean F1; of classes of pixels the mean intersection over union (IoU).",
      .example = "tenka test --load net.safetensors", .computes = true, .run = command_test,
      .objection = test_objection },
    { "data", DATA, .arguments = "FOLDER|FILES", .brief = "what is in a data set", .about =
      "Looks at data as 'tenka train' would read them: how many samples and of which shape, the classes and how many of "
      "each there are, the sizes of pictures, the columns of a table; and mean and deviation of the training half's input, "
      "of images channel by channel, with values from 0 to 1, which --mean and --std take.",
      .example = "tenka data pictures", .run = command_data, .objection = data_objection },
    { "predict", PREDICT, .arguments = "X.NPY|X.CSV|PICTURE|FOLDER...",
      .brief = "the classes of pictures, or the outputs of an array or table, by a saved network", .about =
      "Tells the classes of pictures by a saved network. PNG, JPEG, BMP, GIF, WebP and TIFF pictures of "
      "any size and kind become what the network was trained on: grey or colour, resized, normalised. Photographs are put upright as their EXIF or XMP "
      "data says. Of a folder, all files in it and in its folders that are pictures, or are called so, are taken in "
      "the order of their names, and others passed over. A picture that cannot be read, also since it is of another "
      "kind, is said, and the others are still done; the exit status is then 1. Of an array x.npy the samples are taken "
      "as they are, and of a table x.csv the lines as those of the table were that the network was trained on; --out y.npy "
      "writes what the network gives for them, of whatever shape, and --out y.csv a table. A network that gives scores for "
      "each pixel makes a mask of each picture, a PNG file in the folder of --out whose grey values are the classes: it has "
      "the picture's size, or with a transform that of what the network gives.",
      .example = "tenka predict --load net.safetensors --top 1 shoe.jpg pictures/", .computes = true,
      .run = command_predict, .objection = predict_objection },
    { "info", INFO, .arguments = "FILE", .brief = "what is in a saved model, a checkpoint or a file of weights", .about =
      "Tells what is in a file: the network's text, what it wants its input to be, its classes, the data that it was "
      "trained on, every tensor; of a checkpoint also epochs, steps and options of the run. Nothing is loaded.",
      .example = "tenka info net.safetensors", .run = command_info, .objection = info_objection },
    { "convert", CONVERT, .brief = "a saved network as PyTorch's .pt, or as safetensors", .about =
      "Writes a saved network, or the network of a checkpoint, as a file of the other format: a .pt that "
      "model.load_state_dict(torch.load(FILE)) takes, or safetensors, which have the network's text in them, so that no "
      "other command needs --net. A .pt keeps the weights alone. Numbers of other types, such as 16-bit floats, become "
      "32-bit floats.", .example = "tenka convert --load net.safetensors --save net.pt", .run = command_convert,
      .objection = convert_objection },
    { "summary", SUMMARY, .brief = "layers, shapes and parameters of a network, and the memory that training it takes",
      .about =
      "Prints the layers of a network with their output shapes, parameters and multiply-adds, and how much device memory "
      "a step of training takes. Of a text that shows forward it prints the calls of layers and functions, in the order "
      "in which they run. Multiply-adds are those of convolutions and products of matrices, for the whole batch. Nothing "
      "is trained, and no memory is taken for it.",
      .example = "tenka summary --net model.txt --input 3,32,32 --batch-size 128", .run = command_summary },
    { "verify", VERIFY, .brief = "whether the device can be trusted: every kernel against the CPU's", .about =
      "Tells whether a device can be trusted. Compares every operator's kernels, and a training step, with the CPU in "
      "double precision; repeats that step, which must give the same bits; and looks for missing barriers. An error is "
      "shown as the share of its bound that it takes. Needs no images. The first run on a device takes longer, since "
      "its driver compiles each kernel for each shape. Exit status 1 when something is wrong.",
      .example = "tenka verify --device 0", .computes = true, .run = command_verify },
    { "bench", BENCH, .brief = "how fast the device, its kernels and whole training steps are", .about =
      "Measures a device: what it can do at most (arithmetic, memory copy, cost of a dispatch and of a submission), "
      "each kernel of a training step, kernels of other shapes, and whole steps of training and inference, batch "
      "selection included. Times are medians; the share is that of the ceiling which bounds the kernel, and 'cache' "
      "says that its data did not come from the memory.",
      .example = "tenka bench --net model.txt --input 3,32,32 --batch-size 64 --only kernels,steps", .computes = true,
      .run = command_bench, .objection = bench_objection },
    { "profile", PROFILE,
      .brief = "where the time of a training step goes; traces for Perfetto, captures for RenderDoc", .about =
      "Runs training steps and shows where their time goes: each dispatch with the layer and the phase that it is for, "
      "its time, its share of the step, what it achieves, and how long the device did nothing before it. The "
      "dispatches run as they do in training; what looking at the clock costs is printed with the result.",
      .example = "tenka profile --net model.txt --input 3,32,32 --batch-size 64 --trace step.json", .computes = true,
      .run = command_profile },
    { "devices", DEVICES, .brief = "what Vulkan sees, what Tenka would pick and why", .about =
      "Lists what Vulkan sees, what '--backend auto' would pick, and why.", .run = command_devices },
    { .name = NULL },
};

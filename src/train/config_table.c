/* The configuration's parameter table: YAML keys, `--set` and documentation come from here. */
#include "data/data.h"
#include "depth/depth.h"
#include "myelin/train.h"
#include "net/run.h"
#include "neuron/neuron.h"
#include "sample/sample.h"
#include "step/step.h"
#include "time/time.h"

#define FIELD(name)    .offset = offsetof(mye_config, name)
#define CAPACITY(name) .size = sizeof(((mye_config *)0)->name)
#define COUNT_MAX      1e9
#define METHOD(key, of, text, words)                                                    \
    {                                                                                   \
        .name = #key, .type = MYE_PARAM_METHOD, FIELD(key), CAPACITY(key), .def = text, \
        .kind = &mye_kind_##of, .unit = "", .help = words                               \
    }
#define TEXT(key, text, words)                                                                    \
    {                                                                                             \
        .name = #key, .type = MYE_PARAM_TEXT, FIELD(key), CAPACITY(key), .def = text, .unit = "", \
        .help = words                                                                             \
    }
#define INTEGER(key, text, from, to, per, words)                                              \
    {                                                                                         \
        .name = #key, .type = MYE_PARAM_INT, FIELD(key), .def = text, .min = from, .max = to, \
        .unit = per, .help = words                                                            \
    }
#define SWITCH(key, text, words)                                                                 \
    {                                                                                            \
        .name = #key, .type = MYE_PARAM_BOOL, FIELD(key), .def = text, .unit = "", .help = words \
    }

static const mye_param config_params[] = {
    TEXT(net, "32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10",
         "network: notation, builder (vgg11:...) or YAML file (relative to the config file)"),
    METHOD(neuron, neuron, "lif", "what plain LIF or N in the notation means"),
    METHOD(data, dataset, "fashion-mnist", "data set"),
    TEXT(data_dir, "", "folder of the data set; empty: the usual places"),
    METHOD(encoder, encoder, "direct", "how an image becomes T steps of input"),
    TEXT(augment, "", "changes of training images in order, such as crop:pad=4 flip"),
    METHOD(time, time, "bptt", "how credit flows through time steps"),
    METHOD(depth, depth, "global", "how credit flows through layers"),
    METHOD(sample, sample, "all", "which examples are used"),
    METHOD(step, step, "sgd:lr=0.1,momentum=0.9,weight_decay=5e-4", "how far weights move"),
    METHOD(schedule, schedule, "cosine", "how the learning rate changes"),
    METHOD(loss, loss, "ce_mean", "what a wrong output is worth"),
    INTEGER(T, "4", 1, 4096, "steps", "time steps of each sample"),
    INTEGER(batch, "128", 1, 1048576, "samples", "samples of a training step"),
    INTEGER(epochs, "10", 0, COUNT_MAX, "epochs", "visits of the training set"),
    INTEGER(eval_batch, "0", 0, 1048576, "samples", "samples of a test step; 0: as batch"),
    {.name = "clip",
     .type = MYE_PARAM_FLOAT,
     FIELD(clip),
     .def = "0",
     .min = 0,
     .max = 1e30,
     .unit = "",
     .help = "largest norm of the whole gradient; 0: no limit"},
    {.name = "rate_strength",
     .type = MYE_PARAM_FLOAT,
     FIELD(rate_strength),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .unit = "",
     .help = "what firing above rate_target costs: adds strength * excess^2 per layer; 0: nothing"},
    {.name = "rate_target",
     .type = MYE_PARAM_FLOAT,
     FIELD(rate_target),
     .def = "0.05",
     .min = 0,
     .max = 1,
     .unit = "spikes/step",
     .help = "mean firing rate that a hidden layer may have at no cost"},
    {.name = "cosine",
     .type = MYE_PARAM_METHOD,
     FIELD(cosine),
     CAPACITY(cosine),
     .def = "",
     .kind = &mye_kind_time,
     .unit = "",
     .help = "compare the gradient with that of this time rule, layer by layer; empty: no",
     .choices = "bptt"},
    INTEGER(cosine_batches, "4", 1, 1e6, "batches", "held test batches of that comparison"),
    INTEGER(
        pipeline, "1", 1, 64, "groups",
        "groups of a depth rule's modules, each with its share of the threads and a batch of its "
        "own at work; 1: one batch after the other"),
    INTEGER(seed, "1", 0, 9e15, "", "of weights, order, augmentation, dropout and encoding"),
    INTEGER(threads, "0", 0, 256, "threads", "worker threads; 0: one per processor"),
    INTEGER(limit_train, "0", 0, COUNT_MAX, "samples",
            "use only the first training samples; "
            "0: all"),
    INTEGER(limit_test, "0", 0, COUNT_MAX, "samples", "use only the first test samples; 0: all"),
    {.name = "memory",
     .type = MYE_PARAM_BYTES,
     FIELD(memory),
     .def = "0",
     .min = 0,
     .max = 9e15,
     .unit = "bytes",
     .help = "refuse to start above this planned memory; 0: no limit"},
    SWITCH(drop_last, "false", "leave out a smaller last batch of an epoch"),
    SWITCH(exact, "false",
           "add up layers in one fixed order; else the fastest way for shape and firing rate"),
    SWITCH(profile, "false", "measure the time of each node and print it at the end"),
    TEXT(kernels, "", "ref, base, avx2 or avx512; empty: the best of this processor"),
    TEXT(out, "", "run folder; empty: runs/<date>-<net>-<time>"),
    TEXT(init, "", "checkpoint to take the first weights from; empty: fresh weights"),
    {.name = NULL}};

const mye_param *mye_config_params(void)
{
    return config_params;
}

/* CIFAR-10: 60,000 small colour photographs in the official binary files. */
#include "data/cifar.h"
#include "data/files.h"

typedef struct options {
    int64_t limit, batches;
} options;

static const mye_param params[] = {
    {"batches", MYE_PARAM_INT, offsetof(options, batches), 0, "5", 1, 5, NULL, NULL, "files",
     "read only the first training files"},
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first samples of the split; 0 = all"},
    {0},
};

static const char *const classes[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};
static const char *const folders[] = {"cifar10", "cifar-10-batches-bin",
                                      "cifar10/cifar-10-batches-bin", "CIFAR10", NULL};
static const char *const places[] = {"/usr/share/datasets/cifar10", NULL};
static const mye_data_search search = {
    .name = "cifar10",
    .folders = folders,
    .places = places,
    .mark = "data_batch_1.bin",
    .hint = "unpack cifar-10-binary.tar.gz (not the Python version) from "
            "www.cs.toronto.edu/~kriz/cifar.html there",
};

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    static const mye_cifar_form form = {.label_bytes = 1, .label_at = 0, .classes = 10};
    const options *o = opt;
    const char *files[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                           "data_batch_4.bin", "data_batch_5.bin", NULL};
    mye_data_search where = search;
    mye_images *set = NULL;
    char *folder = NULL;
    bool is_train;
    mye_status st;

    MYE_TRY(mye_data_split(search.name, split, &is_train, err));
    if (!is_train)
        where.mark = "test_batch.bin";
    MYE_TRY(mye_data_find(ctx, &where, dir, &folder, err));
    files[is_train ? o->batches : 1] = NULL;
    if (!is_train)
        files[0] = "test_batch.bin";
    st = mye_cifar_open(ctx, &form, folder, files, o->limit, &set, err);
    mye_free(ctx, folder);
    if (st != MYE_OK)
        return st;
    mye_images_describe(set, info, bytes);
    info->class_names = classes;
    info->licence = "none stated; free for research";
    info->source = "A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html";
    for (int c = 0; c < 3; c++) {
        info->mean[c] = (const float[]){0.4914f, 0.4822f, 0.4465f}[c];
        info->deviation[c] = (const float[]){0.2470f, 0.2435f, 0.2616f}[c];
    }
    *self = set;
    return MYE_OK;
}

const mye_dataset_type mye_dataset_cifar10 = {
    .entry = {"cifar10", "photographs of 10 classes, 32x32 colour, 50000 + 10000",
              "Krizhevsky 2009, Learning multiple layers of features from tiny images", params,
              sizeof(options)},
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};

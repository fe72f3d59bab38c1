/* MNIST: 70,000 handwritten digits in four IDX files. */
#include "data/files.h"
#include "data/idx_set.h"

typedef struct options {
    int64_t limit;
} options;

static const mye_param params[] = {
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first samples of the split; 0 = all"},
    {0},
};

static const char *const classes[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const folders[] = {"mnist", "MNIST", "MNIST/raw", NULL};
static const char *const places[] = {"/usr/share/datasets/mnist", NULL};
static const mye_data_search search = {
    .name = "mnist",
    .folders = folders,
    .places = places,
    .mark = "train-images-idx3-ubyte",
    .hint =
        "put the four .gz files of MNIST into a folder and name it with --data-dir or MYELIN_DATA",
};

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    mye_data_search where = search;
    mye_images *set = NULL;
    char *folder = NULL;
    bool is_train;
    mye_status st;

    MYE_TRY(mye_data_split(search.name, split, &is_train, err));
    if (!is_train)
        where.mark = "t10k-images-idx3-ubyte";
    MYE_TRY(mye_data_find(ctx, &where, dir, &folder, err));
    st = mye_mnist_open(ctx, folder, is_train, o->limit, &set, err);
    mye_free(ctx, folder);
    if (st != MYE_OK)
        return st;
    mye_images_describe(set, info, bytes);
    info->class_names = classes;
    info->licence = "CC BY-SA 3.0";
    info->source = "Y. LeCun, C. Cortes, C. Burges, http://yann.lecun.com/exdb/mnist/";
    info->mean[0] = 0.1307f;
    info->deviation[0] = 0.3081f;
    *self = set;
    return MYE_OK;
}

const mye_dataset_type mye_dataset_mnist = {
    .entry = {"mnist", "handwritten digits, 28x28 grey, 60000 + 10000",
              "LeCun et al. 1998, Gradient-based learning applied to document recognition", params,
              sizeof(options)},
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};

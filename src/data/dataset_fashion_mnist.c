/* Fashion-MNIST: 70,000 pieces of clothing in four IDX files. */
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

static const char *const classes[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
static const char *const folders[] = {"fashion-mnist", "FashionMNIST", "FashionMNIST/raw", NULL};
static const char *const places[] = {"/usr/share/datasets/fashion-mnist",
                                     "/usr/local/share/datasets/fashion-mnist", NULL};
static const mye_data_search search = {
    .name = "fashion-mnist",
    .folders = folders,
    .places = places,
    .mark = "train-images-idx3-ubyte",
    .hint = "on Debian and Ubuntu: apt install dataset-fashion-mnist",
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
    info->licence = "MIT";
    info->source = "Zalando Research, https://github.com/zalandoresearch/fashion-mnist";
    info->mean[0] = 0.2860f;
    info->deviation[0] = 0.3530f;
    *self = set;
    return MYE_OK;
}

const mye_dataset_type mye_dataset_fashion_mnist = {
    .entry = {"fashion-mnist", "clothing, 28x28 grey, 60000 + 10000",
              "Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747", params, sizeof(options)},
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};

/* CIFAR-100: 60,000 small colour photographs of 100 fine or 20 coarse classes. */
#include "data/cifar.h"
#include "data/files.h"

enum { LABELS_COARSE, LABELS_FINE };

typedef struct options {
    int64_t limit;
    int labels;
} options;

static const mye_param params[] = {
    {"labels", MYE_PARAM_CHOICE, offsetof(options, labels), 0, "fine", 0, 0, "coarse|fine", NULL,
     "", "100 fine or 20 coarse classes"},
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first samples of the split; 0 = all"},
    {0},
};

static const char *const coarse_classes[20] = {
    "aquatic_mammals",
    "fish",
    "flowers",
    "food_containers",
    "fruit_and_vegetables",
    "household_electrical_devices",
    "household_furniture",
    "insects",
    "large_carnivores",
    "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores",
    "medium_mammals",
    "non-insect_invertebrates",
    "people",
    "reptiles",
    "small_mammals",
    "trees",
    "vehicles_1",
    "vehicles_2",
};
static const char *const fine_classes[100] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm",
};
static const char *const folders[] = {"cifar100", "cifar-100-binary", "cifar100/cifar-100-binary",
                                      "CIFAR100", NULL};
static const char *const places[] = {"/usr/share/datasets/cifar100", NULL};
static const mye_data_search search = {
    .name = "cifar100",
    .folders = folders,
    .places = places,
    .mark = "test.bin",
    .hint = "unpack cifar-100-binary.tar.gz (not the Python version) from "
            "www.cs.toronto.edu/~kriz/cifar.html there",
};

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    const bool is_fine = o->labels == LABELS_FINE;
    const mye_cifar_form form = {2, is_fine ? 1 : 0, is_fine ? 100 : 20};
    const char *files[] = {"test.bin", NULL};
    mye_data_search where = search;
    mye_images *set = NULL;
    char *folder = NULL;
    bool is_train;
    mye_status st;

    MYE_TRY(mye_data_split(search.name, split, &is_train, err));
    if (is_train)
        where.mark = "train.bin";
    MYE_TRY(mye_data_find(ctx, &where, dir, &folder, err));
    if (is_train)
        files[0] = "train.bin";
    st = mye_cifar_open(ctx, &form, folder, files, o->limit, &set, err);
    mye_free(ctx, folder);
    if (st != MYE_OK)
        return st;
    mye_images_describe(set, info, bytes);
    info->class_names = is_fine ? fine_classes : coarse_classes;
    info->licence = "none stated; free for research";
    info->source = "A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html";
    for (int c = 0; c < 3; c++) {
        info->mean[c] = (const float[]){0.5071f, 0.4865f, 0.4409f}[c];
        info->deviation[c] = (const float[]){0.2673f, 0.2564f, 0.2762f}[c];
    }
    *self = set;
    return MYE_OK;
}

const mye_dataset_type mye_dataset_cifar100 = {
    .entry = {"cifar100", "photographs of 100 classes, 32x32 colour, 50000 + 10000",
              "Krizhevsky 2009, Learning multiple layers of features from tiny images", params,
              sizeof(options)},
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};

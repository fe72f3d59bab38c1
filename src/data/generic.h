/*
 * What the generic array formats (idx, npy, npz) share: their common options, the naming of splits
 * by {split}, and the end of opening.
 */
#ifndef MYE_GENERIC_H
#define MYE_GENERIC_H

#include "data/images.h"

typedef struct mye_generic {
    int layout; /* a mye_layout */
    double low, high, hold_out;
    int64_t classes, limit;
} mye_generic;

/* Rows for a parameter table; `field` is the mye_generic in the options struct. */
#define MYE_GENERIC_PARAMS(type, field)                                                         \
    {"classes",                                                                                 \
     MYE_PARAM_INT,                                                                             \
     offsetof(type, field.classes),                                                             \
     0,                                                                                         \
     "0",                                                                                       \
     0,                                                                                         \
     MYE_CLASSES_MAX,                                                                           \
     NULL,                                                                                      \
     NULL,                                                                                      \
     "classes",                                                                                 \
     "number of classes; 0 = largest label + 1"},                                               \
        {"high",                                                                                \
         MYE_PARAM_FLOAT,                                                                       \
         offsetof(type, field.high),                                                            \
         0,                                                                                     \
         "0",                                                                                   \
         -1e30,                                                                                 \
         1e30,                                                                                  \
         NULL,                                                                                  \
         NULL,                                                                                  \
         "",                                                                                    \
         "value that becomes 1; low = high = 0: 255 for bytes, 1 for the rest"},                \
        {"hold_out",                                                                            \
         MYE_PARAM_FLOAT,                                                                       \
         offsetof(type, field.hold_out),                                                        \
         0,                                                                                     \
         "0",                                                                                   \
         0,                                                                                     \
         0.9,                                                                                   \
         NULL,                                                                                  \
         NULL,                                                                                  \
         "",                                                                                    \
         "share of samples kept for the test split when the files have no {split}"},            \
        {"layout",                                                                              \
         MYE_PARAM_CHOICE,                                                                      \
         offsetof(type, field.layout),                                                          \
         0,                                                                                     \
         "auto",                                                                                \
         0,                                                                                     \
         0,                                                                                     \
         "auto|nhwc|nchw|features",                                                             \
         NULL,                                                                                  \
         "",                                                                                    \
         "order of the dimensions"},                                                            \
        {"limit",                                                                               \
         MYE_PARAM_INT,                                                                         \
         offsetof(type, field.limit),                                                           \
         0,                                                                                     \
         "0",                                                                                   \
         0,                                                                                     \
         1e15,                                                                                  \
         NULL,                                                                                  \
         NULL,                                                                                  \
         "samples",                                                                             \
         "use only the first samples of the split; 0 = all"},                                   \
    {                                                                                           \
        "low", MYE_PARAM_FLOAT, offsetof(type, field.low), 0, "0", -1e30, 1e30, NULL, NULL, "", \
            "value that becomes 0"                                                              \
    }

/* What an open function gathers; start from {.info, .self, .bytes}. Names are owned. */
typedef struct mye_generic_input {
    mye_dataset_info *info;
    void **self;
    size_t *bytes;
    mye_array images, labels;
    char *images_name, *labels_name;
    char *path; /* for info; NULL: images_name */
    mye_images_plan plan;
} mye_generic_input;

/* Checks the split against {split} and hold_out, and fills in->plan. */
mye_status mye_generic_split(const mye_generic *o, const char *name, bool has_pattern,
                             const char *split, mye_generic_input *in, mye_error *err);
/* Path of the file that a pattern names; for "test" the name t10k is tried too. Free *path. */
mye_status mye_generic_file(mye_context *ctx, const char *dir, const char *pattern,
                            const char *split, char **path, mye_error *err);
/* Makes the set when `st` is MYE_OK; frees what `in` gathered in any case. */
mye_status mye_generic_finish(mye_context *ctx, mye_status st, mye_generic_input *in,
                              mye_error *err);

#endif

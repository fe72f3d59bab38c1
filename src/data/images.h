/*
 * A set of images held in memory, behind most datasets: bytes with a table of 256 values, or floats.
 * The formats only have to bring their pixels into [N][H][W][C].
 */
#ifndef MYE_IMAGES_H
#define MYE_IMAGES_H

#include "data/array.h"
#include "data/data.h"

#define MYE_CLASSES_MAX 65536

typedef struct mye_images {
    mye_context *ctx;
    char *path; /* for mye_dataset_info                      */
    int64_t n;
    int C, H, W;
    int frames; /* of a sample of event data; 0: images      */
    int classes;
    size_t image_size; /* H * W * C, times frames                   */
    uint8_t *bytes;    /* [n][H][W][C], or NULL                     */
    float *values;     /* [n][H][W][C], or NULL                     */
    int32_t *label;    /* [n]                                       */
    float table[256];  /* value of a byte: pixels are read in [0, 1] */
    size_t held_bytes; /* everything above                          */
} mye_images;

/* An empty set that owns a copy of `path`; NULL: no memory. */
mye_images *mye_images_create(mye_context *ctx, const char *path);
/* Checks the sizes and makes room for n labels. */
mye_status mye_images_shape(mye_images *set, const char *name, int64_t n, int64_t H, int64_t W,
                            int64_t C, mye_error *err);
/* The same, and room for n images of bytes. */
mye_status mye_images_reserve(mye_images *set, const char *name, int64_t n, int64_t H, int64_t W,
                              int64_t C, mye_error *err);
/* Fills the parts of `info` that follow from the set. */
void mye_images_describe(const mye_images *set, mye_dataset_info *info, size_t *bytes);
/* The functions of a dataset type whose `self` is a set. */
mye_status mye_images_read(const void *self, int64_t i, float *pixels, int *label, mye_error *err);
void mye_images_close(mye_context *ctx, void *self);

typedef enum mye_layout {
    MYE_LAYOUT_AUTO, /* by rank, and by where a dimension of 1 or 3 stands; frames: NCHW */
    MYE_LAYOUT_NHWC,
    MYE_LAYOUT_NCHW,
    MYE_LAYOUT_FEATURES /* [N, ...] becomes 1 x 1 x features */
} mye_layout;

/* How two arrays become a set. */
typedef struct mye_images_plan {
    const char *images_name, *labels_name; /* for messages                                     */
    mye_layout layout;
    double low, high; /* map to 0 and 1; both 0: the type's range (bytes 0..255, others 0..1), and
                         for frames counts as they are */
    int64_t limit;    /* at most so many samples, 0: all                                      */
    int64_t classes;  /* 0: largest label + 1                                                 */
    double hold_out;  /* share of samples that belong to the test split; 0: no division       */
    bool is_train;    /* with hold_out: which side to keep                                    */
} mye_images_plan;

/* Fills an empty set from [N, ...] (images, or frames [N, T, C, H, W]) and [N]. Takes over both arrays in any case. */
mye_status mye_images_fill(mye_images *set, const mye_images_plan *plan, mye_array *images,
                           mye_array *labels, mye_error *err);

#endif

/* Internal side of the data: the tables behind datasets, augmentations and encoders. */
#ifndef MYE_DATA_INTERNAL_H
#define MYE_DATA_INTERNAL_H

#include "base/base.h"
#include "myelin/data.h"

/*
 * A dataset format. `open` fills `info` and `self`; strings live until close. A format of event
 * data (`has_frames`) finds the number of frames asked for in info->frames, never 0, and leaves
 * there how many a sample has (0: images after all). `recording` may be NULL: then the events are the
 * sum of the frames, and nothing is known of time.
 */
typedef struct mye_dataset_type {
    mye_entry entry;
    bool has_frames;
    mye_status (*open)(mye_context *ctx, const void *options, const char *dir, const char *split,
                       mye_dataset_info *info, void **self, size_t *bytes, mye_error *err);
    mye_status (*read)(const void *self, int64_t i, float *pixels, int *label, mye_error *err);
    mye_status (*recording)(const void *self, int64_t i, mye_recording_info *out, mye_error *err);
    void (*close)(mye_context *ctx, void *self);
} mye_dataset_type;

/* Frames of a sample when nobody says how many. */
#define MYE_FRAMES_DEFAULT 10
#define MYE_FRAMES_MAX     4096

/* An augmentation of one training image [H][W][C], in place; `seed` is already derived from (seed,
 * epoch, sample, position in the list). `scratch` holds one image. All frames of a sample of event
 * data are changed with the same seed; `images_only` ones refuse frames. For batches, the frames of
 * a sample are one image of frames * H rows. */
typedef struct mye_augment_type {
    mye_entry entry;
    bool images_only;
    mye_status (*check)(const void *options, int C, int H, int W, mye_error *err); /* may be NULL */
    void (*apply)(const void *options, int C, int H, int W, uint64_t seed, float *image,
                  float *scratch); /* NULL for batch augmentations */
    void (*apply_batch)(const void *options, int C, int H, int W, uint64_t seed, mye_batch *batch,
                        float *scratch); /* mixup; NULL otherwise */
} mye_augment_type;

/*
 * An encoder: image [N] to T steps. `out` of step t begins at out + t * stride. Static encoders
 * write one step (direct input: the same at every step). `normalised` says which image it wants.
 */
typedef struct mye_encoder_type {
    mye_entry entry;
    bool is_static;
    bool normalised;
    void (*encode)(const void *options, int64_t n, const float *image, int T, uint64_t seed,
                   int64_t stride, float *out);
} mye_encoder_type;

extern const mye_kind mye_kind_dataset, mye_kind_augment, mye_kind_encoder;

#endif

/*
 * Data: a dataset yields samples (image in [0, 1] and label); augmentations change training
 * images; a loader thread prepares batches; an encoder turns an image into T steps of input.
 *
 * Event data yield frames instead: T of them for each sample, counts of events per pixel and
 * polarity (channel 0: darker, 1: brighter). The frames are the T steps; no encoder is between.
 *
 * Images are channels-last, [H][W][C]. Everything random is a pure function of (seed, epoch,
 * sample), so batches do not depend on the number of threads, nor on where a run was resumed.
 *
 * A dataset is looked for in: `dir` if given (the folder itself or DIR/<name>), $MYELIN_DATA/<name>
 * and $MYELIN_DATA, then the places the format knows (Debian: /usr/share/datasets/<name>).
 */
#ifndef MYELIN_DATA_H
#define MYELIN_DATA_H

#include "myelin/registry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_dataset mye_dataset;

typedef struct mye_dataset_info {
    const char *name;             /* "fashion-mnist"                                        */
    const char *path;             /* the folder or file that was read                       */
    const char *licence, *source; /* what is known of its origin                            */
    int C, H, W;                  /* of one image or frame                                  */
    int frames;                   /* of a sample of event data; 0: samples are images       */
    int classes;
    const char *const *class_names; /* [classes]; "0", "1", ... where the files have none      */
    int64_t n;                      /* samples in this split                                  */
    size_t read_bytes;              /* most that reading a sample takes beside, for a while   */
    float mean[4], deviation[4];    /* usual normalisation per channel (first 4 channels; the
                                       last one repeats)                                      */
} mye_dataset_info;

/*
 * Opens one split ("train" or "test") of a dataset. `text` is a dataset method ("fashion-mnist",
 * "cifar10", "npz:file=x.npz", "folder:size=32", ...). Errors: MYE_ERR_IO when no file is found (the
 * message lists where it looked), MYE_ERR_FORMAT when a file is damaged.
 */
MYE_API mye_status mye_dataset_open(mye_context *ctx, const char *text, const char *dir,
                                    const char *split, mye_dataset **out, mye_error *err);
/*
 * The same for a run of T steps: event data are binned into T frames, unless options of the data set
 * or its files fix their number, which info->frames then tells. Images do not depend on T; with
 * T 0, as mye_dataset_open has it, event data give 10 frames.
 */
MYE_API mye_status mye_dataset_open_steps(mye_context *ctx, const char *text, const char *dir,
                                          const char *split, int T, mye_dataset **out,
                                          mye_error *err);
MYE_API void mye_dataset_free(mye_dataset *data);
MYE_API const mye_dataset_info *mye_dataset_about(const mye_dataset *data);
/* Floats of one sample: max(frames, 1) * H * W * C. */
MYE_API size_t mye_dataset_sample_size(const mye_dataset_info *info);
/* Sample i: pixels [H][W][C] in [0, 1], or frames [frames][H][W][C] of values from 0; label in
 * [0, classes). Safe from several threads. */
MYE_API mye_status mye_dataset_read(const mye_dataset *data, int64_t i, float *pixels, int *label,
                                    mye_error *err);
/* What is known of the events of one sample beside its frames. */
typedef struct mye_recording_info {
    int64_t events;      /* recorded                                           */
    int64_t dropped;     /* of these, in no frame (bin=window,rest=drop)        */
    int64_t duration_us; /* from the first event to the last; -1: not known     */
} mye_recording_info;
/* Sample i of event data; MYE_ERR_UNSUPPORTED for images. */
MYE_API mye_status mye_dataset_recording(const mye_dataset *data, int64_t i,
                                         mye_recording_info *out, mye_error *err);
/* Bytes that the open dataset keeps in memory. */
MYE_API size_t mye_dataset_bytes(const mye_dataset *data);

/* Mean and deviation per channel and samples per class over (at most) the first `limit` samples. */
typedef struct mye_dataset_stats {
    int64_t n;
    double mean[4], deviation[4];
    float minimum, maximum;
    int64_t per_class[1024];
} mye_dataset_stats;
MYE_API mye_status mye_dataset_measure(mye_context *ctx, const mye_dataset *data, int64_t limit,
                                       mye_dataset_stats *out, mye_error *err);

/* ---- batches ---- */

/* A prepared batch; belongs to the loader until the next call of mye_loader_next. */
typedef struct mye_batch {
    int B;            /* samples in this batch                                             */
    float *image;     /* [B][H][W][C], normalised if so asked; or [B][frames][H][W][C]     */
    int32_t *label;   /* [B]                                                               */
    int32_t *label_b; /* [B] second label of mixup; equals label without                   */
    float *mix;       /* [B] share of `label`; 1 without mixup                             */
    int64_t *index;   /* [B] position in the dataset                                       */
    float *weight;    /* [B] weight of the sample in the loss; 1 by default                */
} mye_batch;

typedef struct mye_loader_options {
    const char *augment; /* augmentations in order: "crop:pad=4 flip cutout:size=8"; "" = none */
    bool normalise;
    int batch;      /* samples per batch */
    bool drop_last; /* leave out a smaller last batch */
    uint64_t seed;
} mye_loader_options;

typedef struct mye_loader mye_loader;
MYE_API mye_status mye_loader_create(mye_context *ctx, const mye_dataset *data,
                                     const mye_loader_options *options, mye_loader **out,
                                     mye_error *err);
/* Starts an epoch: the samples to visit, in order, with weights (NULL: 1), beginning at batch
 * `first_batch` (resume). Copies both arrays. A running epoch is given up. */
MYE_API mye_status mye_loader_start(mye_loader *loader, int64_t epoch, const int64_t *order,
                                    const float *weight, int64_t n, int64_t first_batch,
                                    mye_error *err);
/* From the next mye_loader_start on: are samples augmented, as at first, or shown as they are? Gives up
 * a running epoch. */
MYE_API void mye_loader_augment(mye_loader *loader, bool on);
/* The next batch, prepared in a background thread; *out NULL at the epoch's end. */
MYE_API mye_status mye_loader_next(mye_loader *loader, const mye_batch **out, mye_error *err);
MYE_API void mye_loader_free(mye_loader *loader);
/* Bytes that a loader allocates, without making one: for `plan`. frames: of a sample, 0 for images.
 * n: samples in the dataset. An order longer than the dataset (drawn with replacement) takes 12
 * bytes a place more. */
MYE_API size_t mye_loader_plan(int frames, int C, int H, int W, int batch, int64_t n);

#ifdef __cplusplus
}
#endif
#endif

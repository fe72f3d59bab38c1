/* A list of augmentations, parsed once and applied to images and batches. */
#ifndef MYE_AUGMENT_H
#define MYE_AUGMENT_H

#include "data/data.h"

#define MYE_AUGMENT_MAX     8  /* augmentations in one list                 */
#define MYE_AUGMENT_OPTIONS 64 /* bytes of the largest options struct       */

typedef struct mye_augment_list {
    int n;
    const mye_augment_type *type[MYE_AUGMENT_MAX];
    _Alignas(16) unsigned char options[MYE_AUGMENT_MAX][MYE_AUGMENT_OPTIONS];
} mye_augment_list;

/* Parses "crop:pad=4 flip" (NULL or "": an empty list) and checks it against the image's size. */
mye_status mye_augment_parse(mye_context *ctx, const char *text, int C, int H, int W,
                             mye_augment_list *out, mye_error *err);
/* Refuses what changes images in a way that frames of events cannot be. */
mye_status mye_augment_check_frames(const mye_augment_list *list, mye_error *err);
/* All image augmentations in order; `seed` belongs to the (seed, epoch, sample). */
void mye_augment_image(const mye_augment_list *list, int C, int H, int W, uint64_t seed,
                       float *image, float *scratch);
/* All batch augmentations in order; `seed` belongs to the (seed, epoch, batch). */
void mye_augment_batch(const mye_augment_list *list, int C, int H, int W, uint64_t seed,
                       mye_batch *batch, float *scratch);

#endif

/* A split of images in two IDX files: MNIST and its relatives. */
#ifndef MYE_IDX_SET_H
#define MYE_IDX_SET_H

#include "data/images.h"

/* Opens FOLDER/IMAGES and FOLDER/LABELS (or .gz). plan's names are filled here. *out is NULL on
 * failure; `folder` becomes the set's path. */
mye_status mye_idx_set_open(mye_context *ctx, const char *folder, const char *images,
                            const char *labels, const mye_images_plan *plan, mye_images **out,
                            mye_error *err);
/* The four files of the MNIST distribution in FOLDER; sides must be 28 and classes 10. */
mye_status mye_mnist_open(mye_context *ctx, const char *folder, bool is_train, int64_t limit,
                          mye_images **out, mye_error *err);

#endif

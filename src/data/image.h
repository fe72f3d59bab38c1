/*
 * Pictures: PNG and JPEG in memory to bytes [H][W][C], and the way from any size to a square.
 * Both formats depend on how the library was built (MYELIN_HAVE_PNG, MYELIN_HAVE_JPEG).
 */
#ifndef MYE_IMAGE_H
#define MYE_IMAGE_H

#include "base/base.h"

typedef struct mye_image {
    int H, W, C;     /* C is 1 (grey) or 3 (red, green, blue) */
    uint8_t *pixels; /* [H][W][C], owned                      */
} mye_image;

/* Decodes a picture with `C` channels, whatever it has itself; `name` is for messages. */
mye_status mye_image_decode(mye_context *ctx, const char *name, const void *data, size_t bytes,
                            int C, mye_image *out, mye_error *err);
void mye_image_free(mye_context *ctx, mye_image *image);
/* True when the name ends like a picture: .png, .jpg, .jpeg in any case. */
bool mye_image_has_suffix(const char *name);

/*
 * The middle square of an image, resized to size x size: a triangle filter as wide as one output
 * pixel when it shrinks (no aliasing), bilinear interpolation when it grows.
 */
mye_status mye_image_square(mye_context *ctx, const mye_image *image, int size, uint8_t *out,
                            mye_error *err);

/* ---- for the formats ---- */

typedef mye_status mye_image_decoder(mye_context *ctx, const char *name, const void *data,
                                     size_t bytes, int C, mye_image *out, mye_error *err);
mye_image_decoder mye_image_png, mye_image_jpeg;

/* Refuses absurd sizes (over `per_byte` pixels for each byte of the file) and makes room. */
mye_status mye_image_reserve(mye_context *ctx, const char *name, uint64_t H, uint64_t W, int C,
                             size_t bytes, uint64_t per_byte, mye_image *out, mye_error *err);
/* Luma of ITU-R BT.601, as both image formats and most tools use it. */
uint8_t mye_image_luma(const uint8_t *rgb);

#endif

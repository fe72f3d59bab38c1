/* PNG through libpng's simplified interface. */
#include "data/image.h"

#ifdef MYELIN_HAVE_PNG
#include <png.h>
#include <string.h>

/* Deflate's best ratio, with 8 pixels of one bit in a byte. */
#define PIXELS_PER_BYTE (1032u * 8u)

static mye_status read_pixels(mye_context *ctx, const char *name, png_image *png, size_t bytes,
                              int C, mye_image *out, mye_error *err)
{
    static const png_color black = {0, 0, 0}; /* behind transparent pixels */
    const bool is_colour = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
    mye_image rgb = {0};
    mye_status st;

    png->format = is_colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    st = mye_image_reserve(ctx, name, png->height, png->width, is_colour ? 3 : 1, bytes,
                           PIXELS_PER_BYTE, &rgb, err);
    if (st == MYE_OK && rgb.C == C)
        *out = rgb;
    else if (st == MYE_OK)
        st = mye_image_reserve(ctx, name, png->height, png->width, C, bytes, PIXELS_PER_BYTE, out,
                               err);
    if (st == MYE_OK && !png_image_finish_read(png, &black, rgb.pixels, 0, NULL))
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: damaged PNG: %s", name, png->message);
    if (rgb.pixels == out->pixels)
        return st;
    for (size_t k = 0; st == MYE_OK && k < (size_t)rgb.H * (size_t)rgb.W; k++)
        if (C == 1)
            out->pixels[k] = mye_image_luma(rgb.pixels + 3 * k);
        else
            memset(out->pixels + 3 * k, rgb.pixels[k], 3);
    mye_image_free(ctx, &rgb);
    return st;
}

mye_status mye_image_png(mye_context *ctx, const char *name, const void *data, size_t bytes, int C,
                         mye_image *out, mye_error *err)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    mye_status st;

    if (!png_image_begin_read_from_memory(&png, data, bytes))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: damaged PNG: %s", name, png.message);
    st = read_pixels(ctx, name, &png, bytes, C, out, err);
    png_image_free(&png);
    return st;
}

#else

mye_status mye_image_png(mye_context *ctx, const char *name, const void *data, size_t bytes, int C,
                         mye_image *out, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(data);
    MYE_UNUSED(bytes);
    MYE_UNUSED(C);
    MYE_UNUSED(out);
    return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build has no PNG support", name);
}

#endif

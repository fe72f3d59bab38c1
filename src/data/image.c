/* Pictures: choosing the decoder by the first bytes. */
#include <string.h>
#include <strings.h>

#include "data/image.h"

#define SIDE_MAX   65535
#define PIXELS_MAX ((uint64_t)1 << 27)

typedef struct format {
    const char *magic;
    size_t magic_bytes;
    mye_image_decoder *decode;
} format;

static const format formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, mye_image_png},
    {"\xff\xd8\xff", 3, mye_image_jpeg},
};

static const char *const suffixes[] = {".png", ".jpg", ".jpeg"};

mye_status mye_image_decode(mye_context *ctx, const char *name, const void *data, size_t bytes,
                            int C, mye_image *out, mye_error *err)
{
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < sizeof formats / sizeof formats[0]; k++)
        if (bytes >= formats[k].magic_bytes &&
            memcmp(data, formats[k].magic, formats[k].magic_bytes) == 0) {
            const mye_status st = formats[k].decode(ctx, name, data, bytes, C, out, err);
            if (st != MYE_OK)
                mye_image_free(ctx, out);
            return st;
        }
    return mye_fail(err, MYE_ERR_FORMAT, "%s: expected a PNG or JPEG picture, got %zu other bytes",
                    name, bytes);
}

void mye_image_free(mye_context *ctx, mye_image *image)
{
    mye_free(ctx, image->pixels);
    memset(image, 0, sizeof *image);
}

bool mye_image_has_suffix(const char *name)
{
    const size_t n = strlen(name);

    for (size_t k = 0; k < sizeof suffixes / sizeof suffixes[0]; k++) {
        const size_t s = strlen(suffixes[k]);
        if (n > s && strcasecmp(name + n - s, suffixes[k]) == 0)
            return true;
    }
    return false;
}

mye_status mye_image_reserve(mye_context *ctx, const char *name, uint64_t H, uint64_t W, int C,
                             size_t bytes, uint64_t per_byte, mye_image *out, mye_error *err)
{
    if (H < 1 || W < 1 || H > SIDE_MAX || W > SIDE_MAX || H * W > PIXELS_MAX ||
        H * W / per_byte > bytes)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: a file of %zu bytes claims a picture of %llux%llu", name, bytes,
                        (unsigned long long)W, (unsigned long long)H);
    out->H = (int)H;
    out->W = (int)W;
    out->C = C;
    out->pixels = mye_alloc(ctx, (size_t)(H * W) * (size_t)C);
    if (!out->pixels)
        return mye_no_memory(err, (size_t)(H * W) * (size_t)C, name);
    return MYE_OK;
}

uint8_t mye_image_luma(const uint8_t *rgb)
{
    /* 0.299, 0.587, 0.114 in units of 1 / 65536, as in libjpeg. */
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

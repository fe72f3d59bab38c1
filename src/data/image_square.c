/* The middle square of an image at another size: two passes of a triangle filter. */
#include <math.h>

#include "data/image.h"

typedef struct filter {
    double scale, radius; /* input pixels for each output pixel; half width of the triangle */
    int side;             /* input pixels */
    float *weight;        /* room for the widest span */
} filter;

/* Weights of output pixel o into f->weight; *first is the input pixel of the first one. */
static int span(const filter *f, int o, int *first)
{
    const double centre = (o + 0.5) * f->scale;
    int from = (int)floor(centre - f->radius), to = (int)ceil(centre + f->radius);
    double sum = 0;

    from = from < 0 ? 0 : from;
    to = to > f->side ? f->side : to;
    for (int i = from; i < to; i++) {
        const double w = 1 - fabs(i + 0.5 - centre) / f->radius;
        f->weight[i - from] = (float)(w > 0 ? w : 0);
        sum += (double)f->weight[i - from];
    }
    for (int i = from; i < to; i++)
        f->weight[i - from] = (float)((double)f->weight[i - from] / sum);
    *first = from;
    return to - from;
}

/* Columns: square [side][side][C] of the image to narrow [side][size][C]. */
static void shrink_rows(const filter *f, const mye_image *image, int size, float *narrow)
{
    const int C = image->C, x0 = (image->W - f->side) / 2, y0 = (image->H - f->side) / 2;

    for (int o = 0; o < size; o++) {
        int first = 0;
        const int n = span(f, o, &first);
        for (int y = 0; y < f->side; y++) {
            const size_t start = ((size_t)(y0 + y) * (size_t)image->W + (size_t)(x0 + first));
            const uint8_t *p = image->pixels + start * (size_t)C;
            float *to = narrow + ((size_t)y * (size_t)size + (size_t)o) * (size_t)C;
            for (int c = 0; c < C; c++) {
                float sum = 0;
                for (int i = 0; i < n; i++)
                    sum += f->weight[i] * (float)p[i * C + c];
                to[c] = sum;
            }
        }
    }
}

static void shrink_columns(const filter *f, const float *narrow, int size, int C, uint8_t *out)
{
    const size_t row = (size_t)size * (size_t)C;

    for (int o = 0; o < size; o++) {
        int first = 0;
        const int n = span(f, o, &first);
        for (size_t k = 0; k < row; k++) {
            float sum = 0.5f;
            for (int i = 0; i < n; i++)
                sum += f->weight[i] * narrow[(size_t)(first + i) * row + k];
            out[(size_t)o * row + k] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
    }
}

mye_status mye_image_square(mye_context *ctx, const mye_image *image, int size, uint8_t *out,
                            mye_error *err)
{
    filter f = {.side = image->H < image->W ? image->H : image->W};
    const size_t narrow_bytes = (size_t)f.side * (size_t)size * (size_t)image->C * sizeof(float);
    float *narrow = mye_alloc(ctx, narrow_bytes);
    mye_status st = MYE_OK;

    f.scale = (double)f.side / size;
    f.radius = f.scale > 1 ? f.scale : 1;
    f.weight = mye_alloc_array(ctx, 2 * (size_t)f.radius + 4, sizeof *f.weight);
    if (narrow && f.weight) {
        shrink_rows(&f, image, size, narrow);
        shrink_columns(&f, narrow, size, image->C, out);
    } else {
        st = mye_no_memory(err, narrow_bytes, "resizing a picture");
    }
    mye_free(ctx, narrow);
    mye_free(ctx, f.weight);
    return st;
}

/* Pooling windows: see pool.h. */
#include "node/pool.h"

#include <string.h>

#define ROW(field, value, lowest, text)                                                     \
    {                                                                                       \
        .name = #field, .type = MYE_PARAM_INT, .offset = offsetof(mye_pool_options, field), \
        .def = value, .min = lowest, .max = 4096, .unit = "pixels", .help = text            \
    }

const mye_param mye_pool_params[] = {
    ROW(kernel, "2", 1, "height of the window, and its width unless kernel_w says otherwise"),
    ROW(kernel_w, "0", 0, "width of the window, 0 = kernel"),
    ROW(stride, "0", 0, "distance of windows, 0 = kernel"),
    ROW(stride_w, "0", 0, "horizontal distance, 0 = stride, or kernel_w where that is 0 too"),
    ROW(padding, "0", 0, "rows (and columns) added on every side, at most half the kernel"),
    ROW(padding_w, "-1", -1, "columns added on either side, -1 = padding"),
    {.name = NULL},
};

/* One direction: window k, stride s, padding p over `size` cells. */
static mye_status check_direction(const mye_node *n, int k, int p, int size, const char *direction,
                                  mye_error *err)
{
    const char *op = n->type->entry.name;
    if (p > k / 2)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (%s) wants %s padding of at most half its kernel %d, got %d",
                        n->name, op, direction, k, p);
    if (k > size + 2 * p)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) has a %s kernel of %d, larger than its padded input of %d",
                        n->name, op, direction, k, size + 2 * p);
    return MYE_OK;
}

static int64_t first_of(int64_t a, int64_t b, int64_t c)
{
    return a > 0 ? a : b > 0 ? b : c;
}

mye_status mye_pool_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const mye_pool_options *o = n->options;
    if (in->flat)
        return mye_fail(err, MYE_ERR_SHAPE, "node '%s' (%s) wants an image, got a vector of %d",
                        n->name, n->type->entry.name, (int)mye_shape_size(*in));
    mye_pool_plan *w = n->plan;
    *w = (mye_pool_plan){.kh = (int)o->kernel,
                         .kw = (int)first_of(o->kernel_w, o->kernel, 0),
                         .ph = (int)o->padding,
                         .pw = (int)(o->padding_w >= 0 ? o->padding_w : o->padding),
                         .C = in->c,
                         .H = in->h,
                         .W = in->w};
    w->sh = (int)first_of(o->stride, w->kh, 0);
    w->sw = (int)first_of(o->stride_w, o->stride, w->kw);
    MYE_TRY(check_direction(n, w->kh, w->ph, w->H, "vertical", err));
    MYE_TRY(check_direction(n, w->kw, w->pw, w->W, "horizontal", err));
    w->OH = (w->H + 2 * w->ph - w->kh) / w->sh + 1;
    w->OW = (w->W + 2 * w->pw - w->kw) / w->sw + 1;
    n->shape = (mye_shape){w->C, w->OH, w->OW, false};
    return MYE_OK;
}

/* y[c] = the greater of y[c] and x[c] */
static void take_greater(int C, const float *restrict x, float *restrict y)
{
    for (int c = 0; c < C; c++)
        y[c] = x[c] > y[c] ? x[c] : y[c];
}

void mye_pool_max_row(const mye_pool_plan *w, const float *x, int n_rows, float *y)
{
    for (int ow = 0; ow < w->OW; ow++, y += w->C) {
        int first, end;
        mye_pool_columns(w, ow, &first, &end);
        memcpy(y, x + (int64_t)first * w->C, (size_t)w->C * sizeof *y);
        for (int h = 0; h < n_rows; h++)
            for (int col = first; col < end; col++)
                take_greater(w->C, x + ((int64_t)h * w->W + col) * w->C, y);
    }
}

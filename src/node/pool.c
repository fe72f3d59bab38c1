/* Pooling windows: see pool.h. */
#include "node/pool.h"

const mye_param mye_pool_params[] = {
    {.name = "kernel",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_pool_options, kernel),
     .def = "2",
     .min = 1,
     .max = 4096,
     .unit = "pixels",
     .help = "height and width of the window"},
    {.name = "stride",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_pool_options, stride),
     .def = "0",
     .min = 0,
     .max = 4096,
     .unit = "pixels",
     .help = "distance of windows, 0 = kernel"},
    {.name = "padding",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_pool_options, padding),
     .def = "0",
     .min = 0,
     .max = 2048,
     .unit = "pixels",
     .help = "rows and columns added on every side, at most half the kernel"},
    {.name = NULL},
};

mye_status mye_pool_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const mye_pool_options *o = n->options;
    const char *op = n->type->entry.name;
    const int k = (int)o->kernel, s = o->stride > 0 ? (int)o->stride : k, p = (int)o->padding;
    if (in->flat)
        return mye_fail(err, MYE_ERR_SHAPE, "node '%s' (%s) wants an image, got a vector of %d",
                        n->name, op, (int)mye_shape_size(*in));
    if (p > k / 2)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (%s) wants padding of at most half its kernel %d, got %d",
                        n->name, op, k, p);
    if (k > in->h + 2 * p || k > in->w + 2 * p)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) has a kernel of %d, larger than its padded input %dx%d",
                        n->name, op, k, in->h + 2 * p, in->w + 2 * p);
    mye_pool_plan *w = n->plan;
    *w = (mye_pool_plan){.k = k,
                         .s = s,
                         .p = p,
                         .C = in->c,
                         .H = in->h,
                         .W = in->w,
                         .OH = (in->h + 2 * p - k) / s + 1,
                         .OW = (in->w + 2 * p - k) / s + 1};
    n->shape = (mye_shape){w->C, w->OH, w->OW, false};
    return MYE_OK;
}

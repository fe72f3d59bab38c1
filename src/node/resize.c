/* Images of a size they are told: see resize.h. */
#include "node/resize.h"

const mye_param mye_resize_params[] = {
    {.name = "height",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_resize_options, height),
     .def = "1",
     .min = 1,
     .max = 4096,
     .unit = "pixels",
     .help = "rows of the output"},
    {.name = "width",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_resize_options, width),
     .def = "0",
     .min = 0,
     .max = 4096,
     .unit = "pixels",
     .help = "columns of the output, 0 = height"},
    {.name = NULL},
};

mye_status mye_resize_shape(mye_node *n, const mye_shape *in, bool shrinks, mye_error *err)
{
    const mye_resize_options *o = n->options;
    const char *op = n->type->entry.name;
    const int OH = (int)o->height, OW = (int)(o->width > 0 ? o->width : o->height);
    if (in->flat)
        return mye_fail(err, MYE_ERR_SHAPE, "node '%s' (%s) wants an image, got a vector of %d",
                        n->name, op, (int)mye_shape_size(*in));
    if (shrinks ? OH > in->h || OW > in->w : OH < in->h || OW < in->w)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) wants an output of at %s its input's %dx%d pixels, got "
                        "%dx%d",
                        n->name, op, shrinks ? "most" : "least", in->h, in->w, OH, OW);
    n->shape = (mye_shape){in->c, OH, OW, false};
    n->format = MYE_F32;
    return MYE_OK;
}

/* No features: the pixels themselves, one map a colour. */
#include "synapse/image.h"

static mye_status plan(const void *options, mye_feature_plan *p, mye_error *err)
{
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    p->out = p->in;
    p->fixed = p->work = 0;
    return MYE_OK;
}

static void extract(const void *options, const mye_feature_plan *p, const float *fixed,
                    const float *image, float *work, float *out)
{
    const int64_t area = (int64_t)p->in.H * p->in.W;
    MYE_UNUSED(options);
    MYE_UNUSED(fixed);
    MYE_UNUSED(work);
    for (int c = 0; c < p->in.C; c++)
        for (int64_t i = 0; i < area; i++)
            out[c * area + i] = image[i * p->in.C + c];
}

const mye_feature_type mye_feature_pixels = {
    .entry = {"pixels", "none: the pixels themselves", "", NULL, 0},
    .plan = plan,
    .extract = extract,
};

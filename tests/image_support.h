/* What the tests of images as spike patterns share: tiny data sets of NumPy files, and codes and front
 * ends by name. */
#ifndef MYE_IMAGE_SUPPORT_H
#define MYE_IMAGE_SUPPORT_H

#include <math.h>

#include "data_support.h"
#include "synapse/image.h"

/* One NumPy file of little-endian values: type "<f4" or "|u1", shape as Python writes it. */
static inline void write_npy(const char *path, const char *type, const char *shape,
                             const void *values, size_t bytes)
{
    unsigned char file[1 << 16] = "\x93NUMPY\x01";
    char dict[128];
    const int n = snprintf(dict, sizeof dict,
                           "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    file[8] = (unsigned char)n;
    memcpy(file + 10, dict, (size_t)n);
    assert_true(10 + (size_t)n + bytes <= sizeof file);
    memcpy(file + 10 + n, values, bytes);
    write_file(path, file, 10 + (size_t)n + bytes);
}

/* A folder for `npy` whose training split has these images, of labels 0, 1, .. */
static inline const char *small_images(const char *name, const char *shape, const float *value,
                                       size_t bytes, size_t n)
{
    const char *dir = fresh_dir(name);
    unsigned char label[256];
    char labels[32];
    for (size_t k = 0; k < n; k++)
        label[k] = (unsigned char)k;
    snprintf(labels, sizeof labels, "(%zu,)", n);
    write_npy(in_dir(dir, "x_train.npy"), "<f4", shape, value, bytes);
    write_npy(in_dir(dir, "y_train.npy"), "|u1", labels, label, n);
    return dir;
}

/* Spikes of `value` [C][H][W] by the code `text`; tells their number and the window. */
static inline int64_t encode_maps(const char *text, mye_maps maps, const float *value,
                                  mye_spike *spike, double *window_ms)
{
    mye_context *ctx = make_context(NULL);
    mye_method method = {0};
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_imagecode, text, &method, &err));
    const mye_imagecode_type *type = (const mye_imagecode_type *)(const void *)method.entry;
    const int64_t n = type->encode(method.options, &maps, value, spike);
    *window_ms = type->window_ms(method.options, &maps);
    mye_method_free(ctx, &method);
    mye_context_free(ctx);
    return n;
}

/* What a front end finds in an image [H][W][C]; *out: its maps. */
static inline void find_features(const char *text, mye_maps in, const float *image, float *found,
                                 size_t room, mye_maps *out)
{
    mye_context *ctx = make_context(NULL);
    mye_method method = {0};
    mye_feature_plan plan = {.in = in};
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_feature, text, &method, &err));
    const mye_feature_type *type = (const mye_feature_type *)(const void *)method.entry;
    ASSERT_OK(type->plan(method.options, &plan, &err));
    assert_true((size_t)mye_maps_size(&plan.out) <= room);
    float *fixed = calloc((size_t)plan.fixed + 1, sizeof *fixed);
    float *work = malloc(((size_t)plan.work + 1) * sizeof *work); /* exact: sanitizers watch it */
    assert_true(fixed && work);
    if (type->prepare)
        type->prepare(method.options, &plan, fixed);
    type->extract(method.options, &plan, fixed, image, work, found);
    *out = plan.out;
    free(fixed);
    free(work);
    mye_method_free(ctx, &method);
    mye_context_free(ctx);
}

#endif

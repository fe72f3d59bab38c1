/* Arrays of any type and layout to a set of images. */
#include <math.h>
#include <string.h>

#include "data/images.h"

typedef struct shape {
    int64_t frames; /* 0: images */
    int64_t H, W, C;
    bool is_planar; /* channels before rows in the file */
} shape;

static bool is_bytes(const mye_array *a)
{
    return strcmp(a->type->code, "u1") == 0;
}

static bool is_colour(int64_t n)
{
    return n == 1 || n == 3;
}

static mye_status find_shape(const mye_images_plan *plan, const mye_array *a, shape *s,
                             mye_error *err)
{
    const int64_t *d = a->dim;

    *s = (shape){0, 1, 1, 1, false};
    if (plan->layout == MYE_LAYOUT_FEATURES || (plan->layout == MYE_LAYOUT_AUTO && a->rank == 2)) {
        if (a->rank < 2 || d[0] < 1)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: expected [N, features], got rank %d",
                            plan->images_name, a->rank);
        s->W = (int64_t)(a->count / (size_t)d[0]);
    } else if (a->rank == 3) {
        s->H = d[1];
        s->W = d[2];
    } else if (a->rank == 4) {
        s->is_planar = plan->layout == MYE_LAYOUT_NCHW ||
                       (plan->layout == MYE_LAYOUT_AUTO && is_colour(d[1]) && !is_colour(d[3]));
        s->C = s->is_planar ? d[1] : d[3];
        s->H = s->is_planar ? d[2] : d[1];
        s->W = s->is_planar ? d[3] : d[2];
    } else if (a->rank == 5 && d[1] >= 1 && d[1] <= MYE_FRAMES_MAX) {
        s->frames = d[1];
        s->is_planar = plan->layout != MYE_LAYOUT_NHWC;
        s->C = s->is_planar ? d[2] : d[4];
        s->H = s->is_planar ? d[3] : d[2];
        s->W = s->is_planar ? d[4] : d[3];
    } else {
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected rank 2 [N, features], 3 [N, H, W], 4, or 5 [N, T, C, H, W] "
                        "with T from 1 to %d, got rank %d",
                        plan->images_name, MYE_FRAMES_MAX, a->rank);
    }
    return MYE_OK;
}

/* Marks the samples to keep: a share by a fixed draw for each position, then the limit. */
static int64_t choose(const mye_images_plan *plan, int64_t n, uint8_t *keep)
{
    int64_t kept = 0;

    for (int64_t i = 0; i < n; i++) {
        const bool is_test =
            (double)mye_random_uniform(0, MYE_STREAM_SHUFFLE, (uint64_t)i) < plan->hold_out;
        keep[i] = (plan->hold_out <= 0 || is_test != plan->is_train) &&
                  (plan->limit <= 0 || kept < plan->limit);
        kept += keep[i];
    }
    return kept;
}

/* Finds the mapping to [0, 1] and refuses values outside of it. */
static mye_status find_range(const mye_images_plan *plan, const mye_array *a, bool is_frames,
                             double *low, double *high, mye_error *err)
{
    double least = (double)INFINITY, most = -(double)INFINITY;

    *low = plan->low;
    *high = plan->high;
    const bool is_count = is_frames && *low == 0 && *high == 0; /* any number from 0 */
    if (*low == 0 && *high == 0)
        *high = is_bytes(a) && !is_frames ? 255 : 1;
    if (!(*low < *high))
        return mye_fail(err, MYE_ERR_ARG, "%s: low=%g must be less than high=%g", plan->images_name,
                        *low, *high);
    if (is_bytes(a) && *low <= 0 && (*high >= 255 || is_count))
        return MYE_OK;
    for (size_t i = 0; i < a->count; i++) {
        const double x = a->type->get(a->data, i);
        if (!isfinite(x))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: value %zu is not a finite number",
                            plan->images_name, i);
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    if (least < *low || (most > *high && !is_count)) {
        mye_fail(err, MYE_ERR_FORMAT, "%s: expected values from %g to %g, got %.9g to %.9g",
                 plan->images_name, *low, *high, least, most);
        mye_hint(err, "low=%.9g,high=%.9g maps them to [0, 1]; use one range for all splits", least,
                 most);
        return MYE_ERR_FORMAT;
    }
    return MYE_OK;
}

static mye_status fill_labels(mye_images *set, const mye_images_plan *plan, const mye_array *a,
                              const uint8_t *keep, mye_error *err)
{
    const int64_t limit = plan->classes > 0 ? plan->classes : MYE_CLASSES_MAX;
    int64_t to = 0;

    for (int64_t i = 0; i < a->dim[0]; i++) {
        const double x = a->type->get(a->data, (size_t)i);
        if (!(x >= 0 && x < (double)limit) || x != floor(x))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: label %lld is %g, expected 0 to %lld",
                            plan->labels_name, (long long)i, x, (long long)limit - 1);
        if ((int)x >= set->classes)
            set->classes = (int)x + 1;
        if (keep[i])
            set->label[to++] = (int32_t)x;
    }
    if (plan->classes > 0)
        set->classes = (int)plan->classes;
    return MYE_OK;
}

/* One image from file order to [H][W][C]; bytes stay bytes, the rest becomes floats in [0, 1]. */
static void fill_image(mye_images *set, const mye_array *a, const shape *s, double low, double high,
                       int64_t from, int64_t to)
{
    const size_t area = (size_t)s->H * (size_t)s->W, C = (size_t)s->C;
    const size_t frames = s->frames > 0 ? (size_t)s->frames : 1;
    const size_t source = (size_t)from * set->image_size, target = (size_t)to * set->image_size;
    const uint8_t *bytes = a->data;

    if (set->bytes && !s->is_planar) {
        memcpy(set->bytes + target, bytes + source, set->image_size);
        return;
    }
    for (size_t i = 0; i < frames * area * C; i++) {
        const size_t t = i / (area * C), p = i / C % area, c = i % C;
        const size_t k = source + (s->is_planar ? (t * C + c) * area + p : i);
        if (set->bytes)
            set->bytes[target + i] = bytes[k];
        else
            set->values[target + i] = (float)((a->type->get(a->data, k) - low) / (high - low));
    }
}

/* Room for the pixels; *is_done: they are there already, since the file's bytes lie as they should. */
static mye_status make_room(mye_images *set, const char *name, mye_array *a, const shape *s,
                            bool *is_done, mye_error *err)
{
    const size_t n = (size_t)set->n * set->image_size;
    *is_done = is_bytes(a) && !s->is_planar && set->n == a->dim[0];
    if (*is_done) {
        set->bytes = a->data;
        a->data = NULL;
    } else if (is_bytes(a)) {
        set->bytes = mye_alloc(set->ctx, n);
    } else {
        set->values = mye_alloc_array(set->ctx, n, sizeof *set->values);
    }
    const size_t bytes = n * (is_bytes(a) ? 1 : sizeof *set->values);
    set->held_bytes += bytes;
    return set->bytes || set->values ? MYE_OK : mye_no_memory(err, bytes, name);
}

static mye_status fill_pixels(mye_images *set, const mye_images_plan *plan, mye_array *a,
                              const shape *s, const uint8_t *keep, mye_error *err)
{
    double low, high;
    int64_t to = 0;
    bool is_done;

    MYE_TRY(find_range(plan, a, s->frames > 0, &low, &high, err));
    for (int k = 0; k < 256 && is_bytes(a); k++)
        set->table[k] = (float)((k - low) / (high - low));
    MYE_TRY(make_room(set, plan->images_name, a, s, &is_done, err));
    for (int64_t i = 0; i < a->dim[0] && !is_done; i++)
        if (keep[i])
            fill_image(set, a, s, low, high, i, to++);
    return MYE_OK;
}

static mye_status fill(mye_images *set, const mye_images_plan *plan, mye_array *images,
                       const mye_array *labels, uint8_t *keep, mye_error *err)
{
    shape s;
    int64_t n;

    MYE_TRY(find_shape(plan, images, &s, err));
    n = choose(plan, images->dim[0], keep);
    /* For the checks of size, frames lie one under the other. */
    const int64_t rows = s.frames > 0 ? s.frames : 1;
    if (s.H > INT32_MAX)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: images of %lld rows cannot be used",
                        plan->images_name, (long long)s.H);
    MYE_TRY(mye_images_shape(set, plan->images_name, n, rows * s.H, s.W, s.C, err));
    set->H = (int)s.H;
    set->frames = (int)s.frames;
    MYE_TRY(fill_labels(set, plan, labels, keep, err));
    return fill_pixels(set, plan, images, &s, keep, err);
}

mye_status mye_images_fill(mye_images *set, const mye_images_plan *plan, mye_array *images,
                           mye_array *labels, mye_error *err)
{
    uint8_t *keep = NULL;
    mye_status st;

    if (images->rank < 2 || labels->rank < 1 || labels->count != (size_t)labels->dim[0] ||
        labels->dim[0] != images->dim[0]) {
        st = mye_fail(err, MYE_ERR_FORMAT,
                      "%s and %s do not fit: %lld images of rank %d, %zu labels of rank %d",
                      plan->images_name, plan->labels_name,
                      images->rank > 0 ? (long long)images->dim[0] : 0LL, images->rank,
                      labels->count, labels->rank);
        goto done;
    }
    keep = mye_alloc(set->ctx, labels->count);
    if (!keep) {
        st = mye_no_memory(err, labels->count, plan->labels_name);
        goto done;
    }
    st = fill(set, plan, images, labels, keep, err);
done:
    mye_free(set->ctx, keep);
    mye_array_free(set->ctx, images);
    mye_array_free(set->ctx, labels);
    return st;
}

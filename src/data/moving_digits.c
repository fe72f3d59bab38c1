/* Synthetic events of moving pictures. */
#include <math.h>
#include <string.h>

#include "data/moving_digits.h"

#define DARK            0.1f
#define STEPS_PER_PIXEL 2

/* What a pixel remembers: at how many thresholds above its base the last event was, and the logarithm
 * at the last step. Whole numbers of thresholds make the second turn repeat the first exactly. */
typedef struct pixel {
    float base, last_step;
    int level;
} pixel;

/* The picture on the canvas, black around it; canvas coordinates wrap. */
static float at(const float *picture, int W, int H, int side, int x, int y)
{
    while (x < 0)
        x += side;
    while (y < 0)
        y += side;
    x = x >= side ? x % side : x;
    y = y >= side ? y % side : y;
    return x < W && y < H ? picture[y * W + x] : 0.0f;
}

/* Brightness of canvas pixel (x, y) when the picture has moved by (half_x, half_y) half pixels from
 * its start: the mean of the two or four pixels that cover it. */
static float brightness(const float *picture, int W, int H, const mye_motion *m, int x, int y,
                        int half_x, int half_y)
{
    const int side = m->side;
    const int px = x - m->start_x - (half_x >> 1), py = y - m->start_y - (half_y >> 1);
    const bool fx = half_x & 1, fy = half_y & 1;
    float sum = at(picture, W, H, side, px, py);

    if (fx)
        sum += at(picture, W, H, side, px - 1, py);
    if (fy)
        sum += at(picture, W, H, side, px, py - 1);
    if (fx && fy)
        sum += at(picture, W, H, side, px - 1, py - 1);
    return sum / (float)((1 + fx) * (1 + fy));
}

/* Events of one pixel between two steps; times by where the line between them crosses a level. `out`
 * NULL: the turn before the recording. */
static mye_status cross(pixel *p, float now, double t0_us, double step_us, const mye_motion *m,
                        int x, int y, mye_events *out, mye_error *err)
{
    const float by = (float)m->threshold, from = p->last_step;
    const bool is_up = now > from;
    const int step = is_up ? 1 : -1;

    for (;;) {
        const float next = p->base + (float)(p->level + step) * by;
        if (is_up ? next > now : next < now)
            break;
        p->level += step;
        if (!out)
            continue;
        const double share = (double)(next - from) / (double)(now - from);
        const mye_event event = {.t_us = (int64_t)(t0_us + step_us * (share > 0 ? share : 0)),
                                 .x = (uint16_t)x,
                                 .y = (uint16_t)y,
                                 .polarity = is_up};
        MYE_TRY(mye_events_add(out, &event, err));
    }
    p->last_step = now;
    return MYE_OK;
}

/* One turn: brightness of every pixel at every half pixel of motion. */
static mye_status turn(const float *picture, int W, int H, const mye_motion *m, pixel *pixels,
                       mye_events *out, mye_error *err)
{
    const int side = m->side, steps = STEPS_PER_PIXEL * side;
    const double step_us = (double)m->duration_us / steps;
    const float dark = logf(DARK);

    for (int k = 1; k <= steps; k++)
        for (int i = 0; i < side * side; i++) {
            const int x = i % side, y = i / side;
            const float b = brightness(picture, W, H, m, x, y, k * m->dx, k * m->dy);
            const float now = b > 0 ? logf(b + DARK) : dark;
            if (now != pixels[i].last_step)
                MYE_TRY(cross(&pixels[i], now, (k - 1) * step_us, step_us, m, x, y, out, err));
        }
    return MYE_OK;
}

mye_status mye_moving_digits_events(const float *picture, int W, int H, const mye_motion *motion,
                                    const char *name, mye_events *out, mye_error *err)
{
    const int area = motion->side * motion->side;
    pixel *pixels = mye_alloc_array(out->ctx, (size_t)area, sizeof *pixels);

    if (!pixels)
        return mye_no_memory(err, (size_t)area * sizeof *pixels, "a canvas");
    for (int i = 0; i < area; i++) {
        const float b = brightness(picture, W, H, motion, i % motion->side, i / motion->side, 0, 0);
        const float now = logf(b + DARK);
        /* Off the levels by a quarter: rounding never decides whether one is reached. */
        pixels[i] = (pixel){now + 0.25f * (float)motion->threshold, now, 0};
    }
    mye_status st = turn(picture, W, H, motion, pixels, NULL, err);
    if (st == MYE_OK)
        st = turn(picture, W, H, motion, pixels, out, err);
    mye_free(out->ctx, pixels);
    return st == MYE_OK ? mye_events_finish(out, name, err) : st;
}

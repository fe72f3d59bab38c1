/*
 * Images in the terminal: two pixels a character with half blocks and colours, or characters of
 * growing darkness where there are no colours. Samples of event data are strips of frames.
 */
#include "preview.h"

#include <stdlib.h>
#include <string.h>

typedef struct picture {
    const mye_dataset_info *about;
    float *pixels; /* [H][W][C] */
    int label;
} picture;

/* Mean over the area of the image that output cell (x, y) of w * h covers. */
static void sample(const picture *p, int x, int y, int w, int h, float rgb[3])
{
    const mye_dataset_info *a = p->about;
    const int y0 = y * a->H / h, y1 = (y + 1) * a->H / h > y0 ? (y + 1) * a->H / h : y0 + 1;
    const int x0 = x * a->W / w, x1 = (x + 1) * a->W / w > x0 ? (x + 1) * a->W / w : x0 + 1;
    rgb[0] = rgb[1] = rgb[2] = 0;
    for (int i = y0; i < y1; i++) {
        for (int j = x0; j < x1; j++) {
            const float *at = p->pixels + ((size_t)i * (size_t)a->W + (size_t)j) * (size_t)a->C;
            for (int c = 0; c < 3; c++)
                rgb[c] += at[a->C >= 3 ? c : 0];
        }
    }
    for (int c = 0; c < 3; c++)
        rgb[c] /= (float)((y1 - y0) * (x1 - x0));
}

static int level(float v, int n)
{
    const int i = (int)(v * (float)n);
    return i < 0 ? 0 : i > n - 1 ? n - 1 : i;
}

static void color_code(bool full, int layer, const float rgb[3])
{
    if (full)
        printf("\033[%d;2;%d;%d;%dm", layer, level(rgb[0], 256), level(rgb[1], 256),
               level(rgb[2], 256));
    else
        printf("\033[%d;5;%dm", layer,
               16 + 36 * level(rgb[0], 6) + 6 * level(rgb[1], 6) + level(rgb[2], 6));
}

static void color_line(const picture *p, int line, int w, int h, bool full)
{
    for (int x = 0; x < w; x++) {
        float top[3], bottom[3];
        sample(p, x, 2 * line, w, h, top);
        sample(p, x, 2 * line + 1 < h ? 2 * line + 1 : h - 1, w, h, bottom);
        color_code(full, 38, top);
        color_code(full, 48, bottom);
        fputs("▀", stdout);
    }
    fputs("\033[0m", stdout);
}

/* One character is about twice as high as wide, so it stands for two rows. */
static void plain_line(const picture *p, int line, int w, int h)
{
    static const char shade[] = " .:-=+*#%@";
    const int lines = (h + 1) / 2;
    for (int x = 0; x < w; x++) {
        float rgb[3];
        sample(p, x, line, w, lines, rgb);
        const float grey = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
        putchar(shade[level(grey, (int)sizeof(shade) - 1)]);
    }
}

static void draw_lines(const cli *app, const picture *p, int n, int w, int h)
{
    const char *term = getenv("COLORTERM");
    const bool full = term && (strcmp(term, "truecolor") == 0 || strcmp(term, "24bit") == 0);
    for (int line = 0; line < (h + 1) / 2; line++) {
        for (int i = 0; i < n; i++) {
            fputs(i > 0 ? "  " : "", stdout);
            if (app->color_out)
                color_line(&p[i], line, w, h, full);
            else
                plain_line(&p[i], line, w, h);
        }
        putchar('\n');
    }
}

static void draw_row(const cli *app, const picture *p, int n, int w, int h)
{
    draw_lines(app, p, n, w, h);
    for (int i = 0; i < n; i++) {
        const mye_dataset_info *a = p[i].about;
        printf("%s%-*.*s", i > 0 ? "  " : "", i < n - 1 ? w : 0, w,
               a->class_names ? a->class_names[p[i].label] : "");
    }
    printf("\n\n");
}

/* ---- frames of events ---- */

/* Where the pictures of a row go, and how large they are drawn. */
typedef struct grid {
    int w, h, per_row;
} grid;

static grid grid_of(const cli *app, const mye_dataset_info *a, int width)
{
    const int columns = app->columns ? app->columns : 80;
    grid g = {.w = width ? width : a->W};
    g.w = g.w > columns ? columns : g.w;
    g.h = (int)((int64_t)g.w * a->H / a->W) > 0 ? (int)((int64_t)g.w * a->H / a->W) : 1;
    g.per_row = (columns + 2) / (g.w + 2) > 0 ? (columns + 2) / (g.w + 2) : 1;
    return g;
}

/* Counts to colours: brighter events red, darker ones blue, the largest count of the sample full.
 * Without colours, and for frames of one channel, the sum as grey. */
static void paint_frames(const mye_dataset_info *a, bool color, const float *frames, float *rgb)
{
    const size_t n = (size_t)a->frames * (size_t)a->H * (size_t)a->W, C = (size_t)a->C;
    const bool split = color && C == 2;
    float most = 1e-9f;
    for (size_t i = 0; i < n; i++) {
        const float *at = frames + i * C;
        float sum = 0;
        for (size_t c = 0; c < C; c++)
            sum += at[c];
        rgb[3 * i] = split ? at[1] : sum;
        rgb[3 * i + 1] = split ? 0 : sum;
        rgb[3 * i + 2] = split ? at[0] : sum;
        for (int c = 0; c < 3; c++)
            most = rgb[3 * i + c] > most ? rgb[3 * i + c] : most;
    }
    for (size_t i = 0; i < 3 * n; i++)
        rgb[i] /= most;
}

static double sum_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    return sum;
}

/* All frames of one sample, in order, with the sum of each below it. */
static void draw_strip(const cli *app, const mye_dataset_info *a, const grid *g,
                       const float *frames, float *rgb)
{
    const size_t area = (size_t)a->H * (size_t)a->W;
    mye_dataset_info painted = *a;
    painted.C = 3;
    picture *p = cli_memory((size_t)a->frames, sizeof(*p));
    for (int t = 0; t < a->frames; t++)
        p[t] = (picture){&painted, rgb + 3 * area * (size_t)t, 0};
    for (int t = 0; t < a->frames; t += g->per_row) {
        const int here = a->frames - t < g->per_row ? a->frames - t : g->per_row;
        draw_lines(app, p + t, here, g->w, g->h);
        for (int i = 0; i < here; i++) {
            char *text = cli_format(
                "%d: %.0f", t + i,
                sum_of(frames + area * (size_t)(t + i) * (size_t)a->C, area * (size_t)a->C));
            printf("%s%-*.*s", i > 0 ? "  " : "", i < here - 1 ? g->w : 0, g->w, text);
            free(text);
        }
        putchar('\n');
    }
    putchar('\n');
    free(p);
}

static mye_status preview_frames(const cli *app, const mye_dataset *data, int n, int width,
                                 mye_error *err)
{
    const mye_dataset_info *a = mye_dataset_about(data);
    const size_t size = mye_dataset_sample_size(a);
    const grid g = grid_of(app, a, width);
    float *frames = cli_memory(size, sizeof(*frames));
    float *rgb = cli_memory(3 * size / (size_t)a->C, sizeof(*rgb));
    mye_status st = MYE_OK;
    for (int i = 0; i < n && st == MYE_OK; i++) {
        mye_recording_info about;
        int label = 0;
        st = mye_dataset_read(data, i * (a->n / n), frames, &label, err);
        if (st == MYE_OK)
            st = mye_dataset_recording(data, i * (a->n / n), &about, err);
        if (st != MYE_OK)
            break;
        printf("%s: %lld events", a->class_names ? a->class_names[label] : "",
               (long long)about.events);
        if (about.duration_us >= 0)
            printf(" in %.1f ms", (double)about.duration_us / 1e3);
        printf(", %.1f a frame\n", (double)(about.events - about.dropped) / a->frames);
        paint_frames(a, app->color_out, frames, rgb);
        draw_strip(app, a, &g, frames, rgb);
    }
    free(frames);
    free(rgb);
    return st;
}

mye_status cli_preview(const cli *app, const mye_dataset *data, int count, int width,
                       mye_error *err)
{
    const mye_dataset_info *a = mye_dataset_about(data);
    const size_t size = mye_dataset_sample_size(a);
    const int n = count < a->n ? count : (int)a->n;
    if (a->frames > 0)
        return preview_frames(app, data, n, width, err);
    const grid g = grid_of(app, a, width);
    const int w = g.w, h = g.h, per_row = g.per_row;
    picture *p = cli_memory((size_t)per_row, sizeof(*p));
    float *pixels = cli_memory(size * (size_t)per_row, sizeof(*pixels));
    mye_status st = MYE_OK;
    for (int i = 0; i < n && st == MYE_OK; i += per_row) {
        const int here = n - i < per_row ? n - i : per_row;
        for (int k = 0; k < here && st == MYE_OK; k++) {
            p[k] = (picture){a, pixels + size * (size_t)k, 0};
            st = mye_dataset_read(data, (i + k) * (a->n / n), p[k].pixels, &p[k].label, err);
        }
        if (st == MYE_OK)
            draw_row(app, p, here, w, h);
    }
    free(pixels);
    free(p);
    return st;
}

/* How values are spread: bars over equal ranges. */
#include "report/report.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 520, HEIGHT = 260, LEFT = 52, RIGHT = 10, TOP = 40, BOTTOM = 40, BINS = 40 };

typedef struct bins {
    double low, high;
    int64_t count[BINS], most;
} bins;

static bins sort_in(const double *value, int64_t n)
{
    bins b = {.low = INFINITY, .high = -INFINITY};
    for (int64_t i = 0; i < n; i++)
        if (isfinite(value[i])) {
            b.low = value[i] < b.low ? value[i] : b.low;
            b.high = value[i] > b.high ? value[i] : b.high;
        }
    if (b.low > 0 && b.low < 0.5 * b.high)
        b.low = 0;
    for (int64_t i = 0; i < n && b.low <= b.high; i++) {
        if (!isfinite(value[i]))
            continue;
        const double width = b.high - b.low;
        const int at = width > 0 ? (int)((value[i] - b.low) / width * BINS) : 0;
        int64_t *count = &b.count[at < BINS ? at : BINS - 1];
        b.most = ++*count > b.most ? *count : b.most;
    }
    return b;
}

/* Height of a bar of `count`: by powers of ten, so that the few far out are seen. */
static double height_of(double count, double most)
{
    return count > 0 ? log10(1 + count) / log10(1 + most) * (HEIGHT - TOP - BOTTOM) : 0;
}

static void draw_axis(mye_text *out, const bins *b, const char *x_name)
{
    const double bottom = HEIGHT - BOTTOM;
    for (double v = 1; v <= (double)b->most; v *= 10) {
        const double y = bottom - height_of(v, (double)b->most);
        mye_text_add(out,
                     "<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n",
                     LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, v);
    }
    for (int k = 0; k <= 4; k++)
        mye_text_add(out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%.3g</text>\n",
                     LEFT + k / 4.0 * (WIDTH - LEFT - RIGHT), bottom + 18,
                     k == 4 ? "end" : "middle", b->low + k / 4.0 * (b->high - b->low));
    mye_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
                 HEIGHT - 6);
    mye_html_text(out, x_name);
    mye_text_add(out, "</text>\n");
}

void mye_svg_histogram(mye_text *out, const char *title, const char *x_name, const double *value,
                       int64_t n)
{
    const bins b = sort_in(value, n);
    const double width = (double)(WIDTH - LEFT - RIGHT) / BINS, part = (b.high - b.low) / BINS;
    mye_text_add(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    mye_html_text(out, title);
    mye_text_add(out, "\">\n<text class=\"t\" x=\"0\" y=\"18\">");
    mye_html_text(out, title);
    mye_text_add(out, "</text>\n");
    if (b.most > 0)
        draw_axis(out, &b, x_name);
    for (int k = 0; k < BINS; k++) {
        const double height = height_of((double)b.count[k], (double)b.most);
        if (height > 0)
            mye_text_add(out,
                         "<rect class=\"s0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                         "<title>%.3g to %.3g: %lld</title></rect>\n",
                         LEFT + k * width + 0.5, HEIGHT - BOTTOM - height, width - 1, height,
                         b.low + k * part, b.low + (k + 1) * part, (long long)b.count[k]);
    }
    mye_text_add(out, "</svg>\n");
}

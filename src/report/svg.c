/* Line charts. */
#include "report/report.h"

#include <math.h>

enum { WIDTH = 520, HEIGHT = 300, LEFT = 46, RIGHT = 10, TOP = 62, BOTTOM = 40 };
enum { LEGEND_NAME = 24, LEGEND_ROW = 18, WIDER = 18 }; /* WIDER: room for "512 MiB" on the left */

/* The range of one axis and its ticks. */
typedef struct axis {
    double low, high, step;
} axis;

/* Values that can be drawn: neither missing nor beyond every scale. */
static bool drawable(const mye_chart *c, double v)
{
    return isfinite(v) && fabs(v) < 1e15 && (!c->doubling || v > 0);
}

static bool is_point(const mye_chart *c, const mye_series *s, int i)
{
    const bool above_0 = c->x_doubling || c->x_decades;
    return drawable(c, s->x[i]) && drawable(c, s->y[i]) && (!above_0 || s->x[i] > 0);
}

/* Where a value stands on the axis of y. */
static double place_of(const mye_chart *c, double v)
{
    return c->doubling ? log2(v) : v;
}

/* And on that of x. */
static double place_x(const mye_chart *c, double v)
{
    return c->x_decades ? log10(v) : c->x_doubling || c->doubling ? log2(v) : v;
}

static double scale_of(const mye_chart *c)
{
    return c->unit && c->unit[0] == '%' ? 100 : 1;
}

/* 1, 2 or 5 times a power of ten, at least `rough`. */
static double nice(double rough)
{
    const double power = pow(10, floor(log10(rough)));
    const double m = rough / power;
    return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * power;
}

static axis ticks(double low, double high, int n)
{
    axis a = {low, high, 1};
    if (!(high > low)) {
        const double pad = low != 0 ? fabs(low) * 0.1 : 1;
        a.low = low - pad;
        a.high = high + pad;
    }
    a.step = nice((a.high - a.low) / n);
    a.low = floor(a.low / a.step + 1e-9) * a.step;
    a.high = ceil(a.high / a.step - 1e-9) * a.step;
    return a;
}

static double spread_of(const mye_chart *c, int series, int i)
{
    const double around = c->spread[series] ? c->spread[series][i] : 0;
    return around > 0 && drawable(c, around) ? around : 0;
}

/* Value i with its spread added times `sign`. */
static double reach(const mye_chart *c, int series, int i, double sign)
{
    const double v = c->series[series].y[i] + sign * spread_of(c, series, i);
    const double most = scale_of(c) > 1 ? 1 : (double)INFINITY;
    return c->positive ? fmin(fmax(v, 0), most) : v;
}

static bool range(const mye_chart *c, bool of_y, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int s = 0; s < c->n; s++) {
        const double *v = of_y ? c->series[s].y : c->series[s].x;
        for (int i = 0; v && i < c->series[s].n; i++) {
            if (!is_point(c, &c->series[s], i))
                continue;
            const double from = of_y ? place_of(c, reach(c, s, i, -1)) : place_x(c, v[i]);
            const double to = of_y ? place_of(c, reach(c, s, i, 1)) : from;
            *low = from < *low ? from : *low;
            *high = to > *high ? to : *high;
        }
    }
    return *low <= *high;
}

static double at_x(const axis *x, double v)
{
    return LEFT + (v - x->low) / (x->high - x->low) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const axis *y, double v)
{
    return HEIGHT - BOTTOM - (v - y->low) / (y->high - y->low) * (HEIGHT - TOP - BOTTOM);
}

static void tick_text(mye_text *out, const mye_chart *c, double v, double step, bool of_y)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (c->doubling) {
        const int k = of_y && v > 0 ? (int)floor(v / 10 + 1e-9) : 0;
        mye_text_add(out, "%.4g%s%s", exp2(v - 10 * k), of_y ? " " : "", of_y ? unit[k] : "");
        return;
    }
    if (c->x_doubling && !of_y) {
        mye_text_add(out, "%.4g", exp2(v));
        return;
    }
    const int digits = step >= 1 || step <= 0 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (step < 1e-4)
        mye_text_add(out, "%.0e", v);
    else
        mye_text_add(out, "%.*f", digits, fabs(v) < step / 1e6 ? 0.0 : v);
}

/* 1, 2, 5, 10, 20 ...; 1, 10, 100 where that would be too many. */
static void decade_ticks(mye_text *out, const axis *x)
{
    static const int digit[] = {1, 2, 5};
    const int n = x->high - x->low > 2.5 ? 1 : 3;
    for (int k = (int)floor(x->low); k <= (int)ceil(x->high); k++) {
        for (int i = 0; i < n; i++) {
            const double at = log10(digit[i]) + k;
            if (at < x->low - 1e-9 || at > x->high + 1e-9)
                continue;
            const char *unit = k >= 6 ? " M" : k >= 3 ? " k" : "";
            const double value = digit[i] * pow(10, k >= 6 ? k - 6 : k >= 3 ? k - 3 : k);
            mye_text_add(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.*f%s</text>\n",
                         fmin(at_x(x, at), WIDTH - 18), HEIGHT - BOTTOM + 18, k < 0 ? -k : 0, value,
                         unit);
        }
    }
}

static void draw_axes(mye_text *out, const mye_chart *c, const axis *x, const axis *y)
{
    const double n_rows = (y->high - y->low) / y->step;
    const int rows = n_rows < 20 ? (int)lround(n_rows) : 20;
    for (int i = 0; i <= rows; i++) {
        const double v = y->low + i * y->step, at = at_y(y, v);
        mye_text_add(out,
                     "<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                     LEFT, WIDTH - RIGHT, at, at, LEFT - 8, at + 4);
        tick_text(out, c, v, y->step, true);
        mye_text_add(out, "%s</text>\n", i == rows && c->unit ? c->unit : "");
    }
    const double first = ceil(x->low / x->step - 1e-9) * x->step;
    for (double v = first; v <= x->high + 1e-9 * x->step && !c->x_decades; v += x->step) {
        const double edge =
            v >= 100 || x->step < 1 ? WIDTH - 13 : WIDTH; /* long numbers do not go over it */
        mye_text_add(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                     fmin(at_x(x, v), edge), HEIGHT - BOTTOM + 18);
        tick_text(out, c, v, x->step, false);
        mye_text_add(out, "</text>\n");
    }
    if (c->x_decades)
        decade_ticks(out, x);
    mye_text_add(out, "<line class=\"a\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT,
                 WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    mye_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
                 HEIGHT - 6);
    mye_html_text(out, c->x_name ? c->x_name : "");
    mye_text_add(out, "</text>\n");
}

static void draw_path(mye_text *out, const mye_chart *c, int series, const axis *x, const axis *y)
{
    const mye_series *s = &c->series[series];
    const double scale = scale_of(c);
    bool pen = false;
    mye_text_add(out, "<path class=\"l s%d%s\" d=\"", s->color % MYE_SERIES_COLS,
                 s->dashed ? " d" : "");
    if (c->level[series] && s->n > 0 && drawable(c, s->y[0]))
        mye_text_add(out, "M%d %.1fH%d", LEFT, at_y(y, place_of(c, s->y[0] * scale)),
                     WIDTH - RIGHT);
    for (int i = 0; i < s->n && !c->level[series]; i++) {
        if (is_point(c, s, i))
            mye_text_add(out, "%c%.1f %.1f", pen ? 'L' : 'M', at_x(x, place_x(c, s->x[i])),
                         at_y(y, place_of(c, s->y[i] * scale)));
        pen = is_point(c, s, i);
    }
    mye_text_add(out, "\" style=\"fill:none\"/>\n");
}

/* The line, broken where a value is not finite, and a dot with a tooltip at each value. */
static void draw_series(mye_text *out, const mye_chart *c, int series, const axis *x, const axis *y)
{
    const mye_series *s = &c->series[series];
    const double scale = scale_of(c);
    draw_path(out, c, series, x, y);
    for (int i = 0; i < s->n && s->n <= 200 && !c->dotless[series]; i++) {
        if (!is_point(c, s, i))
            continue;
        mye_text_add(out, "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>",
                     s->color % MYE_SERIES_COLS, at_x(x, place_x(c, s->x[i])),
                     at_y(y, place_of(c, s->y[i] * scale)), s->n <= 30 ? "2.5" : "1");
        mye_html_text(out, s->name ? s->name : "");
        mye_text_add(out, " %s %g: %.5g%s</title></circle>", c->x_name ? c->x_name : "", s->x[i],
                     s->y[i] * scale, c->unit ? c->unit : "");
    }
    mye_text_add(out, "\n");
}

/* A bar from y - spread to y + spread at each point. */
static void draw_spread(mye_text *out, const mye_chart *c, int series, const axis *x, const axis *y)
{
    const mye_series *s = &c->series[series];
    const double scale = scale_of(c);
    for (int i = 0; i < s->n; i++) {
        const double around = spread_of(c, series, i);
        if (around > 0 && is_point(c, s, i))
            mye_text_add(out,
                         "<line class=\"l s%d\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                         "style=\"stroke-opacity:.45\"/>\n",
                         s->color % MYE_SERIES_COLS, at_x(x, place_x(c, s->x[i])),
                         at_x(x, place_x(c, s->x[i])), at_y(y, reach(c, series, i, -1) * scale),
                         at_y(y, reach(c, series, i, 1) * scale));
    }
}

/* Entries from left to right, row by row; a rough width of a character is enough. Returns the number
 * of rows; out NULL: only that. */
static int draw_legend(mye_text *out, const mye_chart *c)
{
    double at = LEFT;
    int named = 0, y = 40;
    for (int s = 0; s < c->n; s++)
        named += c->series[s].name != NULL;
    for (int s = 0; s < c->n && named > 1; s++) {
        const mye_series *one = &c->series[s];
        if (!one->name)
            continue;
        int letters = 0;
        for (const char *p = one->name; *p && letters < LEGEND_NAME; p++)
            letters += ((unsigned char)*p & 0xc0) != 0x80;
        const double width = 38 + 7.0 * letters;
        if (at > LEFT && at + width > WIDTH - RIGHT) {
            at = LEFT;
            y += LEGEND_ROW;
        }
        if (out) {
            mye_text_add(out,
                         "<line class=\"l s%d%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%d\" y2=\"%d\"/>"
                         "<text x=\"%.0f\" y=\"%d\">",
                         one->color % MYE_SERIES_COLS, one->dashed ? " d" : "", at, at + 16, y, y,
                         at + 21, y + 4);
            mye_html_tail(out, one->name, LEGEND_NAME);
            mye_text_add(out, "</text>\n");
        }
        at += width;
    }
    return (y - 40) / LEGEND_ROW + 1;
}

void mye_svg_lines(mye_text *out, const mye_chart *c)
{
    double low, high, first, last;
    const double scale = scale_of(c);
    const int lower = (draw_legend(NULL, c) - 1) * LEGEND_ROW, left = c->doubling ? WIDER : 0;
    mye_text_add(out, "<svg viewBox=\"%d 0 %d %d\" role=\"img\" aria-label=\"", -left, WIDTH + left,
                 HEIGHT + lower);
    mye_html_text(out, c->title);
    mye_text_add(out, "\">\n<text class=\"t\" x=\"%d\" y=\"18\">", -left);
    mye_html_text(out, c->title);
    mye_text_add(out, "</text>\n");
    if (!range(c, true, &low, &high) || !range(c, false, &first, &last)) {
        mye_text_add(out, "<text x=\"%d\" y=\"%d\">nothing recorded yet</text></svg>\n", LEFT,
                     HEIGHT / 2);
        return;
    }
    axis y = ticks(c->from_zero && low > 0 ? 0 : low * scale, high * scale, 5);
    if (c->doubling && y.step < 1)
        y = (axis){floor(low), fmax(ceil(high), floor(low) + 1), 1}; /* whole powers only */
    axis x = ticks(first, last > first ? last : first + 1, 6);
    x.low = first;
    x.high = last > first ? last : first + 1;
    x.step = x.step < 1 && !c->x_real ? 1 : x.step;
    if (c->x_decades && !(last > first)) /* one point stands in the middle */
        x.low = first - 0.5, x.high = first + 0.5;
    draw_legend(out, c);
    mye_text_add(out, "<g transform=\"translate(0 %d)\">\n", lower);
    draw_axes(out, c, &x, &y);
    for (int s = 0; s < c->n; s++) {
        draw_spread(out, c, s, &x, &y);
        draw_series(out, c, s, &x, &y);
    }
    mye_text_add(out, "</g></svg>\n");
}

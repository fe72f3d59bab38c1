/* Line charts. */
#include "report/report.h"

#include <math.h>

enum { WIDTH = 520, HEIGHT = 300, LEFT = 46, RIGHT = 10, TOP = 62, BOTTOM = 40, LEGEND_NAME = 24 };

/* The range of one axis and its ticks. */
typedef struct axis {
    double low, high, step;
} axis;

/* Values that can be drawn: neither missing nor beyond every scale. */
static bool drawable(double v)
{
    return isfinite(v) && fabs(v) < 1e15;
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

static bool range(const mye_chart *c, bool of_y, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int s = 0; s < c->n; s++) {
        const double *v = of_y ? c->series[s].y : c->series[s].x;
        for (int i = 0; v && i < c->series[s].n; i++) {
            if (!drawable(c->series[s].x[i]) || !drawable(c->series[s].y[i]))
                continue;
            *low = v[i] < *low ? v[i] : *low;
            *high = v[i] > *high ? v[i] : *high;
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

static void tick_text(mye_text *out, double v, double step)
{
    const int digits = step >= 1 || step <= 0 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (step < 1e-4)
        mye_text_add(out, "%.0e", v);
    else
        mye_text_add(out, "%.*f", digits, fabs(v) < step / 1e6 ? 0.0 : v);
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
        tick_text(out, v, y->step);
        mye_text_add(out, "%s</text>\n", i == rows && c->unit ? c->unit : "");
    }
    const double first = ceil(x->low / x->step - 1e-9) * x->step;
    for (double v = first; v <= x->high + 1e-9 * x->step; v += x->step) {
        mye_text_add(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", at_x(x, v),
                     HEIGHT - BOTTOM + 18);
        tick_text(out, v, x->step);
        mye_text_add(out, "</text>\n");
    }
    mye_text_add(out, "<line class=\"a\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT,
                 WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    mye_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
                 HEIGHT - 6);
    mye_html_text(out, c->x_name ? c->x_name : "");
    mye_text_add(out, "</text>\n");
}

/* The line, broken where a value is not finite, and a dot with a tooltip at each value. */
static void draw_series(mye_text *out, const mye_chart *c, const mye_series *s, const axis *x,
                        const axis *y)
{
    const double scale = scale_of(c);
    bool pen = false;
    mye_text_add(out, "<path class=\"l s%d%s\" d=\"", s->color % MYE_SERIES_COLS,
                 s->dashed ? " d" : "");
    for (int i = 0; i < s->n; i++) {
        if (drawable(s->x[i]) && drawable(s->y[i]))
            mye_text_add(out, "%c%.1f %.1f", pen ? 'L' : 'M', at_x(x, s->x[i]),
                         at_y(y, s->y[i] * scale));
        pen = drawable(s->x[i]) && drawable(s->y[i]);
    }
    mye_text_add(out, "\" style=\"fill:none\"/>\n");
    for (int i = 0; i < s->n && s->n <= 200; i++) {
        if (!drawable(s->x[i]) || !drawable(s->y[i]))
            continue;
        mye_text_add(out, "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>",
                     s->color % MYE_SERIES_COLS, at_x(x, s->x[i]), at_y(y, s->y[i] * scale),
                     s->n <= 30 ? "2.5" : "1");
        mye_html_text(out, s->name ? s->name : "");
        mye_text_add(out, " %s %g: %.5g%s</title></circle>", c->x_name ? c->x_name : "", s->x[i],
                     s->y[i] * scale, c->unit ? c->unit : "");
    }
    mye_text_add(out, "\n");
}

/* Entries from left to right; a rough width of a character is enough. */
static void draw_legend(mye_text *out, const mye_chart *c)
{
    double at = LEFT;
    int shown = 0, named = 0;
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
        if (at + width > WIDTH - RIGHT) {
            mye_text_add(out, "<text x=\"%.0f\" y=\"44\">+%d</text>", at, named - shown);
            break;
        }
        mye_text_add(out, "<line class=\"l s%d%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"40\" y2=\"40\"/>",
                     one->color % MYE_SERIES_COLS, one->dashed ? " d" : "", at, at + 16);
        mye_text_add(out, "<text x=\"%.0f\" y=\"44\">", at + 21);
        mye_html_tail(out, one->name, LEGEND_NAME);
        mye_text_add(out, "</text>\n");
        at += width;
        shown++;
    }
}

void mye_svg_lines(mye_text *out, const mye_chart *c)
{
    double low, high, first, last;
    const double scale = scale_of(c);
    mye_text_add(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    mye_html_text(out, c->title);
    mye_text_add(out, "\">\n<text class=\"t\" x=\"0\" y=\"18\">");
    mye_html_text(out, c->title);
    mye_text_add(out, "</text>\n");
    if (!range(c, true, &low, &high) || !range(c, false, &first, &last)) {
        mye_text_add(out, "<text x=\"%d\" y=\"%d\">nothing recorded yet</text></svg>\n", LEFT,
                     HEIGHT / 2);
        return;
    }
    const axis y = ticks(c->from_zero && low > 0 ? 0 : low * scale, high * scale, 5);
    axis x = ticks(first, last > first ? last : first + 1, 6);
    x.low = first;
    x.high = last > first ? last : first + 1;
    x.step = x.step < 1 ? 1 : x.step;
    draw_axes(out, c, &x, &y);
    draw_legend(out, c);
    for (int s = 0; s < c->n; s++)
        draw_series(out, c, &c->series[s], &x, &y);
    mye_text_add(out, "</svg>\n");
}

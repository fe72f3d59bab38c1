/* Bars, parts of a whole, and the heat map of a confusion matrix. */
#include "report/report.h"

#include <math.h>

enum { WIDTH = 520, ROW = 26, NAME = 132, VALUE = 96, BARS_MAX = 64, MATRIX_MAX = 64 };

static double largest(const mye_bar *bar, int n)
{
    double max = 0;
    for (int i = 0; i < n; i++)
        max = isfinite(bar[i].value) && bar[i].value > max ? bar[i].value : max;
    return max;
}

static void begin(mye_text *out, const char *title, double height)
{
    mye_text_add(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    mye_html_text(out, title);
    mye_text_add(out, "\">\n<text class=\"t\" x=\"0\" y=\"18\">");
    mye_html_text(out, title);
    mye_text_add(out, "</text>\n");
}

void mye_svg_bars(mye_text *out, const char *title, const mye_bar *bar, int n)
{
    const int shown = n < BARS_MAX ? n : BARS_MAX;
    const double max = largest(bar, shown), room = WIDTH - NAME - VALUE;
    begin(out, title, 36 + shown * ROW);
    for (int i = 0; i < shown; i++) {
        const int y = 32 + i * ROW;
        const bool ok = isfinite(bar[i].value) && max > 0;
        const double width = ok ? bar[i].value / max * room : 0;
        mye_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", NAME - 10, y + 15);
        mye_html_tail(out, bar[i].name, 17);
        mye_text_add(out,
                     "</text><rect class=\"track\" x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"14\" "
                     "rx=\"3\"/><rect class=\"s%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" "
                     "height=\"14\" rx=\"3\"><title>",
                     NAME, y + 4, room, bar[i].color % MYE_SERIES_COLS, NAME, y + 4,
                     width < 1 && ok && bar[i].value > 0 ? 1 : width);
        mye_html_text(out, bar[i].name);
        mye_text_add(out, "</title></rect><text class=\"v\" x=\"%d\" y=\"%d\">", WIDTH - VALUE + 8,
                     y + 15);
        mye_html_text(out, bar[i].label);
        mye_text_add(out, "</text>\n");
    }
    mye_text_add(out, "</svg>\n");
}

void mye_svg_parts(mye_text *out, const char *title, const mye_bar *part, int n)
{
    double sum = 0, at = 0;
    for (int i = 0; i < n; i++)
        sum += part[i].value > 0 ? part[i].value : 0;
    begin(out, title, 78 + (n + 1) / 2 * 22);
    for (int i = 0; i < n && sum > 0; i++) {
        const double width = part[i].value > 0 ? part[i].value / sum * WIDTH : 0;
        if (width > 0)
            mye_text_add(out,
                         "<rect class=\"s%d\" x=\"%.1f\" y=\"32\" width=\"%.1f\" height=\"26\">"
                         "<title>%s %s</title></rect>",
                         part[i].color % MYE_SERIES_COLS, at, width > 2.5 ? width - 1.5 : width,
                         part[i].name, part[i].label);
        at += width;
    }
    for (int i = 0; i < n; i++) {
        const int x = i % 2 * (WIDTH / 2), y = 84 + i / 2 * 22;
        mye_text_add(out,
                     "<rect class=\"s%d\" x=\"%d\" y=\"%d\" width=\"11\" height=\"11\" rx=\"2\"/>"
                     "<text x=\"%d\" y=\"%d\">",
                     part[i].color % MYE_SERIES_COLS, x, y - 10, x + 18, y);
        mye_html_text(out, part[i].name);
        mye_text_add(out, "</text><text class=\"v\" x=\"%d\" y=\"%d\" text-anchor=\"end\">",
                     x + WIDTH / 2 - 24, y);
        mye_html_text(out, part[i].label);
        mye_text_add(out, "</text>\n");
    }
    mye_text_add(out, "</svg>\n");
}

static void matrix_cell(mye_text *out, const double *row, int n, int k, int i, double at_x,
                        double at_y, double size)
{
    double sum = 0;
    for (int j = 0; j < n; j++)
        sum += row[j];
    const double share = sum > 0 ? row[k] / sum : 0;
    /* Mistakes are few: their shade grows with the root, so that they are seen. */
    mye_text_add(out,
                 "<rect class=\"s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                 "rx=\"2\" style=\"fill-opacity:%.2f\"/>",
                 i == k ? 0 : 1, at_x, at_y, size - 2, size - 2,
                 row[k] > 0 ? 0.06 + 0.86 * (i == k ? share : sqrt(share)) : 0.02);
    if (n <= 20 && row[k] > 0)
        mye_text_add(out,
                     "<text%s x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
                     "style=\"font-size:11px\">%.0f</text>",
                     i != k        ? ""
                     : share > 0.6 ? " class=\"o\""
                                   : " class=\"v\"",
                     at_x + size / 2 - 1, at_y + size / 2 + 3, row[k]);
    mye_text_add(out, "\n");
}

void mye_svg_matrix(mye_text *out, const double *counts, int n, const char *const *names)
{
    if (n < 1 || n > MATRIX_MAX)
        return;
    const double size = (WIDTH - 110.0) / n;
    mye_text_add(out,
                 "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"confusion matrix\">\n"
                 "<text class=\"t\" x=\"0\" y=\"18\">Confusion: row is the truth, column the "
                 "answer</text>\n",
                 WIDTH, 60 + size * n);
    for (int i = 0; i < n; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", i);
        const double y = 52 + i * size;
        if (n <= 32) {
            mye_text_add(out, "<text x=\"100\" y=\"%.1f\" text-anchor=\"end\">", y + size / 2 + 3);
            mye_html_tail(out, names && names[i] ? names[i] : number, 15);
            mye_text_add(out, "</text><text x=\"%.1f\" y=\"44\" text-anchor=\"middle\">%d</text>",
                         110 + i * size + size / 2 - 1, i);
        }
        for (int k = 0; k < n; k++)
            matrix_cell(out, counts + (size_t)i * (size_t)n, n, k, i, 110 + k * size, y, size);
    }
    mye_text_add(out, "</svg>\n");
}

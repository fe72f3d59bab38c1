/* Dots on a plane: spikes of afferents over time. */
#include "report/report.h"

#include <math.h>

enum { WIDTH = 520, HEIGHT = 300, LEFT = 46, RIGHT = 10, TOP = 34, BOTTOM = 40, TICKS = 4 };

static void frame(mye_text *out, const mye_plane *p)
{
    mye_text_add(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    mye_html_text(out, p->title);
    mye_text_add(out, "\">\n<text class=\"t\" x=\"0\" y=\"18\">");
    mye_html_text(out, p->title);
    mye_text_add(out, "</text>\n");
    for (int i = 0; i <= TICKS; i++) {
        const double share = (double)i / TICKS;
        const double x = LEFT + share * (WIDTH - LEFT - RIGHT);
        const double y = HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
        mye_text_add(out,
                     "<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>"
                     "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.4g</text>\n",
                     LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, share * p->height,
                     fmin(x, WIDTH - 13), HEIGHT - BOTTOM + 18, share * p->width);
    }
    mye_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
                 HEIGHT - 6);
    mye_html_text(out, p->x_name);
    mye_text_add(out,
                 "</text>\n<text x=\"12\" y=\"%d\" text-anchor=\"middle\" "
                 "transform=\"rotate(-90 12 %d)\">",
                 (TOP + HEIGHT - BOTTOM) / 2, (TOP + HEIGHT - BOTTOM) / 2);
    mye_html_text(out, p->y_name);
    mye_text_add(out, "</text>\n");
}

void mye_svg_dots(mye_text *out, const mye_plane *p)
{
    frame(out, p);
    mye_text_add(out, "<g class=\"s0\" style=\"stroke:none;fill-opacity:.75\">\n");
    for (int i = 0; i < p->n; i++) {
        const double x = LEFT + (double)p->x[i] / p->width * (WIDTH - LEFT - RIGHT);
        const double y = HEIGHT - BOTTOM - (double)p->y[i] / p->height * (HEIGHT - TOP - BOTTOM);
        /* The area of a dot is what it stands for. */
        const double r = 1.1 * sqrt(fmin((double)p->size[i], 6));
        if (x >= LEFT && x <= WIDTH - RIGHT && y >= TOP && y <= HEIGHT - BOTTOM && r > 0)
            mye_text_add(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.2f\"/>\n", x, y, r);
    }
    mye_text_add(out, "</g></svg>\n");
}

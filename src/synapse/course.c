/* The course of a pattern: events and the decays between them. */
#include "synapse/course.h"

#include <math.h>

#define READ_ON 3.0 /* membrane time constants after the last spike */

size_t mye_course_bytes(int64_t n_spikes)
{
    return (size_t)n_spikes * (2 * sizeof(double) + sizeof(int64_t)) + sizeof(int64_t);
}

mye_course mye_course_make(const mye_psp *psp, const mye_pattern *p, void *block)
{
    mye_course c = {.spike = p->spike, .n_spikes = p->n};
    c.start = block;
    for (int64_t i = 0; i < p->n; i++)
        if (i == 0 || p->spike[i].t_ms != p->spike[i - 1].t_ms)
            c.start[c.n++] = i;
    c.start[c.n] = p->n;
    c.decay_m = (double *)(c.start + c.n + 1);
    c.decay_s = c.decay_m + c.n;
    const double last = p->n > 0 ? p->spike[p->n - 1].t_ms + READ_ON * psp->tau_m : 0;
    c.end_ms = last > p->window_ms ? last : p->window_ms;
    for (int64_t k = 0; k < c.n; k++) {
        const double length = mye_course_length(&c, k);
        c.decay_m[k] = exp(-length / psp->tau_m);
        c.decay_s[k] = psp->rise > 0 ? exp(-length / psp->tau_s) : 0;
    }
    return c;
}

void mye_course_drive(const mye_course *c, const mye_psp *psp, const double *w, double *drive)
{
    for (int64_t k = 0; k < c->n; k++) {
        double sum = 0;
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++)
            sum += (double)c->spike[i].c * w[c->spike[i].unit];
        drive[k] = psp->gain * sum;
    }
}

/* Exact simulation from event to event. */
#include "synapse/walk.h"

#include <math.h>

/* The potential is a exp(-u/tau_m) - b exp(-u/tau_s), u ms after `t`. */
typedef struct state {
    double a, b, t;
} state;

typedef struct walker {
    const mye_psp *psp;
    double theta;
    int most;
    bool peaks;
    double span; /* tau_m tau_s / (tau_m - tau_s) */
    mye_walk *out;
} walker;

static double value(const mye_psp *p, const state *s, double u)
{
    return s->a * exp(-u / p->tau_m) - s->b * exp(-u / p->tau_s);
}

static double slope(const mye_psp *p, const state *s, double u)
{
    return s->b / p->tau_s * exp(-u / p->tau_s) - s->a / p->tau_m * exp(-u / p->tau_m);
}

/* Maxima that count are above 0, where V begins. */
static void see_peak(mye_walk *out, double v, double t_ms)
{
    if (v > out->peak) {
        out->peak = v;
        out->peak_ms = t_ms;
    }
}

/* V(u) = theta on (0, top], where V rises from below theta to above it: Newton, kept in a bracket. */
static double crossing(const walker *w, const state *s, double top)
{
    double low = 0, high = top;
    double u = top * (w->theta - (s->a - s->b)) / (value(w->psp, s, top) - (s->a - s->b));
    for (int i = 0; i < 200; i++) {
        u = u > low && u < high ? u : 0.5 * (low + high);
        const double miss = value(w->psp, s, u) - w->theta;
        *(miss < 0 ? &low : &high) = u;
        const double step = miss / slope(w->psp, s, u);
        if (fabs(step) <= 1e-15 * (s->t + u) || high - low <= 1e-15 * (s->t + u))
            break;
        u -= step;
    }
    return u;
}

static bool fire(const walker *w, state *s, double at_slope, double top_ms, double top)
{
    mye_walk *out = w->out;
    out->spike[out->n++] = (mye_fired){s->t, at_slope, top_ms, top};
    s->a -= w->theta;
    return out->n == w->most;
}

/* Moves the state on by u. */
static void move(const mye_psp *p, state *s, double u)
{
    s->a *= exp(-u / p->tau_m);
    s->b *= exp(-u / p->tau_s);
    s->t += u;
}

/* The time of the next maximum after the state, from it; 0 where V does not rise. */
static double next_top(const walker *w, const state *s)
{
    const double x = s->b * w->psp->tau_m, y = s->a * w->psp->tau_s;
    return s->a > 0 && x > y ? w->span * log(x / y) : 0;
}

/*
 * From an event to the next one, `length` later; true when the walk is over. V is monotone, or it
 * has one maximum. As long as b > 0 it stays below a, which saves most logarithms.
 */
static bool pass_event(const walker *w, state *s, double length)
{
    const double end = s->t + length;
    for (;;) {
        /* Impulses jump over theta; otherwise V is below it here, up to rounding. */
        if (s->a - s->b >= w->theta) {
            if (fire(w, s, w->psp->rise * slope(w->psp, s, 0), s->t, s->a - s->b))
                return true;
            continue;
        }
        const bool low = s->a < w->theta && (!w->peaks || s->a <= w->out->peak);
        const double top = low ? 0 : next_top(w, s);
        if (top <= 0)
            return false;
        const double left = end - s->t, u = top < left ? top : left;
        const double v = value(w->psp, s, u);
        if (v < w->theta) {
            if (w->peaks && top < left)
                see_peak(w->out, v, s->t + u);
            return false;
        }
        const double top_ms = s->t + u;
        move(w->psp, s, crossing(w, s, u));
        if (fire(w, s, slope(w->psp, s, 0), top_ms, v))
            return true;
    }
}

void mye_walk_along(const mye_course *c, const mye_psp *psp, const double *drive, double theta,
                    int most, bool peaks, mye_walk *out)
{
    const walker w = {.psp = psp,
                      .theta = theta,
                      .most = most < MYE_WALK_SPIKES ? most : MYE_WALK_SPIKES,
                      .peaks = peaks,
                      .span =
                          psp->rise > 0 ? psp->tau_m * psp->tau_s / (psp->tau_m - psp->tau_s) : 0,
                      .out = out};
    const double per_m = 1 / psp->tau_m, per_s = 1 / psp->tau_s;
    state s = {0, 0, 0};
    out->n = 0;
    out->peak = 0;
    out->peak_ms = -1;
    if (w.most < 1)
        return;
    for (int64_t k = 0; k < c->n; k++) {
        const double begin = mye_course_time(c, k), before = s.b * per_s - s.a * per_m;
        s.t = begin;
        s.a += drive[k];
        s.b += psp->rise * drive[k];
        const int fired = out->n;
        if (pass_event(&w, &s, mye_course_length(c, k)))
            return;
        if (peaks && psp->rise > 0 && fired == out->n) {
            /* A kink: V rose up to the event and falls after it. Nothing fired, so s is still there. */
            const double v = s.a - s.b;
            if (v > out->peak && before > 0 && s.b * per_s - s.a * per_m <= 0)
                see_peak(out, v, begin);
        } else if (peaks && psp->rise == 0 && drive[k] > 0) {
            see_peak(out, s.a, begin);
        }
        if (s.t == begin) {
            s.a *= c->decay_m[k];
            s.b *= c->decay_s[k];
        } else {
            move(psp, &s, begin + mye_course_length(c, k) - s.t);
        }
    }
}

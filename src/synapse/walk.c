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
    double span;         /* tau_m tau_s / (tau_m - tau_s) */
    double per_m, per_s; /* 1 / tau_m, 1 / tau_s */
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

/* V(u) = theta on (0, top], where V rises from below theta to above it: Newton, kept in a bracket. V is
 * concave there, so Newton comes from below and the first guess is the tangent's or the chord's. */
static double crossing(const walker *w, const state *s, double top, double v_top)
{
    const double per_m = 1 / w->psp->tau_m, per_s = 1 / w->psp->tau_s;
    const double rise = w->theta - (s->a - s->b), begin = s->b * per_s - s->a * per_m;
    double low = 0, high = top, u = begin > 0 ? rise / begin : 0;
    if (!(u < top))
        u = top * rise / (v_top - (s->a - s->b));
    for (int i = 0; i < 200; i++) {
        u = u > low && u < high ? u : 0.5 * (low + high);
        const double a = s->a * exp(-u * per_m), b = s->b * exp(-u * per_s);
        const double miss = a - b - w->theta, step = miss / (b * per_s - a * per_m);
        *(miss < 0 ? &low : &high) = u;
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
 * From the state to the next event, `left` later; true when the walk is over. V is monotone, or it has
 * one maximum.
 */
static bool pass_event(const walker *w, state *s, double end)
{
    for (;;) {
        /* Impulses jump over theta; otherwise V is below it here, up to rounding. */
        if (s->a - s->b >= w->theta) {
            if (fire(w, s, w->psp->rise * slope(w->psp, s, 0), s->t, s->a - s->b))
                return true;
            continue;
        }
        const double top = next_top(w, s);
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
        move(w->psp, s, crossing(w, s, u, v));
        if (fire(w, s, slope(w->psp, s, 0), top_ms, v))
            return true;
    }
}

/* An impulse lifts V to a local maximum; spikes of its event are subtracted already. */
static void see_impulse(const walker *w, double v, double t_ms, double drive)
{
    if (w->peaks && w->psp->rise == 0 && drive > 0)
        see_peak(w->out, v, t_ms);
}

/*
 * An event at which something may happen: *s is the state behind it, and becomes that at `end`. True
 * when the walk is over. a_end, b_end: the state at the end if nothing fires.
 */
static bool busy_event(const walker *w, state *s, double drive, double end, double a_end,
                       double b_end)
{
    const double v = s->a - s->b, begin = s->t;
    const double rate = s->b * w->per_s - s->a * w->per_m;
    const double before = rate - drive * (w->psp->rise * w->per_s - w->per_m);
    /* A kink: V rose up to the event and falls after it. */
    if (w->peaks && v < w->theta && before > 0 && rate <= 0)
        see_peak(w->out, v, begin);
    /* Where V still rises at the end its largest value is there. Not >=: after a long time both are 0. */
    const bool rises = b_end * w->per_s > a_end * w->per_m && a_end - b_end < w->theta;
    if (v < w->theta && (rate <= 0 || rises)) {
        see_impulse(w, v, begin, drive);
        *s = (state){a_end, b_end, end};
        return false;
    }
    if (pass_event(w, s, end))
        return true;
    see_impulse(w, s->a, begin, drive);
    move(w->psp, s, end - s->t);
    return false;
}

static walker start(const mye_psp *psp, double theta, int most, bool peaks, mye_walk *out)
{
    out->n = 0;
    out->peak = 0;
    out->peak_ms = -1;
    return (walker){.psp = psp,
                    .theta = theta,
                    .most = most < MYE_WALK_SPIKES ? most : MYE_WALK_SPIKES,
                    .peaks = peaks,
                    .span = psp->rise > 0 ? psp->tau_m * psp->tau_s / (psp->tau_m - psp->tau_s) : 0,
                    .per_m = 1 / psp->tau_m,
                    .per_s = 1 / psp->tau_s,
                    .out = out};
}

/*
 * V is concave while it rises, so it stays below its tangent: as long as that does not reach what is
 * looked for nothing can happen before the next event, and nearly all events end there, with four
 * multiplications of numbers that stay in registers, no exponential and no logarithm.
 */
void mye_walk_along(const mye_course *c, const mye_psp *psp, const double *drive, double theta,
                    int most, bool peaks, mye_walk *out)
{
    const walker w = start(psp, theta, most, peaks, out);
    const double per_m = w.per_m, per_s = w.per_s, rise = psp->rise;
    double a = 0, b = 0, wanted = peaks ? 0 : theta, next = c->n > 0 ? mye_course_time(c, 0) : 0;
    for (int64_t k = 0; k < c->n && w.most > 0; k++) {
        const double t = next;
        next = k + 1 < c->n ? mye_course_time(c, k + 1) : c->end_ms;
        a += drive[k];
        b += rise * drive[k];
        const double rate = b * per_s - a * per_m, a_end = a * c->decay_m[k];
        const double b_end = b * c->decay_s[k];
        if (a - b + (rate > 0 ? rate : 0) * (next - t) < wanted) {
            a = a_end;
            b = b_end;
            continue;
        }
        state s = {a, b, t};
        if (busy_event(&w, &s, drive[k], next, a_end, b_end))
            return;
        a = s.a;
        b = s.b;
        wanted = peaks ? out->peak : theta;
    }
}

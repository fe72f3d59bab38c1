/*
 * Critical thresholds and their gradients.
 *
 * At theta*_k the potential touches the threshold at t*, after m spikes at t_1 < .. < t_m. With
 *   C_x = 1 + sum_{j: t_j < t_x} exp(-(t_x - t_j)/tau_m)
 * the recursion of the derivation (Guetig 2016; A_k, B_k there) is solved from behind: what a spike
 * time is worth to those after it. mu_* = 1 and
 *   mu_j = theta/(tau_m V'(t_j)) sum_{x > j} mu_x exp(-(t_x - t_j)/tau_m)
 *   d theta*_k/d w_i = sum_x mu_x x_i(t_x) / sum_x mu_x C_x
 * Two running sums instead of a matrix of spikes by afferents.
 */
#include <math.h>

#include "synapse/reader.h"

#define HALVINGS_MAX 60
#define SAME_MS      1e-4 /* so far a maximum may move from run to run */

static int count(const mye_reader *r, double theta, int most, mye_walk *out)
{
    mye_walk_along(r->course, r->psp, r->drive, theta, most, false, out);
    return out->n;
}

/*
 * The first spike of the run below the critical threshold that the run above it does not have:
 * there V turned before it reached the threshold, and the next spike comes after that maximum. Times
 * alone do not tell: with a coarse tolerance spikes that stay move further than that.
 */
static int first_difference(const mye_walk *below, const mye_walk *above)
{
    int i = 0;
    while (i < above->n && i < below->n && above->spike[i].t_ms <= below->spike[i].top_ms + SAME_MS)
        i++;
    return i;
}

/*
 * One side of the search. How far the maximum that decides is from the threshold: below theta*_k that
 * of the spike nearest to vanishing, above 0; above it the highest one that stayed below, less than 0.
 */
typedef struct side {
    double theta, miss;
} side;

/* Runs at theta and becomes one of the sides; true when k spikes came. */
static bool look(mye_reader *r, double theta, int k, side *low, side *high)
{
    mye_walk *walk = &r->walk;
    mye_walk_along(r->course, r->psp, r->drive, theta, k, true, walk);
    if (walk->n < k) {
        *high = (side){theta, walk->peak_ms < 0 ? -theta : walk->peak - theta};
        return false;
    }
    double top = (double)INFINITY;
    for (int i = 0; i < walk->n; i++)
        top = fmin(top, walk->spike[i].top);
    *low = (side){theta, top - theta};
    return true;
}

/*
 * Narrows the bracket to the tolerance. When it is narrow, both misses are of one maximum, which moves
 * against the threshold by more than that moves; its chord then finds the root in a few steps, if the
 * weight of a side that stays is halved (Illinois). Misses that are smaller belong to other maxima,
 * and the middle is taken.
 */
static void narrow(mye_reader *r, int k, double tolerance, side *low, side *high)
{
    double low_weight = 1, high_weight = 1;
    bool more = false, first = true;
    while (high->theta - low->theta > tolerance * high->theta) {
        const double width = high->theta - low->theta, edge = 0.25 * tolerance * high->theta;
        const double up = low_weight * low->miss, down = high_weight * high->miss;
        const bool is_one = low->miss - high->miss >= width;
        double at = low->theta + width * (is_one ? up / (up - down) : 0.5);
        at = fmin(fmax(at, low->theta + edge), high->theta - edge);
        if (!(at > low->theta && at < high->theta))
            break;
        const bool before = more, stays = !first;
        more = look(r, at, k, low, high);
        first = false;
        *(more ? &low_weight : &high_weight) = 1;
        if (is_one && stays && more == before)
            *(more ? &high_weight : &low_weight) *= 0.5;
    }
}

bool mye_reader_critical(mye_reader *r, int k, double tolerance, double *theta, int *touch,
                         double *t_ms)
{
    side low, high = {0, 0};
    const double at = mye_reader_maximum(r, &high.theta);
    if (at < 0 || k < 1 || k > MYE_WALK_SPIKES)
        return false;
    *theta = high.theta;
    *touch = 0;
    *t_ms = at;
    if (k == 1)
        return true;
    double try = high.theta;
    for (int i = 0; i < HALVINGS_MAX && try > 0; i++) {
        try /= 2;
        if (look(r, try, k, &low, &high)) {
            narrow(r, k, tolerance, &low, &high);
            count(r, low.theta, k, &r->walk);
            count(r, high.theta, k, &r->other);
            *touch = first_difference(&r->walk, &r->other);
            *theta = low.theta;
            if (*touch == k) /* rounding: no spike tells the runs apart */
                *touch = k - 1;
            *t_ms = r->walk.spike[*touch].top_ms;
            return true;
        }
    }
    return false;
}

/* mu of n spikes and of the time after them, into r->read_mu; times into r->read_ms. */
static void fill_chain(mye_reader *r, const mye_walk *walk, int n, double t_ms, double theta,
                       mye_chain_mode mode)
{
    double sum = 0, later = t_ms;
    r->read_ms[n] = t_ms;
    r->read_mu[n] = 1;
    for (int j = n - 1; j >= 0; j--) {
        const mye_fired *s = &walk->spike[j];
        const double next = mode.whole || j == n - 1 ? r->read_mu[j + 1] : 0;
        sum = (sum + next) * exp(-(later - s->t_ms) / r->psp->tau_m);
        later = s->t_ms;
        r->read_ms[j] = s->t_ms;
        r->read_mu[j] = mode.moves && s->slope > 0 ? theta / (r->psp->tau_m * s->slope) * sum : 0;
    }
}

/* sum_x mu_x C_x of the whole recursion; C of the last one where its mu alone counts. */
static double chain_norm(const mye_reader *r, int n, mye_chain_mode mode)
{
    double c = 1, norm = 0;
    for (int x = 0; x <= n; x++) {
        if (x > 0)
            c = 1 + c * exp(-(r->read_ms[x] - r->read_ms[x - 1]) / r->psp->tau_m);
        norm += mode.whole || x == n ? r->read_mu[x] * c : 0;
    }
    return norm;
}

void mye_reader_chain(mye_reader *r, const mye_walk *walk, int n, double t_ms, double theta,
                      mye_chain_mode mode, double sign)
{
    fill_chain(r, walk, n, t_ms, theta, mode);
    const double scale = sign / (mode.normalised ? chain_norm(r, n, mode) : 1);
    for (int x = 0; x <= n; x++)
        r->read_mu[x] *= scale;
    mye_reader_trace(r, n + 1, r->read_ms, r->read_mu, r->gradient);
}

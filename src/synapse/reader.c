/* One neuron in front of one pattern: scratch memory, walks, traces. */
#include "synapse/reader.h"

#include <math.h>

mye_status mye_reader_open(mye_context *ctx, const mye_psp *psp, double theta, int32_t units,
                           mye_reader *out, mye_error *err)
{
    const size_t spikes = 2 * MYE_WALK_SPIKES * sizeof(mye_fired);
    const size_t doubles = 3 * (size_t)units + 2 * (MYE_WALK_SPIKES + 1);
    const size_t bytes = spikes + doubles * sizeof(double);
    *out = (mye_reader){.ctx = ctx, .psp = psp, .theta = theta, .units = units};
    out->block = mye_alloc(ctx, bytes);
    if (!out->block)
        return mye_no_memory(err, bytes, "a reading neuron");
    out->walk.spike = out->block;
    out->other.spike = out->walk.spike + MYE_WALK_SPIKES;
    out->read_ms = (double *)(out->other.spike + MYE_WALK_SPIKES);
    out->read_mu = out->read_ms + MYE_WALK_SPIKES + 1;
    out->gradient = out->read_mu + MYE_WALK_SPIKES + 1;
    out->spare = out->gradient + units;
    return MYE_OK;
}

mye_status mye_reader_reserve(mye_reader *r, int64_t n, mye_error *err)
{
    if (n <= r->room)
        return MYE_OK;
    const int64_t room = n > 2 * r->room ? n : 2 * r->room;
    const size_t bytes = 3 * (size_t)room * sizeof(double);
    double *fresh = mye_alloc(r->ctx, bytes);
    if (!fresh)
        return mye_no_memory(err, bytes, "a reading neuron");
    mye_free(r->ctx, r->drive);
    r->drive = fresh;
    r->path = fresh + room;
    r->room = room;
    return MYE_OK;
}

void mye_reader_close(mye_reader *r)
{
    if (!r->ctx)
        return;
    mye_free(r->ctx, r->block);
    mye_free(r->ctx, r->drive);
    *r = (mye_reader){0};
}

void mye_reader_face(mye_reader *r, const mye_course *course, const double *w)
{
    r->course = course;
    r->w = w;
    mye_course_drive(course, r->psp, w, r->drive);
}

void mye_reader_walk(mye_reader *r, bool peaks)
{
    mye_walk_along(r->course, r->psp, r->drive, r->theta, MYE_WALK_SPIKES, peaks, &r->walk);
}

double mye_reader_maximum(mye_reader *r, double *v_max)
{
    mye_walk_along(r->course, r->psp, r->drive, INFINITY, 1, true, &r->other);
    *v_max = r->other.peak;
    return r->other.peak_ms;
}

/*
 * From the last event to the first, slow and fast are the sums of mu_x exp(-(t_x - t)/tau) over the
 * times at or after t: what a spike at t is worth, one multiplication an event.
 */
void mye_reader_trace(const mye_reader *r, int n, const double *t_ms, const double *mu, double *out)
{
    const mye_course *c = r->course;
    const mye_psp *p = r->psp;
    double slow = 0, fast = 0;
    int x = n - 1;
    for (int64_t k = c->n - 1; k >= 0; k--) {
        const double t = mye_course_time(c, k);
        slow *= c->decay_m[k];
        fast *= c->decay_s[k];
        for (; x >= 0 && t_ms[x] >= t; x--) {
            slow += mu[x] * exp(-(t_ms[x] - t) / p->tau_m);
            fast += mu[x] * exp(-(t_ms[x] - t) / p->tau_s);
        }
        const double worth = p->gain * (slow - p->rise * fast);
        for (int64_t i = c->start[k]; worth != 0 && i < c->start[k + 1]; i++)
            out[c->spike[i].unit] += worth * (double)c->spike[i].c;
    }
}

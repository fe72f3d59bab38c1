/* Ears by name, and the spikes that they add. */
#include "synapse/ear.h"

#include "synapse/ear_list.inc"

#define DECLARE(name) extern const mye_ear_type mye_ear_##name;
MYE_EAR_LIST(DECLARE)
#define ENTRY(name) &mye_ear_##name.entry,
static const mye_entry *const entries[] = {MYE_EAR_LIST(ENTRY) NULL};
const mye_kind mye_kind_ear = {"ear", "How does the spectrum of a sound become spikes?", entries};

static mye_status reserve(mye_heard *h, int64_t more, mye_error *err)
{
    const int64_t wanted = h->n + more;
    if (wanted <= h->room)
        return MYE_OK;
    const int64_t room = wanted > 2 * h->room ? wanted + 256 : 2 * h->room;
    const size_t one = sizeof(*h->spike);
    mye_spike *grown = mye_grow(h->ctx, h->spike, (size_t)h->n * one, (size_t)room * one);
    if (!grown)
        return mye_no_memory(err, (size_t)room * one, "the spikes of a sound");
    h->spike = grown;
    h->room = room;
    return MYE_OK;
}

mye_status mye_heard_add(mye_heard *h, double t_ms, int32_t unit, double c, mye_error *err)
{
    MYE_TRY(reserve(h, h->taps, err));
    for (int k = 0; k < h->taps; k++)
        h->spike[h->n++] = (mye_spike){t_ms + k * h->tap_ms, (float)c, unit * h->taps + k};
    return MYE_OK;
}

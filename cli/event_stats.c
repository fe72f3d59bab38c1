/* Statistics of events for myelin data. */
#include "event_stats.h"

mye_status cli_events_measure(const cli *app, const mye_dataset *data, int64_t n, cli_events *s,
                              mye_error *err)
{
    const mye_dataset_info *a = mye_dataset_about(data);
    *s = (cli_events){.least = INT64_MAX};
    for (int64_t i = 0; i < n; i++) {
        mye_recording_info r;
        MYE_TRY(mye_dataset_recording(data, i, &r, err));
        if (mye_context_cancelled(app->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped");
        s->mean += (double)r.events / (double)n;
        s->mean_ms += (double)r.duration_us / 1e3 / (double)n; /* unknown: below 0 for all */
        s->per_frame += (double)(r.events - r.dropped) / a->frames / (double)n;
        s->least = r.events < s->least ? r.events : s->least;
        s->most = r.events > s->most ? r.events : s->most;
        s->dropped += r.dropped;
    }
    return MYE_OK;
}

void cli_events_print(const cli *app, const cli_events *s)
{
    if (app->global.json) {
        cli_json(json_pack("{s:o,s:I,s:I,s:o,s:o,s:I}", "events_mean", cli_real(s->mean),
                           "events_least", (json_int_t)s->least, "events_most", (json_int_t)s->most,
                           "duration_ms_mean", cli_real(s->mean_ms), "events_per_frame",
                           cli_real(s->per_frame), "dropped", (json_int_t)s->dropped));
        return;
    }
    printf("\nevents a sample  %.1f (%lld to %lld), %.1f a frame, %lld in no frame\n", s->mean,
           (long long)s->least, (long long)s->most, s->per_frame, (long long)s->dropped);
    if (s->mean_ms >= 0)
        printf("duration         %.1f ms (mean)\n", s->mean_ms);
}

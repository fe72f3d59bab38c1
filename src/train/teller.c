/* Progress of one pass over a data set. */
#include "train/train.h"

void mye_teller_tell(void *self, int64_t done, int64_t total, double loss, double accuracy)
{
    mye_teller *t = self;
    const double now = mye_now_s(), elapsed = now - t->begin_s;
    if (t->callbacks == NULL || t->callbacks->progress == NULL || t->phase == NULL)
        return;
    if (now - t->last_s < 0.2 && done < total)
        return;
    t->last_s = now;
    const int64_t seen = done < total ? done * t->batch : t->n;
    const mye_progress p = {.phase = t->phase,
                            .epoch = 1,
                            .epochs = 1,
                            .done = done,
                            .total = total,
                            .loss = loss,
                            .accuracy = accuracy,
                            .images_per_s = (double)seen / (elapsed + 1e-9),
                            .elapsed_s = elapsed,
                            .left_s = elapsed * (double)(total - done) / (double)done};
    t->callbacks->progress(t->callbacks->user, &p);
}

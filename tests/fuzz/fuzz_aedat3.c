/* Any bytes as an AEDAT 3.1 recording: two trials are found and decoded. */
#include "data/events.h"
#include "fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t start[] = {0, 100}, end[] = {INT64_MAX, 200};
    mye_aedat3_span span[2];
    mye_error err;

    if (mye_aedat3_index("fuzz", data, size, 2, start, end, span, &err) != MYE_OK)
        return 0;
    for (int k = 0; k < 2; k++) {
        mye_events events = {.ctx = NULL};
        if (mye_aedat3_decode("fuzz", data, size, span[k], start[k], end[k], 128, 128, &events,
                              &err) == MYE_OK)
            check_events(&events, 128);
        mye_events_free(&events);
    }
    return 0;
}

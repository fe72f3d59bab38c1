/* Any bytes as an AEDAT 2.0 recording. */
#include "data/events.h"
#include "fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_events events = {.ctx = NULL};
    mye_error err;

    if (mye_aedat2_decode("fuzz", data, size, &events, &err) == MYE_OK)
        check_events(&events, 128);
    mye_events_free(&events);
    return 0;
}

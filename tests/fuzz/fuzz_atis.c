/* Any bytes as an ATIS .bin recording. */
#include "data/events.h"
#include "fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_events events = {.ctx = NULL};
    mye_error err;

    if (mye_atis_decode("fuzz", data, size, 34, 34, &events, &err) == MYE_OK)
        check_events(&events, 34);
    mye_events_free(&events);
    return 0;
}

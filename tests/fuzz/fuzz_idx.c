/* Any bytes as an IDX file, plain or compressed. */
#include "data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_array array;
    mye_error err;
    double sum = 0;

    if (mye_idx_parse(NULL, "fuzz", data, size, &array, &err) != MYE_OK)
        return 0;
    for (size_t i = 0; i < array.count; i++)
        sum += array.type->get(array.data, i);
    mye_array_free(NULL, &array);
    (void)sum; /* reading every value was the point */
    return 0;
}

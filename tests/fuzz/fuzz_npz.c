/* Any bytes as an NPZ archive: every array, and a name that is not there. */
#include "data/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_npz npz;
    mye_array array;
    mye_error err;
    char name[64];

    if (mye_npz_open(NULL, "fuzz", data, size, &npz, &err) != MYE_OK)
        return 0;
    for (int k = 0; k < 16 && mye_npz_name(&npz, k, name, sizeof name); k++)
        if (mye_npz_array(&npz, name, &array, &err) == MYE_OK)
            mye_array_free(NULL, &array);
    if (mye_npz_array(&npz, "no such array", &array, &err) == MYE_OK)
        mye_array_free(NULL, &array);
    return 0;
}

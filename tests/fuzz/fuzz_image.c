/* Any bytes as a picture, grey and in colour, then resized. */
#include "data/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[7 * 7 * 3];
    mye_image image;
    mye_error err;

    for (int C = 1; C <= 3; C += 2) {
        if (mye_image_decode(NULL, "fuzz", data, size, C, &image, &err) != MYE_OK)
            continue;
        (void)mye_image_square(NULL, &image, 7, out, &err);
        mye_image_free(NULL, &image);
    }
    return 0;
}

/* Pictures of samples within pages. */
#ifndef MYE_REPORT_PICTURE_H
#define MYE_REPORT_PICTURE_H

#include "myelin/data.h"
#include "report/report.h"

/* A sample ([H][W][C] in [0, 1], or [frames][H][W][C]) as the address of an image, for <img src>. */
void mye_picture_add(mye_text *out, const mye_dataset_info *a, const float *sample);

#endif

/* What tests of conversion share: a small network without spikes, trained on images of 8x8. */
#ifndef CONVERT_SUPPORT_H
#define CONVERT_SUPPORT_H

#include "train_support.h"

#include "convert/convert.h"
#include "myelin/convert.h"

#define SMALL_NET  "2C3-BN-RELU-MP2-FC3-RELU-FC2"
#define SMALL_DATA MYELIN_SOURCE_DIR "/tests/cli/data"

/* Folder of its run; trained once for each test program (`name`). */
static inline const char *small_ann(const char *name)
{
    static char dir[1024];
    if (dir[0])
        return dir;
    run_dir(name, dir);
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    set(&c, "net", SMALL_NET);
    set(&c, "data", "idx");
    set(&c, "data_dir", SMALL_DATA);
    set(&c, "T", "1");
    set(&c, "epochs", "1");
    set(&c, "out", dir);
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    return dir;
}

#endif

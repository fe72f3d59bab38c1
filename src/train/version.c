#include "myelin/myelin.h"

#ifndef MYELIN_HAVE_PNG
#define MYELIN_HAVE_PNG 0
#endif
#ifndef MYELIN_HAVE_JPEG
#define MYELIN_HAVE_JPEG 0
#endif
#ifndef MYELIN_HAVE_HDF5
#define MYELIN_HAVE_HDF5 0
#endif
#ifndef MYELIN_HAVE_LAPACK
#define MYELIN_HAVE_LAPACK 0
#endif
#ifndef MYELIN_HAVE_ONNX
#define MYELIN_HAVE_ONNX 0
#endif
#ifndef MYELIN_HAVE_SNDFILE
#define MYELIN_HAVE_SNDFILE 0
#endif
#ifndef MYELIN_HAVE_KISSFFT
#define MYELIN_HAVE_KISSFFT 0
#endif

const char *mye_version(void)
{
    return MYELIN_VERSION;
}

const mye_feature *mye_features(void)
{
    static const mye_feature features[] = {
        {"png", MYELIN_HAVE_PNG},         {"jpeg", MYELIN_HAVE_JPEG},
        {"hdf5", MYELIN_HAVE_HDF5},       {"lapack", MYELIN_HAVE_LAPACK},
        {"onnx", MYELIN_HAVE_ONNX},       {"sndfile", MYELIN_HAVE_SNDFILE},
        {"kissfft", MYELIN_HAVE_KISSFFT}, {NULL, false},
    };
    return features;
}

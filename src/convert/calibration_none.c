/* none: the network stays as its thresholds make it. */
#include "convert/calibration.h"

extern const mye_calibration mye_calibration_none;
const mye_calibration mye_calibration_none = {
    .entry = {.name = "none", .brief = "nothing is corrected", .source = ""},
};

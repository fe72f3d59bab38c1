/* What a comparison of depth rules shows beside accuracy and memory. */
#include "compare.h"

#include <string.h>

bool cli_depth_is_compared(const cli_axes *axes)
{
    for (int i = 0; i < axes->n; i++) {
        if (axes->axis[i].n > 1 && strcmp(axes->axis[i].key, "depth") == 0)
            return true;
    }
    return false;
}

void cli_depth_cells(cli_table *table, const cli_outcome *outcome, int n)
{
    int i = 0;
    while (i < n - 1 && outcome[i].status != MYE_OK)
        i++;
    cli_cell(table, "%.0f", outcome[i].modules);
    cli_cell(table, "%s", cli_count(outcome[i].macs).text);
}

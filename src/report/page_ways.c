/* The part of a run's page that says how its layers were computed. */
#include "report/page.h"

static void cell(mye_text *out, const json_t *way, size_t pass)
{
    const char *name = json_string_value(json_array_get(way, pass));
    mye_text_add(out, "<td>");
    mye_html_text(out, name && name[0] ? name : "–");
    mye_text_add(out, "</td>");
}

void mye_page_ways(mye_text *out, const mye_record *r)
{
    json_t *ways = json_object_get(
        json_array_get(r->epochs, (size_t)(r->n_epochs - (r->n_epochs > 0))), "ways");
    const char *name;
    json_t *way;
    if (json_object_size(ways) == 0)
        return;
    mye_text_add(out, "<details><summary>How the layers were computed</summary>"
                      "<p class=\"say\">Chosen from shape and firing rate, in the last epoch. "
                      "direct: every product; winograd: 3x3 layers with a quarter of the "
                      "products; spikes: only what is not 0.</p><div class=\"panel\"><table>\n"
                      "<tr><th>layer</th><td>forward</td><td>gradient of the input</td>"
                      "<td>gradient of the weights</td></tr>\n");
    json_object_foreach(ways, name, way)
    {
        mye_text_add(out, "<tr><th>");
        mye_html_text(out, name);
        mye_text_add(out, "</th>");
        for (size_t pass = 0; pass < 3; pass++)
            cell(out, way, pass);
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

/* RenderDoc, where its layer was loaded with the process. Nothing is linked: the library is asked for where it lies in
 * memory already. */
#ifndef TENKA_VULKAN_RENDERDOC_H
#define TENKA_VULKAN_RENDERDOC_H

#include <stdbool.h>

/* Whether it is there, so that captures can be made. */
bool tenka_vk_is_captured(void);

#if TENKA_RENDERDOC /* for the files that CMake compiles with it */
#include <renderdoc_app.h>

/* Of the oldest version that names captures; later ones begin alike. NULL: the process runs without RenderDoc. */
const RENDERDOC_API_1_1_2 *tenka_vk_renderdoc(void);
#endif

#endif

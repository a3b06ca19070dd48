/* Finds RenderDoc's functions in the process. */
#define _POSIX_C_SOURCE 200809L

#include "backend/vulkan/renderdoc.h"

#if TENKA_RENDERDOC
#include <dlfcn.h>
#include <string.h>

const RENDERDOC_API_1_1_2 *tenka_vk_renderdoc(void)
{
    void *library = dlopen("librenderdoc.so", RTLD_NOW | RTLD_NOLOAD);
    if (library == NULL)
        return NULL;
    pRENDERDOC_GetAPI get = NULL;
    void *symbol = dlsym(library, "RENDERDOC_GetAPI"), *api = NULL;
    memcpy(&get, &symbol, sizeof(get)); /* C knows no cast from an object's address to a function's */
    if (get == NULL || get(eRENDERDOC_API_Version_1_1_2, &api) != 1)
        api = NULL;
    dlclose(library); /* the layer holds it, too */
    return api;
}

bool tenka_vk_is_captured(void)
{
    return tenka_vk_renderdoc() != NULL;
}

#else

bool tenka_vk_is_captured(void)
{
    return false;
}

#endif

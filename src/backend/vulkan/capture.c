/* Captures through RenderDoc's in-application API. */
#include "backend/vulkan/capture.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/renderdoc.h"
#include "core/os.h"

#if TENKA_RENDERDOC
#include <stdio.h>

static RENDERDOC_DevicePointer pointer_of(const struct tenka_vk_device *dev)
{
    return RENDERDOC_DEVICEPOINTER_FROM_VKINSTANCE(dev->instance->handle);
}

/* renderdoccmd's option is for `tenka`, which starts itself anew when it limits OpenMP's spinning. */
tenka_status tenka_vk_capture_check(tenka_device *base)
{
    if (tenka_vk_renderdoc() != NULL)
        return TENKA_OK;
    return tenka_fail(base->err, TENKA_E_UNSUPPORTED,
                      "RenderDoc is not loaded: start the program with ENABLE_VULKAN_RENDERDOC_CAPTURE=1 in its "
                      "environment, or by `renderdoccmd capture --opt-hook-children` (Debian's packages are "
                      "renderdoccmd and librenderdoc)");
}

tenka_status tenka_vk_capture_begin(tenka_device *base)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const RENDERDOC_API_1_1_2 *api = tenka_vk_renderdoc();
    if (api == NULL)
        return tenka_vk_capture_check(base);
    TENKA_TRY(tenka_vk_wait_for_all(dev));
    api->StartFrameCapture(pointer_of(dev), NULL);
    if (!api->IsFrameCapturing())
        return tenka_fail(base->err, TENKA_E_DEVICE, "RenderDoc did not begin a capture; its log says why");
    return TENKA_OK;
}

/* RenderDoc puts more words and a number behind the name that it is given. */
static tenka_status take_file(const RENDERDOC_API_1_1_2 *api, struct tenka_error *err, struct tenka_file_writer *writer)
{
    char name[4096];
    uint32_t length = sizeof(name);
    const uint32_t count = api->GetNumCaptures();
    if (count == 0 || !api->GetCapture(count - 1, NULL, &length, NULL) || length > sizeof(name) ||
        !api->GetCapture(count - 1, name, &length, NULL))
        return tenka_fail(err, TENKA_E_IO, "%s: RenderDoc does not say where it wrote the capture", writer->path);
    return tenka_file_writer_adopt(writer, err, name);
}

tenka_status tenka_vk_capture_end(tenka_device *base, const char *path)
{
    const RENDERDOC_API_1_1_2 *api = tenka_vk_renderdoc();
    char before[4096];
    if (api == NULL)
        return tenka_fail(base->err, TENKA_E_DEVICE, "RenderDoc left the process in the middle of a capture");
    struct tenka_file_writer writer = {0};
    tenka_status status = tenka_file_writer_create(&writer, base->err, path);
    /* Beside the temporary file, so that giving the capture its name cannot fail halfway. */
    snprintf(before, sizeof(before), "%s", api->GetCaptureFilePathTemplate());
    if (status == TENKA_OK)
        api->SetCaptureFilePathTemplate(writer.temporary);
    const bool ended = api->EndFrameCapture(pointer_of(tenka_vk_device_of(base)), NULL) == 1;
    api->SetCaptureFilePathTemplate(before);
    if (status == TENKA_OK && !ended)
        status = tenka_fail(base->err, TENKA_E_IO, "%s: RenderDoc could not write the capture; its log says why", path);
    if (status == TENKA_OK)
        status = take_file(api, base->err, &writer);
    if (status == TENKA_OK)
        return tenka_file_writer_commit(&writer, base->err);
    tenka_file_writer_abort(&writer);
    return status;
}

#else

tenka_status tenka_vk_capture_check(tenka_device *base)
{
    return tenka_fail(base->err, TENKA_E_UNSUPPORTED,
                      "this build cannot make captures: install renderdoc_app.h (Debian's package is "
                      "librenderdoc-dev) and build again");
}

tenka_status tenka_vk_capture_begin(tenka_device *base)
{
    return tenka_vk_capture_check(base);
}

tenka_status tenka_vk_capture_end(tenka_device *base, const char *path)
{
    (void)path;
    return tenka_vk_capture_check(base);
}

#endif

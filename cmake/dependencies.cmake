# The packages that Tenka uses; third_party/ has what CMake needs to find some of them.

list(APPEND CMAKE_MODULE_PATH ${PROJECT_SOURCE_DIR}/third_party)
find_package(ZLIB 1.2.11 REQUIRED)
find_package(Jansson 2.10 REQUIRED)
find_package(Libzip 1.7 REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP COMPONENTS C)
if(TENKA_PNG)
    find_package(PNG 1.6)
endif()
if(TENKA_JPEG)
    find_package(JPEG 62)
endif()
if(TENKA_WEBP)
    find_package(WebP)
endif()
if(TENKA_TIFF)
    find_package(TIFF 4.5) # the first whose warnings a file can keep to itself
endif()
if(TENKA_VULKAN)
    find_package(Vulkan REQUIRED)
    find_package(Volk 200 REQUIRED)
    find_package(Glslc REQUIRED)
    find_package(Shaderc) # optional: kernels from edited sources
    find_package(Renderdoc QUIET) # without it `tenka profile --capture` says so
endif()

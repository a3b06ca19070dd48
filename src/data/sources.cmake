set(data_sources
    src/data/dataset.c
    src/data/arrays.c
    src/data/idx.c
    src/data/idx_files.c
    src/data/exif.c
    src/data/image.c
    src/data/resize.c
    src/data/loader.c
    src/data/npy.c
    src/data/npy_files.c
    src/data/png_write.c
    src/data/stream.c)

# What reads pictures, or says that this build does not.
set(picture_libraries "")
if(PNG_FOUND)
    list(APPEND data_sources src/data/png.c src/data/png_text.c)
    list(APPEND picture_libraries PNG::PNG)
else()
    list(APPEND data_sources src/data/no_png.c)
endif()
if(JPEG_FOUND)
    list(APPEND data_sources src/data/jpeg.c)
    list(APPEND picture_libraries JPEG::JPEG)
else()
    list(APPEND data_sources src/data/no_jpeg.c)
endif()
